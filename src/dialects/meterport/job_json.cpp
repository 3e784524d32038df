#include "dialects/meterport/job_json.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "catalog/object_reader.h"
#include "delivery/event.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

using catalog::Need;
using catalog::ObjectReader;
using exports::Job;

constexpr std::size_t url_characters_max = 2'048;

std::uint64_t percent_of(const Job& job) {
  if (job.state == JobState::success || job.state == JobState::partial_success) return 100;
  // Packing and publishing come after the last slice: 100 means that the file is there.
  return job.progress.slices == 0 ? 0
                                  : std::min<std::uint64_t>(99, job.progress.slices_done * 100 / job.progress.slices);
}

void append_progress(JsonWriter& out, const Job& job) {
  out.key("progress")
      .begin_object()
      .field("slices_done", job.progress.slices_done)
      .field("slices", job.progress.slices)
      .field("rows", job.progress.rows)
      .field("bytes", job.progress.bytes)
      .field("percent", percent_of(job));
  field_or_null(out, "waiting_for", job.progress.waiting_for);
  out.end_object();
}

void append_artifact(JsonWriter& out, const Job& job) {
  if (job.revision == 0 || job.artifact_sha256.empty()) {
    out.null_field("artifact");
    return;
  }
  out.key("artifact")
      .begin_object()
      .field("revision", job.revision)
      .field("bytes", job.artifact_bytes)
      .field("rows", job.rows)
      .field("sha256", job.artifact_sha256)
      .end_object();
}

void append_gaps(JsonWriter& out, const Job& job) {
  out.key("gaps").begin_array();
  for (const exports::Gap& gap : job.gaps) {
    out.begin_object().field("region", gap.region).key("orgs").begin_array();
    for (const std::string& org : gap.orgs) out.string(org);
    out.end_array().field("reason", gap.reason).end_object();
  }
  out.end_array();
  field_or_null(out, "heals_until", job.heals_until);
}

}  // namespace

void append_snapshot(JsonWriter& out, const Snapshot& snapshot) {
  out.key("as_of")
      .begin_object()
      .field("time", format_rfc3339(snapshot.as_of))
      .field("position", snapshot.ledger_position)
      .field("catalogue_position", snapshot.catalogue_position)
      .end_object();
}

namespace {

/// Into an object that is open already.
void append_job_members(JsonWriter& out, const Job& job, Instant now) {
  const JobState state = exports::shown_state(job, now);
  out.field("id", job.id).field("kind", to_string(job.spec.kind)).field("state", to_string(state));
  field_or_null(out, "error", job.error);
  out.field("org", job.spec.org)
      .field("all_linked", job.spec.all_linked)
      .field("split", to_string(job.spec.split))
      .field("format", job.spec.format);
  field_or_null(out, "meter", job.spec.meter);
  out.field("from", format_rfc3339(job.spec.period.from)).field("to", format_rfc3339(job.spec.period.to));
  append_snapshot(out, job.snapshot);
  out.field("created_at", format_rfc3339(job.created)).field("updated_at", format_rfc3339(job.updated));
  field_or_null(out, "finished_at", job.finished);
  field_or_null(out, "expires_at", job.expires);
  append_progress(out, job);
  append_artifact(out, job);
  out.field("revision", job.revision);
  append_gaps(out, job);
  out.field("user", job.user_id);
  const std::string self = "/v1/exports/" + job.id;
  out.key("links").begin_object().field("self", self);
  if (state == JobState::success || state == JobState::partial_success) {
    out.field("download", self + "/download").field("manifest", self + "/manifest");
  }
  out.end_object();
}

}  // namespace

void append_job(JsonWriter& out, const Job& job, Instant now) {
  out.begin_object();
  append_job_members(out, job, now);
  out.end_object();
}

std::string job_event_json(const Job& job) {
  const Instant end = job.finished.value_or(job.updated);
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("type", delivery::export_finished).field("timestamp", format_rfc3339(end));
  append_job_members(out, job, end);
  out.end_object();
  return text;
}

std::string job_json(const Job& job, Instant now) {
  std::string text;
  JsonWriter out(text);
  append_job(out, job, now);
  return text;
}

