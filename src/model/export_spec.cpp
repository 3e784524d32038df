#include "model/export_spec.h"

#include "model/enum_names.h"

namespace meterport {
namespace {

constexpr names::Table<6> kinds = {"summary", "project-folder", "asset", "job-level", "usage", "billed-usage"};
static_assert(names::covers(kinds, ExportKind::billed_usage));

constexpr names::Table<3> splits = {"combined", "per-org", "per-meter"};
static_assert(names::covers(splits, FileSplit::per_meter));

// crosswalk 3.1, Meterport API column
constexpr names::Table<7> states = {"CREATED", "PROCESSING", "SUCCESS", "PARTIAL_SUCCESS",
                                    "FAILED",  "CANCELLED",  "EXPIRED"};
static_assert(names::covers(states, JobState::expired));

}  // namespace

std::string_view to_string(ExportKind kind) {
  return names::name_of(kinds, kind);
}
std::optional<ExportKind> parse_export_kind(std::string_view text) {
  return names::value_of<ExportKind>(kinds, text);
}

std::string_view to_string(FileSplit split) {
  return names::name_of(splits, split);
}
std::optional<FileSplit> parse_file_split(std::string_view text) {
  return names::value_of<FileSplit>(splits, text);
}

std::string_view to_string(JobState state) {
  return names::name_of(states, state);
}
std::optional<JobState> parse_job_state(std::string_view text) {
  return names::value_of<JobState>(states, text);
}

}  // namespace meterport
