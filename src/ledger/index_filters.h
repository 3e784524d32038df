// The filters of all runs, few of them: a new run's filter is merged into older ones so that sizes stay apart by a
// factor. Each is a file beside the runs, named by the runs it covers; written before its run is ingested, so that a
// start reads filters and never scans keys.
//
// A FilterSet is immutable and shared by pointer; FilterFiles is for one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "ledger/index_filter.h"
#include "ledger/index_runs.h"

namespace meterport::ledger {

struct RunFilter {
  std::uint64_t first_run = 0, last_run = 0;
  KeyFilter filter;
};

struct FilterSet {
  std::vector<std::shared_ptr<const RunFilter>> filters;  ///< oldest and largest first
  /// maybe[i] = 0: keys[i] is surely in no run. Cache misses of many keys overlap.
  void may_contain(const std::vector<Hash128>& keys, std::vector<std::uint8_t>& maybe) const;
  [[nodiscard]] std::uint64_t bytes() const;
};

class FilterFiles {
 public:
  explicit FilterFiles(std::string folder) : folder_(std::move(folder)) {}

  /// The filters of runs 1 to facts().runs; scans the keys where a file is missing or damaged. Deletes leftovers.
  Result<FilterSet> load(RunStore& runs);
  /// Makes and saves the filter of a run that is about to be ingested. `entries` by key.
  Result<std::shared_ptr<const RunFilter>> make(std::uint64_t run, std::span<const KeyValue> entries);
  /// Merges the newest filters while they are too alike in size; false: nothing to merge. The files merged away go
  /// with remove_stale().
  Result<bool> merge_newest(FilterSet& set);
  void remove_stale(const FilterSet& set);

 private:
  [[nodiscard]] std::string path_of(std::uint64_t first_run, std::uint64_t last_run) const;
  Status save(const RunFilter& filter) const;
  [[nodiscard]] std::shared_ptr<const RunFilter> read(std::uint64_t first_run, std::uint64_t last_run) const;
  std::string folder_;
};

}  // namespace meterport::ledger
