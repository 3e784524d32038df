// Private to exports: the lines of one job-level CSV, of the records of one org and meter in any order. Records go in,
// lines come out sorted; what does not fit into memory waits in temporary files (line_sorter.h).
//
// Used by one thread. Errors and memory as of LineSorter; records that are added up take some more before they get
// there.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/decimal.h"
#include "exports/job_level_csv.h"
#include "exports/line_sorter.h"
#include "exports/run_sums.h"
#include "queries/queries.h"

namespace meterport::exports {

class JobLevelLines {
 public:
  struct Content {
    JobLevelLayout layout = JobLevelLayout::plain;
    std::string org_id;                                 ///< as printed
    bool has_hours = false;                             ///< the meter's scalar is HOURS
    std::size_t sums_bytes_max = std::size_t{8} << 20;  ///< of lines added up in memory before they are sorted
  };
  JobLevelLines(FileSystem& files, LineSorter::Options options, Content content);

  Status add(const queries::RecordRow& row);
  /// Once, after the last add(): each line with its line end, in the order of the print.
  Status write(const std::function<Status(std::string_view line)>& each);

  [[nodiscard]] bool is_empty() const { return is_empty_; }
  /// Exact sum of the quantities of all records.
  [[nodiscard]] const Total& quantity() const { return quantity_; }
  /// No more than write() gives; all of it where a line is a record.
  [[nodiscard]] std::uint64_t bytes_min() const { return has_sums() ? 0 : sorter_.line_bytes(); }
  [[nodiscard]] bool has_failed() const { return sorter_.has_failed(); }

 private:
  struct Group {
    std::string cells;
    RunSums sums;
  };
  [[nodiscard]] bool has_sums() const { return content_.layout == JobLevelLayout::application_integration; }
  Status add_up(const UsageRecord& record);
  Status sort_groups();
  Status write_sums(const std::function<Status(std::string_view line)>& each);

  const Content content_;
  LineSorter sorter_;
  std::string key_, line_;
  std::unordered_map<std::string, Group> groups_;
  std::size_t groups_bytes_ = 0;
  Total quantity_;
  bool is_empty_ = true;
};

}  // namespace meterport::exports
