#include "exports/spec_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_writer.h"

namespace meterport::exports {
namespace {

constexpr std::int64_t days_max = 36'525;
constexpr std::int64_t billed_days_max = 96;  ///< a wire may allow less

Status check_kind_and_format(const ExportSpec& spec) {
  if (spec.kind == ExportKind::usage) {
    return fail(ErrorKind::invalid,
                "kind: \"usage\" is not offered yet; allowed: summary, project-folder, asset, job-level", {}, "kind");
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
  return {};
}

/// How the kind's rows may be spread over files, and over whose usage.
Status check_split(const ExportSpec& spec) {
  const bool is_by_meter = spec.split == FileSplit::per_meter;
  if (is_by_meter && spec.kind == ExportKind::project_folder) {
    return fail(ErrorKind::invalid, "split: rows of the kind project-folder name no meter; allowed: combined, per-org",
                {}, "split");
  }
  if (is_by_meter && spec.kind == ExportKind::asset) {
    return fail(ErrorKind::invalid,
                "split: the kind asset has its rows by meter in one file; allowed: combined, per-org", {}, "split");
  }
  if (spec.kind != ExportKind::job_level) return {};
  if (spec.all_linked) {
    return fail(ErrorKind::invalid, "all_linked: the kind job-level is of the requesting organization alone", {},
                "all_linked");
  }
  if (spec.split == FileSplit::per_org) {
    return fail(ErrorKind::invalid, "split: the kind job-level has a file per meter; allowed: combined, per-meter", {},
                "split");
  }
  return {};
}

std::unexpected<Error> too_long(std::int64_t days) {
  return fail(ErrorKind::range_too_long, fmt::format("to: an export covers at most {} days", days), {}, "to");
}

Status check_days(const Period& period) {
  for (const auto& [name, instant] : {std::pair("from", period.from), std::pair("to", period.to)}) {
    if (start_of(day_of(instant)) != instant) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}: {} is no midnight in UTC, and this kind has a row per whole UTC day", name,
                              format_rfc3339(instant)),
                  {}, name);
    }
  }
  return (period.to.us - period.from.us) / Instant::us_per_day > days_max ? Status(too_long(days_max)) : Status();
}

Status check_hours(const Period& period) {
  for (const auto& [name, instant] : {std::pair("from", period.from), std::pair("to", period.to)}) {
    if (floor_to_hour(instant) != instant) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}: {} is no whole hour in UTC, and this kind adds up whole UTC hours", name,
                              format_rfc3339(instant)),
                  {}, name);
    }
  }
  const bool is_long = period.to.us - period.from.us > billed_days_max * Instant::us_per_day;
  return is_long ? Status(too_long(billed_days_max)) : Status();
}

bool are_texts_utf8(const BilledUsageSpec& spec) {
  const auto are_utf8 = [](const std::vector<std::string>& texts) { return std::ranges::all_of(texts, is_utf8); };
  return are_utf8({spec.feature_id, spec.app, spec.billing_tag, spec.category, spec.project}) && are_utf8(spec.orgs) &&
         are_utf8(spec.subscriptions) && are_utf8(spec.fields);
}

/// What the kind has no meaning for is refused, not passed over.
Status check_billed(const ExportSpec& spec) {
  if (spec.all_linked)
    return fail(ErrorKind::invalid, "all_linked: this kind names its organizations", {}, "all_linked");
  if (spec.split != FileSplit::combined) return fail(ErrorKind::invalid, "split: this kind is one file", {}, "split");
  if (!spec.meter.empty()) return fail(ErrorKind::invalid, "meter: this kind is chosen by feature id", {}, "meter");
  if (spec.billed.window == Window::hour) {
    return fail(ErrorKind::invalid, "window: an export adds up days, months or the whole period, not hours", {},
                "window");
  }
  if (!are_texts_utf8(spec.billed)) return fail(ErrorKind::invalid, "a filter is no UTF-8 text", {}, "filter");
  return {};
}

}  // namespace

Status check_spec(const ExportSpec& spec) {
  if (spec.org.empty()) return fail(ErrorKind::invalid, "org: is missing", {}, "org");
  if (auto checked = check_kind_and_format(spec); !checked) return checked;
  if (auto checked = check_split(spec); !checked) return checked;
  // A wire may ask for a stretch that holds no whole hour: an answer without rows.
  const bool is_empty_billed = spec.kind == ExportKind::billed_usage && spec.period.from == spec.period.to;
  if (spec.period.from >= spec.period.to && !is_empty_billed) {
    return fail(ErrorKind::invalid, "to: must be after from", {}, "to");
  }
  if (spec.kind != ExportKind::billed_usage) return check_days(spec.period);
  if (auto checked = check_billed(spec); !checked) return checked;
  return check_hours(spec.period);
}

}  // namespace meterport::exports
