// Private to exports: the job-level lines of Application Integration (informatica.md 7.6, crosswalk 1.3), which add
// records up: one line per day, type, asset, caller, environment and status. Plain values; exact sums.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/wide_int.h"
#include "model/usage_record.h"

namespace meterport::exports {

/// What the records of one line add up to. Bytes of a sum are for temporary files of this process alone.
class RunSums {
 public:
  RunSums() = default;
  static RunSums from_bytes(std::string_view text);
  void append_bytes(std::string& out) const;
  static constexpr std::size_t size_in_bytes = 2 * sizeof(Int256) + sizeof(Int128);

  /// `counts_quantity`: the meter counts hours, so that a record without both times of its run counts its quantity.
  void add(const UsageRecord& record, bool counts_quantity);
  RunSums& operator+=(const RunSums& other);
  /// Count, total in hours, average in seconds, with the line end.
  void append_cells(std::string& out) const;

 private:
  Total time_us_;  ///< of the records with both times
  Total hours_;    ///< of the others
  Int128 count_ = 0;
};

/// Appends the bytes a record's line is sorted by (line_sorter.h): the same for all records of a line.
void append_run_key(std::string& key, const UsageRecord& record);
/// Appends the line as far as its sums. `org_id` as printed.
void append_run_cells(std::string& out, const UsageRecord& record, std::string_view org_id);

}  // namespace meterport::exports
