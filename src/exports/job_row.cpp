#include "exports/job_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <sstream>
#include <utility>

#include "exports/billed_spec_json.h"
#include "exports/region_gaps.h"

namespace meterport::exports {
namespace {

constexpr std::array<const char*, 42> columns = {
    "id",
    "sequence",
    "state",
    "error",
    "is_unplannable",
    "org",
    "kind",
    "period_from_us",
    "period_to_us",
    "all_linked",
    "split",
    "meter",
    "format",
    "asked_position",
    "asked_time_us",
    "dialect",
    "note_json",
    "callback_url",
    "user_id",
    "active_jobs_max",
    "partial_rights",
    "missing_orgs",
    "missing_named",
    "missing_text",
    "as_of_us",
    "ledger_position",
    "catalogue_position",
    "created_us",
    "updated_us",
    "finished_us",
    "expires_us",
    "runner",
    "lease_until_us",
    "is_cancel_asked",
    "slices_done",
    "slices",
    "progress_rows",
    "progress_bytes",
    "revision",
    "artifact_path",
    "manifest_path",
    "artifact_bytes",
};
constexpr std::array<const char*, 14> more_columns = {
    "artifact_rows",  "artifact_sha256", "is_callback_due",     "number",         "retention_s",
    "mail_to",        "billed_json",     "billed_orgs",         "billed_project", "gaps_json",
    "heals_until_us", "heal_next_us",    "heals_from_creation", "heal_tries"};

}  // namespace

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> out;
  for (std::string word; words >> word;) out.push_back(word);
  return out;
}

const std::string& insert_statement() {
  static const std::string statement =
      fmt::format("INSERT INTO export_jobs ({}, {}) VALUES (:{}, :{})", fmt::join(columns, ", "),
                  fmt::join(more_columns, ", "), fmt::join(columns, ", :"), fmt::join(more_columns, ", :"));
  return statement;
}

}  // namespace meterport::exports

