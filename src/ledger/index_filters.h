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

/// The filter of neighbouring runs. Its slots are equal ranges of run numbers, aligned to their size, so that merging
/// never splits one.
struct RunFilter {
  std::uint64_t first_run = 0, last_run = 0;
  KeyFilter filter;

  /// log2 of the runs in a slot.
  [[nodiscard]] unsigned slot_shift() const;
  [[nodiscard]] std::uint64_t slot_of(std::uint64_t run) const {
    return (run >> slot_shift()) - (first_run >> slot_shift());
  }
};

/// A key that may lie in this run.
struct Maybe {
  std::uint32_t key = 0;  ///< place in the keys asked for
  std::uint64_t run = 0;
};

struct FilterSet {
  std::vector<std::shared_ptr<const RunFilter>> filters;  ///< oldest and largest first
  /// Where the keys may lie; those without an entry are surely in no run. Cache misses of many keys overlap.
  [[nodiscard]] std::vector<Maybe> find(const std::vector<Hash128>& keys) const;
  [[nodiscard]] std::uint64_t bytes() const;
};

class FilterFiles {
 public:
  explicit FilterFiles(std::string folder) : folder_(std::move(folder)) {}

  /// The filters of runs 1 to facts().runs; reads the keys of runs whose file is missing or damaged. Deletes leftovers.
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
  Status make_again(RunStore& runs, std::uint64_t run, FilterSet& set);
  [[nodiscard]] std::shared_ptr<const RunFilter> read(std::uint64_t first_run, std::uint64_t last_run) const;
  std::string folder_;
};

}  // namespace meterport::ledger
