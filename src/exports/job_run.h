// Private to exports: one job from its snapshot to its artifact (DESIGN section 4). Reads slices of at most 500,000
// facts, one after the other, and holds the rows of one slice at most.
//
// One over orgs of several regions reads their parts, gathered beforehand, as one ledger; regions that could not be
// read are its gaps. Used by one thread; its RunWatch is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "exports/artifact.h"
#include "exports/asset_csv.h"
#include "exports/billed_csv.h"
#include "exports/csv_rows.h"
#include "exports/job_level_lines.h"
#include "exports/job_store.h"
#include "exports/region_parts.h"
#include "exports/run_watch.h"
#include "queries/part_store.h"
#include "queries/queries.h"

namespace meterport::exports {

/// Sources: job_run.cpp; gathered_run.cpp (parts of regions), planned_run.cpp (files of rated rows), asset_run.cpp (how
/// those of kind asset are planned), job_level_run.cpp, billed_run.cpp (the kinds of these names).
class JobRun {
 public:
  struct Context {
    queries::Queries& queries;
    FileSystem& files;
    std::string folder;
    unsigned deflate_threads = 1;
    std::uint64_t slice_records_max = 500'000;
    std::int64_t loading_wait_ms_max = 3'600'000;  ///< for a warehouse that is behind; the job fails after that
    std::size_t sort_memory_bytes = std::size_t{32} << 20;  ///< of what is sorted before it is written
    catalog::Catalog* catalog = nullptr;                    ///< this and the clock: for jobs over several regions
    Clock* clock = nullptr;
    RegionTimes region_times{};
    RunPlaces* places = nullptr;  ///< may be null
  };
  JobRun(const Context& context, StoredJob& stored, std::string tag, RunWatch& watch);
  ~JobRun();

  /// Writes the artifact and sets state, error and artifact of the job. An error: nothing was published; its text is
  /// safe to show. When it was interrupted the error means nothing: the watch says why it ended.
  Status run();
  /// The same for a job with gaps: a new revision, where at least one more region can be read. False: nothing new.
  Result<bool> fill();

 private:
  struct Lines {
    std::string text;
    std::uint64_t rows = 0;
  };
  struct PlannedFile {
    std::string name;
    std::vector<queries::Slice> slices;
  };

  Status prepare();
  Status write();
  /// Tries again while it answers busy: a loader that is behind. Any other error is one that waiting does not mend.
  Status until_loaded(const std::function<Status()>& attempt);

  /// Sets what to read from, and leaves out the orgs of regions that can't be read.
  Status gather();
  Status gather_parts(queries::PartSource& source, std::vector<queries::RegionShare> shares);
  Status wait_for(RegionParts& parts);
  Status load_own(const queries::RegionShare* own, RegionParts& parts);
  Status load(const RegionParts& parts);
  [[nodiscard]] std::string fault_of(const RegionParts::Part& part) const;
  [[nodiscard]] std::vector<std::string> nameable(const queries::RegionShare& share) const;
  Status note_gaps(const RegionParts& parts, const std::vector<queries::RegionShare>& shares);
  [[nodiscard]] std::string file_name(const std::string& stem) const { return stem + ".csv"; }
  Status write_lines(Lines& lines);
  /// After a row was appended.
  Status row_taken(Lines& lines);
  /// Now and then: whether to end.
  Status look();
  Status publish();
  void note_progress();
  [[nodiscard]] std::vector<ControlTotal> totals() const;

  enum class Order { days_first, orgs_first };
  /// Slices that are still to be counted (note_slices).
  Result<std::vector<queries::Slice>> slices_of(const queries::ReportOrgs& orgs, const std::string& meter, Order order,
                                                std::uint64_t records_max);
  void note_slices(const std::vector<queries::Slice>& slices) { watch_.slices += slices.size(); }
  Result<std::vector<PlannedFile>> plan_files();
  Result<std::vector<PlannedFile>> plan_meters();
  [[nodiscard]] formats::EntrySize size_of(const std::vector<queries::Slice>& slices, std::uint64_t orgs) const;
  Status write_files();
  Status write_files_by_org();
  /// How many orgs may share a slice whose rows are gathered.
  [[nodiscard]] std::size_t orgs_gathered_max() const;
  Status write_slice_by_org(const queries::Slice& slice);
  Status advance_to(std::size_t rank);
  template <class Row>
  Status take_row(const Row& row);
  Status read_slice(const queries::Slice& slice);
  Status read_rows(const queries::Slice& slice);

  Result<std::vector<queries::Slice>> plan_assets();
  Result<std::vector<queries::Slice>> plan_by_meter(std::size_t org_first, std::size_t org_end,
                                                    std::uint64_t records_max);
  Status plan_large_orgs_by_meter(std::uint64_t records_max);

  Status write_job_level();
  Result<std::vector<PlannedFile>> plan_records();
  Status write_records(const PlannedFile& file);
  Status read_records(const PlannedFile& file, JobLevelLines& lines);
  Status write_sorted(const PlannedFile& file, JobLevelLines& lines);

  Status write_billed();
  Status write_no_billed();
  Status take_billed(const queries::BilledRow& row);

  const Context& context_;
  StoredJob& stored_;
  const std::string tag_;
  RunWatch& watch_;

  std::unique_ptr<queries::PartStore> store_;  ///< of a job over several regions
  queries::Queries* queries_;                  ///< what is read from: the server's own, or the store's
  Snapshot snapshot_;                          ///< there
  std::vector<Gap> gaps_;
  std::string gap_texts_;
  bool is_filling_ = false, is_nothing_new_ = false;

  catalog::SnapshotPtr catalogue_;
  queries::ReportOrgs orgs_;
  std::unordered_map<const Org*, std::size_t> rank_of_;
  Day first_, last_;
  std::unique_ptr<Artifact> artifact_;
  CsvRows csv_rows_;
  AssetCsv asset_csv_;                          ///< in place of csv_rows_
  std::unique_ptr<BilledCsv> billed_;           ///< likewise
  std::vector<ControlTotal> job_level_totals_;  ///< likewise

  Lines stream_;                  ///< of the open file
  std::vector<Lines> by_org_;     ///< of a slice that holds several files' orgs; empty: rows go to stream_
  std::size_t by_org_first_ = 0;  ///< rank of by_org_[0]
  std::vector<queries::Slice> org_slices_;
  std::size_t files_begun_ = 0;
  std::uint64_t rows_ = 0;  ///< appended, in all files
  std::uint64_t looks_ = 0;
};

}  // namespace meterport::exports