namespace soci {

using meterport::ExportKind;
using meterport::ExportSpec;
using meterport::exports::Job;
using meterport::exports::StoredJob;

namespace {

long long number(const values& row, const char* column) {
  return row.get<long long>(column);
}
std::uint64_t count(const values& row, const char* column) {
  return static_cast<std::uint64_t>(number(row, column));
}
std::string text(const values& row, const char* column) {
  return row.get<std::string>(column);
}
bool flag(const values& row, const char* column) {
  return number(row, column) != 0;
}
meterport::Instant instant(const values& row, const char* column) {
  return meterport::Instant{number(row, column)};
}
std::optional<meterport::Instant> instant_if_set(const values& row, const char* column) {
  const long long us = number(row, column);
  return us > 0 ? std::optional(meterport::Instant{us}) : std::nullopt;
}

// A word that this version does not know reads as the first of its kind: it can only come from a newer version, whose
// schema step the store has refused already.
template <class T>
T value_or_first(std::optional<T> value) {
  return value.value_or(T{});
}

void read_spec(const values& row, Job& job) {
  job.spec.kind = value_or_first(meterport::parse_export_kind(text(row, "kind")));
  job.spec.period = {instant(row, "period_from_us"), instant(row, "period_to_us")};
  job.spec.org = text(row, "org");
  job.spec.all_linked = flag(row, "all_linked");
  job.spec.split = value_or_first(meterport::parse_file_split(text(row, "split")));
  job.spec.meter = text(row, "meter");
  job.spec.format = text(row, "format");
  if (const auto position = number(row, "asked_position"); position >= 0) {
    job.spec.as_of_position = static_cast<std::uint64_t>(position);
  }
  if (const auto us = number(row, "asked_time_us"); us >= 0) job.spec.as_of_time = meterport::Instant{us};
  job.note = {text(row, "dialect"), text(row, "note_json"), text(row, "callback_url"), text(row, "mail_to")};
  job.number = count(row, "number");
  job.user_id = text(row, "user_id");
  job.snapshot = {instant(row, "as_of_us"), count(row, "ledger_position"), count(row, "catalogue_position")};
}

void write_spec(const Job& job, values& row) {
  row.set("kind", std::string(to_string(job.spec.kind)));
  row.set("period_from_us", static_cast<long long>(job.spec.period.from.us));
  row.set("period_to_us", static_cast<long long>(job.spec.period.to.us));
  row.set("org", job.spec.org);
  row.set("all_linked", static_cast<long long>(job.spec.all_linked));
  row.set("split", std::string(to_string(job.spec.split)));
  row.set("meter", job.spec.meter);
  row.set("format", job.spec.format);
  row.set("asked_position", job.spec.as_of_position ? static_cast<long long>(*job.spec.as_of_position) : -1LL);
  row.set("asked_time_us", job.spec.as_of_time ? static_cast<long long>(job.spec.as_of_time->us) : -1LL);
  row.set("dialect", job.note.dialect);
  row.set("note_json", job.note.json);
  row.set("callback_url", job.note.callback_url);
  row.set("mail_to", job.note.mail_to);
  row.set("number", static_cast<long long>(job.number));
  row.set("user_id", job.user_id);
  row.set("as_of_us", static_cast<long long>(job.snapshot.as_of.us));
  row.set("ledger_position", static_cast<long long>(job.snapshot.ledger_position));
  row.set("catalogue_position", static_cast<long long>(job.snapshot.catalogue_position));
}

/// Where it can't be read the row is refused: without its filters the job would show what was not asked for.
void read_billed(const values& row, ExportSpec& spec) {
  if (spec.kind != ExportKind::billed_usage) return;
  auto billed = meterport::exports::parse_billed_spec(text(row, "billed_json"));
  if (!billed) throw soci_error(billed.error().text);
  spec.billed = std::move(*billed);
}

void write_billed(const ExportSpec& spec, values& row) {
  const bool is_billed = spec.kind == ExportKind::billed_usage;
  row.set("billed_json", is_billed ? meterport::exports::billed_spec_json(spec.billed) : std::string());
  row.set("billed_orgs", fmt::format("{}", fmt::join(spec.billed.orgs, " ")));
  row.set("billed_project", spec.billed.project);
}

void read_course(const values& row, Job& job) {
  job.created = instant(row, "created_us");
  job.updated = instant(row, "updated_us");
  job.finished = instant_if_set(row, "finished_us");
  job.expires = instant_if_set(row, "expires_us");
  job.progress.slices_done = count(row, "slices_done");
  job.progress.slices = count(row, "slices");
  job.progress.rows = count(row, "progress_rows");
  job.progress.bytes = count(row, "progress_bytes");
  job.revision = static_cast<int>(number(row, "revision"));
  job.artifact_path = text(row, "artifact_path");
  job.manifest_path = text(row, "manifest_path");
  job.artifact_bytes = count(row, "artifact_bytes");
  job.rows = count(row, "artifact_rows");
  job.artifact_sha256 = text(row, "artifact_sha256");
}

void write_course(const Job& job, values& row) {
  row.set("created_us", static_cast<long long>(job.created.us));
  row.set("updated_us", static_cast<long long>(job.updated.us));
  row.set("finished_us", static_cast<long long>(job.finished.value_or(meterport::Instant{}).us));
  row.set("expires_us", static_cast<long long>(job.expires.value_or(meterport::Instant{}).us));
  row.set("slices_done", static_cast<long long>(job.progress.slices_done));
  row.set("slices", static_cast<long long>(job.progress.slices));
  row.set("progress_rows", static_cast<long long>(job.progress.rows));
  row.set("progress_bytes", static_cast<long long>(job.progress.bytes));
  row.set("revision", static_cast<long long>(job.revision));
  row.set("artifact_path", job.artifact_path);
  row.set("manifest_path", job.manifest_path);
  row.set("artifact_bytes", static_cast<long long>(job.artifact_bytes));
  row.set("artifact_rows", static_cast<long long>(job.rows));
  row.set("artifact_sha256", job.artifact_sha256);
}

/// Where its gaps can't be read the row is refused: without them it would look whole.
void read_healing(const values& row, StoredJob& stored) {
  auto gaps = meterport::exports::parse_gaps(text(row, "gaps_json"));
  if (!gaps) throw soci_error(gaps.error().text);
  stored.job.gaps = std::move(*gaps);
  stored.job.heals_until = instant_if_set(row, "heals_until_us");
  stored.heal_next = instant_if_set(row, "heal_next_us");
  stored.heal_tries = static_cast<int>(number(row, "heal_tries"));
  stored.heals_from_creation = flag(row, "heals_from_creation");
}

void write_healing(const StoredJob& stored, values& row) {
  row.set("gaps_json", meterport::exports::gaps_json(stored.job.gaps));
  row.set("heals_until_us", static_cast<long long>(stored.job.heals_until.value_or(meterport::Instant{}).us));
  row.set("heal_next_us", static_cast<long long>(stored.heal_next.value_or(meterport::Instant{}).us));
  row.set("heal_tries", static_cast<long long>(stored.heal_tries));
  row.set("heals_from_creation", static_cast<long long>(stored.heals_from_creation));
}

}  // namespace

void type_conversion<StoredJob>::from_base(const values& row, indicator, StoredJob& stored) {
  stored.job.id = text(row, "id");
  stored.job.state = value_or_first(meterport::parse_job_state(text(row, "state")));
  stored.job.error = text(row, "error");
  stored.job.is_unplannable = flag(row, "is_unplannable");
  read_spec(row, stored.job);
  read_billed(row, stored.job.spec);
  read_course(row, stored.job);
  read_healing(row, stored);
  stored.sequence = number(row, "sequence");
  stored.active_jobs_max = static_cast<int>(number(row, "active_jobs_max"));
  stored.has_partial_rights = flag(row, "partial_rights");
  stored.retention_s = number(row, "retention_s");
  stored.is_numbered = stored.job.number > 0;
  stored.missing.ids = meterport::exports::split_words(text(row, "missing_orgs"));
  stored.missing.named = meterport::exports::split_words(text(row, "missing_named"));
  stored.missing.text = text(row, "missing_text");
  stored.runner = text(row, "runner");
  stored.lease_until = instant(row, "lease_until_us");
  stored.is_cancel_asked = flag(row, "is_cancel_asked");
  const bool is_waiting = !is_final(stored.job.state) && stored.runner.empty();
  stored.job.progress.waiting_for = is_waiting ? "a runner" : "";
}

void type_conversion<StoredJob>::to_base(const StoredJob& stored, values& row, indicator& ind) {
  row.set("id", stored.job.id);
  row.set("state", std::string(to_string(stored.job.state)));
  row.set("error", stored.job.error);
  row.set("is_unplannable", static_cast<long long>(stored.job.is_unplannable));
  write_spec(stored.job, row);
  write_billed(stored.job.spec, row);
  write_course(stored.job, row);
  write_healing(stored, row);
  row.set("sequence", static_cast<long long>(stored.sequence));
  row.set("active_jobs_max", static_cast<long long>(stored.active_jobs_max));
  row.set("partial_rights", static_cast<long long>(stored.has_partial_rights));
  row.set("retention_s", static_cast<long long>(stored.retention_s));
  row.set("missing_orgs", fmt::format("{}", fmt::join(stored.missing.ids, " ")));
  row.set("missing_named", fmt::format("{}", fmt::join(stored.missing.named, " ")));
  row.set("missing_text", stored.missing.text);
  row.set("runner", stored.runner);
  row.set("lease_until_us", static_cast<long long>(stored.lease_until.us));
  row.set("is_cancel_asked", static_cast<long long>(stored.is_cancel_asked));
  const bool is_notice_due = is_final(stored.job.state) && meterport::exports::tells_of_end(stored.job);
  row.set("is_callback_due", static_cast<long long>(is_notice_due));
  ind = i_ok;
}

}  // namespace soci
