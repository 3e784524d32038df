#include "model/meter.h"

#include <array>
#include <cstdint>

namespace meterport {
namespace {

struct KnownScalar {
  std::string_view name;
  std::int64_t divisor;
};

// informatica.md 8. IPU is missing on purpose: it has no divisor, its usage and rate are printed as null.
constexpr std::array<KnownScalar, 11> known_scalars = {{
    {"HOURS", 1},
    {"GB", 1},
    {"MILLION_ROWS", 1'000'000},
    {"HUNDRED_RECORDS", 100},
    {"TENK_RECORDS", 10'000},
    {"HUNDREDK_RECORDS", 100'000},
    {"THOUSAND_RUNS", 1'000},
    {"THOUSAND_QUERIES", 1'000},
    {"THOUSAND_API_CALLS", 1'000},
    {"MILLION_API_CALLS", 1'000'000},
    {"PER_ORG", 1},
}};

}  // namespace

const std::string& Meter::name_on(Day day) const {
  if (names.empty()) return id;
  // A day before the first dated name still needs a label: the first one is the nearest truth.
  const DatedName* best = &names.front();
  for (const DatedName& entry : names) {
    if (!entry.valid_from || *entry.valid_from <= day) best = &entry;
  }
  return best->name;
}

std::optional<Decimal> divisor_of_scalar(std::string_view scalar) {
  for (const KnownScalar& known : known_scalars) {
    if (known.name == scalar) return Decimal::from_integer(known.divisor);
  }
  return std::nullopt;
}

}  // namespace meterport
