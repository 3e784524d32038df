#include "queries/part.h"

#include "queries/queries.h"

namespace meterport::queries {

std::string_view to_string(PartGrain grain) {
  switch (grain) {
    case PartGrain::day_sums:
      return "day-sums";
    case PartGrain::facts:
      return "facts";
    case PartGrain::records:
      return "records";
  }
  return "";
}

std::optional<PartGrain> parse_part_grain(std::string_view text) {
  for (const PartGrain grain : {PartGrain::day_sums, PartGrain::facts, PartGrain::records}) {
    if (to_string(grain) == text) return grain;
  }
  return std::nullopt;
}

Result<std::vector<TotalRow>> Queries::own_totals(const TotalsRequest&, const std::vector<std::string>&, Instant,
                                                  std::int64_t) {
  return fail(ErrorKind::not_supported, "not there yet");
}

}  // namespace meterport::queries
