#include "warehouse/duckdb/runs.h"

#include <algorithm>

namespace meterport::warehouse::duck {

Cover cover(std::span<const RollUpRun> runs, std::uint64_t position) {
  std::vector<const RollUpRun*> usable;
  for (const RollUpRun& run : runs) {
    if (run.last_position <= position) usable.push_back(&run);
  }
  // The longest of those that start together comes first: parents before their children.
  std::ranges::sort(usable, [](const RollUpRun* a, const RollUpRun* b) {
    if (a->first_position != b->first_position) return a->first_position < b->first_position;
    return a->last_position > b->last_position;
  });
  Cover result;
  for (const RollUpRun* run : usable) {
    if (run->first_position != result.end + 1) continue;
    result.runs.push_back(run->id);
    result.end = run->last_position;
  }
  return result;
}

std::vector<RollUpRun> runs_to_merge(std::span<const RollUpRun> runs, std::size_t fan_in_min) {
  std::vector<RollUpRun> live;
  for (const RollUpRun& run : runs) {
    if (run.parent == 0) live.push_back(run);
  }
  std::ranges::sort(live, {}, &RollUpRun::first_position);
  std::uint64_t rows_after = 0;
  std::size_t first = live.size();
  for (std::size_t i = live.size(); i-- > 0;) {
    if (live[i].rows <= rows_after) first = i;
    rows_after += live[i].rows;
  }
  if (live.size() - first < std::max<std::size_t>(fan_in_min, 2)) return {};
  return {live.begin() + static_cast<std::ptrdiff_t>(first), live.end()};
}

}  // namespace meterport::warehouse::duck
