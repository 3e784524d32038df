// What an export is asked to contain, what it is pinned to, and the states a job goes through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "model/billed_usage.h"

namespace meterport {

enum class ExportKind { summary, project_folder, asset, job_level, usage, billed_usage };
/// Command line and API names: "summary", "project-folder", "asset", "job-level", "usage", "billed-usage".
std::string_view to_string(ExportKind kind);
std::optional<ExportKind> parse_export_kind(std::string_view text);

/// How rows are spread over files.
enum class FileSplit { combined, per_org, per_meter };
std::string_view to_string(FileSplit split);
std::optional<FileSplit> parse_file_split(std::string_view text);

enum class JobState { created, processing, success, partial_success, failed, cancelled, expired };
std::string_view to_string(JobState state);  ///< "CREATED" ...
std::optional<JobState> parse_job_state(std::string_view text);
constexpr bool is_final(JobState s) {
  return s != JobState::created && s != JobState::processing;
}

/// What an export is pinned to: records whose commit time <= as_of (in ledger positions: <= ledger_position), and
/// the catalogue as recorded at catalogue_position.
struct Snapshot {
  Instant as_of;
  std::uint64_t ledger_position = 0;
  std::uint64_t catalogue_position = 0;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

struct ExportSpec {
  ExportKind kind = ExportKind::summary;
  Period period;    ///< whole UTC days for the Informatica kinds, whole UTC hours for billed-usage
  std::string org;  ///< requesting org
  bool all_linked = false;
  FileSplit split = FileSplit::combined;
  std::string meter;  ///< empty = all
  std::string format = "csv";
  std::optional<std::uint64_t> as_of_position;  ///< --as-of POSITION
  std::optional<Instant> as_of_time;            ///< --as-of TIME
  BilledUsageSpec billed;                       ///< kind billed-usage: what its rows show
};

/// Wire facts a dialect keeps with its job, so that it can print the job again: the core does not read them.
struct DialectNote {
  std::string dialect;  ///< "informatica", "meterport"
  std::string json;     ///< the dialect's own echo fields
  std::string callback_url;
  std::string mail_to{};  ///< address that is told of the job's end; empty: nobody
};

}  // namespace meterport
