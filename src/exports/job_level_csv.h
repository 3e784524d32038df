// Private to exports: the CSVs of the kind "job-level" (informatica.md 7.1, 7.6, crosswalk 1.2, 1.3): which meter has
// which, and the lines that print one record each. (Those of Application Integration add records up: run_sums.h.) Pure
// functions.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"
#include "queries/queries.h"

namespace meterport::exports {

enum class JobLevelLayout {
  data_integration,         ///< 17 columns, a line per record
  plain,                    ///< 15 columns, a line per record
  application_integration,  ///< 10 columns, a line per distinct key and day
};

/// Of a meter by its id: a CSV's layout, name and header (without line end).
JobLevelLayout job_level_layout(std::string_view meter);
std::string job_level_file(std::string_view meter);
std::string_view job_level_header(JobLevelLayout layout);
/// The meter whose file is there, without a row, where no meter has one.
inline constexpr std::string_view job_level_default_meter = "a2nB20h1o0lc7k3P9xtWS8";

/// Appends the record's line with its line end; not for application_integration. `org_id` as printed.
void append_record_line(std::string& out, const queries::RecordRow& row, std::string_view org_id,
                        JobLevelLayout layout);
/// Appends the bytes its line is sorted by (line_sorter.h): audit time, task, run (missing last), position.
void append_record_key(std::string& key, const queries::RecordRow& row);

}  // namespace meterport::exports
