#include "exports/spec_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace meterport::exports {
namespace {

constexpr std::int64_t days_max = 36'525;

Status check_kind_and_format(const ExportSpec& spec) {
  if (spec.kind != ExportKind::summary && spec.kind != ExportKind::project_folder) {
    return fail(ErrorKind::invalid,
                fmt::format("kind: \"{}\" is not offered yet; allowed: summary, project-folder", to_string(spec.kind)),
                {}, "kind");
  }
  constexpr std::array<std::string_view, 3> planned = {"jsonl", "parquet", "focus"};
  if (std::ranges::find(planned, spec.format) != planned.end()) {
    return fail(ErrorKind::not_supported, fmt::format("format: \"{}\" is not offered yet; allowed: csv", spec.format),
                {}, "format");
  }
  if (spec.format != "csv") {
    return fail(ErrorKind::invalid, fmt::format("format: \"{}\" is no format; allowed: csv", spec.format), {},
                "format");
  }
  if (spec.split == FileSplit::per_meter && spec.kind == ExportKind::project_folder) {
    return fail(ErrorKind::invalid, "split: rows of the kind project-folder name no meter; allowed: combined, per-org",
                {}, "split");
  }
  return {};
}

Status check_period(const Period& period) {
  if (period.from >= period.to) return fail(ErrorKind::invalid, "to: must be after from", {}, "to");
  for (const auto& [name, instant] : {std::pair("from", period.from), std::pair("to", period.to)}) {
    if (start_of(day_of(instant)) != instant) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}: {} is no midnight in UTC, and this kind has a row per whole UTC day", name,
                              format_rfc3339(instant)),
                  {}, name);
    }
  }
  if ((period.to.us - period.from.us) / Instant::us_per_day > days_max) {
    return fail(ErrorKind::range_too_long, fmt::format("to: an export covers at most {} days", days_max), {}, "to");
  }
  return {};
}

}  // namespace

Status check_spec(const ExportSpec& spec) {
  if (spec.org.empty()) return fail(ErrorKind::invalid, "org: is missing", {}, "org");
  if (auto checked = check_kind_and_format(spec); !checked) return checked;
  return check_period(spec.period);
}

}  // namespace meterport::exports
