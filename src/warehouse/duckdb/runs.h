// Private to the adapter: which stretches of the log the roll-up has sums for, and when to merge them. Pure functions.
//
// A run holds the (org, meter, day) sums of the positions after the run before it up to its last. Live runs tile
// (0, last] without gap. Merging replaces neighbours by one run of their sums; the replaced runs stay as its children
// until it is merged itself, so that sums as of a position just passed by a merge stay cheap. What no chosen run covers
// is summed from the facts, so any choice is right.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace meterport::warehouse::duck {

struct RollUpRun {
  std::uint64_t id = 0;
  std::uint64_t first_position = 0;
  std::uint64_t last_position = 0;
  std::uint64_t rows = 0;    ///< sums in it
  std::uint64_t parent = 0;  ///< the run that took its place, 0 = live
};

struct Cover {
  std::vector<std::uint64_t> runs;  ///< ids, in position order
  std::uint64_t end = 0;            ///< facts after it up to the position asked for are not in them
};

/// The runs whose sums make up (0, end] with the greatest end <= position, as few runs as possible.
Cover cover(std::span<const RollUpRun> runs, std::uint64_t position);

/// The live neighbours to merge now, in position order; fewer than two = nothing to do. Merges the newest runs from the
/// first one that is not larger than all after it together, once they are `fan_in_min`. So sums read at most about
/// twice the rows a single run would hold and those of a few small ones; a row is rewritten a logarithmic number of
/// times.
std::vector<RollUpRun> runs_to_merge(std::span<const RollUpRun> runs, std::size_t fan_in_min);

}  // namespace meterport::warehouse::duck
