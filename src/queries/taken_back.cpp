#include "queries/taken_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace meterport::queries {
namespace {

/// Equal for a record and its reversal, which repeats org, meter and time and negates the quantity.
auto twin_key(const HeldFact& held) {
  return std::tuple(held.time.us, held.org, held.meter,
                    held.is_positive() ? -held.quantity.scaled() : held.quantity.scaled());
}

/// Positions of what may be reversals, told by the numbers alone, ascending.
std::vector<std::uint64_t> find_suspects(std::vector<HeldFact>& facts) {
  std::vector<std::uint64_t> suspects;
  // Of a record and its reversal one is not above 0.
  if (std::ranges::all_of(facts, &HeldFact::is_positive)) return suspects;
  std::ranges::sort(facts, {},
                    [](const HeldFact& held) { return std::tuple_cat(twin_key(held), std::tuple(held.position)); });
  for (std::size_t first = 0, end = 0; first < facts.size(); first = end) {
    bool has_positive = false;
    bool has_other = false;
    for (end = first; end < facts.size() && twin_key(facts[end]) == twin_key(facts[first]); ++end) {
      (facts[end].is_positive() ? has_positive : has_other) = true;
    }
    if (!facts[first].quantity.is_zero() && !(has_positive && has_other)) continue;
    // What is taken back was there before, so the first is no reversal.
    for (std::size_t i = first + 1; i < end; ++i) suspects.push_back(facts[i].position);
  }
  std::ranges::sort(suspects);
  return suspects;
}

}  // namespace

std::unexpected<Error> fail_unreadable(std::uint64_t position, const Error& why) {
  if (why.kind != ErrorKind::not_found && why.kind != ErrorKind::malformed) return std::unexpected(why);
  return fail(ErrorKind::internal, "a record that the warehouse holds cannot be read in the ledger",
              fmt::format("position {}: {} {}", position, why.text, why.detail));
}

Result<std::vector<std::uint64_t>> find_taken_back(RecordSource& records, std::vector<HeldFact>& facts) {
  std::vector<std::uint64_t> reversed;
  const auto reader = records.open();
  for (const std::uint64_t position : find_suspects(facts)) {
    const auto stored = reader->at(position);
    if (!stored) return fail_unreadable(position, stored.error());
    if (stored->kind != ledger::RecordKind::reversal || stored->erased) continue;
    const auto decoded = ledger::decode_record(stored->payload);
    if (!decoded) return fail_unreadable(position, decoded.error());
    reversed.push_back(decoded->notes.reverses);
  }
  std::ranges::sort(reversed);
  return reversed;
}

}  // namespace meterport::queries