namespace {

constexpr std::string_view kinds = "summary, project-folder, asset, job-level";

ExportKind read_kind(ObjectReader& reader) {
  const std::string text = reader.text("kind", Need::required);
  const auto kind = parse_export_kind(text);
  if (!text.empty() && !kind) reader.refuse("kind", fmt::format("must be {}", kinds));
  if (kind == ExportKind::billed_usage) {
    reader.refuse("kind", fmt::format("{} is asked for over the HERE API; here are {}", text, kinds));
  } else if (kind == ExportKind::usage) {
    reader.refuse("kind", fmt::format("{} is not available in this version; {} are", text, kinds));
  }
  return kind.value_or(ExportKind::summary);
}

std::string read_format(ObjectReader& reader) {
  if (!reader.has("format")) return "csv";
  std::string format = reader.text("format", Need::required);
  if (format == "jsonl" || format == "parquet" || format == "focus") {
    reader.refuse("format", fmt::format("{} is not available in this version; csv is", format));
  } else if (format != "csv") {
    reader.refuse("format", "must be csv");
  }
  return format;
}

/// "2024-09" -> that UTC calendar month.
std::optional<Period> month_of(const std::string& text) {
  constexpr std::size_t characters = 7;
  constexpr int months = 12;
  if (text.size() != characters) return std::nullopt;
  const auto first = parse_day(text + "-01");
  if (!first) return std::nullopt;
  const CivilDate date = civil_of(*first);
  const CivilDate next =
      date.month == months ? CivilDate{date.year + 1, 1, 1} : CivilDate{date.year, date.month + 1, 1};
  return Period{start_of(*first), start_of(day_from(next))};
}

Instant read_edge(ObjectReader& reader, std::string_view name) {
  const std::string text = reader.text(name, Need::required);
  if (text.empty()) return {};
  const auto instant = parse_time_or_day(text, name);
  if (!instant) {
    reader.refuse(name, "must be a day or an RFC 3339 time, such as 2024-09-01 or 2024-09-01T00:00:00Z");
    return {};
  }
  if (instant->us % Instant::us_per_day != 0) {
    reader.refuse(name, "must be at 00:00:00 UTC: this kind of export has whole UTC days");
  }
  return *instant;
}

Period read_period(ObjectReader& reader) {
  if (!reader.has("period")) {
    const Period period{read_edge(reader, "from"), read_edge(reader, "to")};
    if (period.to <= period.from) reader.refuse("to", "must be after from; the day of to is not in the export");
    return period;
  }
  if (reader.has("from") || reader.has("to")) reader.refuse("period", "give period, or from and to, not both");
  const auto month = month_of(reader.text("period", Need::required));
  if (!month) reader.refuse("period", "must be a UTC calendar month, such as 2024-09");
  return month.value_or(Period{});
}

void read_as_of(ObjectReader& reader, const catalog::JsonValue& body, ExportSpec& spec) {
  const catalog::JsonValue* given = body.find("as_of");
  if (given == nullptr) return;
  if (given->type == catalog::JsonValue::Type::number) {
    if (const auto position = reader.integer("as_of", 0, std::numeric_limits<std::int64_t>::max())) {
      spec.as_of_position = static_cast<std::uint64_t>(*position);
    }
    return;
  }
  const auto time = parse_time_or_day(reader.text("as_of", Need::required), "as_of");
  if (!time) {
    reader.refuse("as_of", "must be a position (a number) or an RFC 3339 time");
    return;
  }
  spec.as_of_time = *time;
}

}  // namespace

Result<ExportRequest> read_export_request(const catalog::JsonValue& body) {
  catalog::FormCheck check;
  ObjectReader reader(
      check, body, "",
      {"kind", "from", "to", "period", "org", "all_linked", "split", "format", "meter", "as_of", "callback_url"});
  ExportRequest request;
  ExportSpec& spec = request.spec;
  spec.kind = read_kind(reader);
  spec.format = read_format(reader);
  spec.period = read_period(reader);
  spec.org = reader.text("org", Need::optional);
  spec.all_linked = reader.boolean("all_linked").value_or(false);
  spec.split = reader.word("split", Need::optional, &parse_file_split, "combined, per-org, per-meter")
                   .value_or(FileSplit::combined);
  spec.meter = reader.text("meter", Need::optional);
  read_as_of(reader, body, spec);
  request.callback_url = reader.text("callback_url", Need::optional, url_characters_max);
  if (auto status = finish(check); !status) return fail(std::move(status));
  return request;
}

}  // namespace meterport::api
