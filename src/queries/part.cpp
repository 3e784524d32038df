#include "queries/part.h"

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

}  // namespace meterport::queries
