#include "exports/job_level_csv.h"

#include <fmt/format.h>

#include "exports/csv_cells.h"
#include "exports/line_sorter.h"
#include "formats/java_double.h"

namespace meterport::exports {
namespace {

constexpr std::string_view data_integration = job_level_default_meter;
constexpr std::string_view pushdown_optimization = "dMN0VeTW4cThHyPovp4GEX";
constexpr std::string_view application_integration = "3uIRkIV5Rt9lBbAPzeR5Kj";
constexpr std::string_view application_integration_serverless = "bN6mes5n4GGciiMkuoDlCz";

/// "2024-09-03 10:30:00.0": at least one digit of the second's fraction, no needless zeros.
void append_time(std::string& out, Instant time) {
  std::string text = format_rfc3339(time);
  text.pop_back();
  text[text.find('T')] = ' ';
  out += text;
  if (text.find('.') == std::string::npos) out += ".0";
}

void append_time_or_null(std::string& out, const std::optional<Instant>& time) {
  if (time) {
    append_time(out, *time);
  } else {
    out += no_value;
  }
}

/// Rounded half-even to 6 decimals.
Decimal hours_between(Instant start, Instant end) {
  constexpr std::int64_t us_per_millionth = Instant::us_per_hour / 1'000'000;
  constexpr Int128 millionth = 1'000'000'000'000;
  const std::int64_t us = end.us - start.us;
  const std::int64_t rest = us % us_per_millionth;
  std::int64_t millionths = us / us_per_millionth;
  const std::int64_t twice_rest = rest < 0 ? -2 * rest : 2 * rest;
  const bool is_odd = millionths % 2 != 0;
  if (twice_rest > us_per_millionth || (twice_rest == us_per_millionth && is_odd)) millionths += us < 0 ? -1 : 1;
  return Decimal::from_scaled(millionths * millionth);
}

Decimal metered_value(const UsageRecord& record, JobLevelLayout layout) {
  const Run& run = record.run;
  if (layout != JobLevelLayout::data_integration || !run.start || !run.end) return record.quantity;
  return hours_between(*run.start, *run.end);
}

void append_where(std::string& out, const UsageRecord& record, std::string_view org_id) {
  append_cell_or_null(out, record.project);
  out += ',';
  formats::append_csv_cell(out, record.folder);
  out += ',';
  formats::append_csv_cell(out, org_id);
  out += ',';
  append_cell_or_null(out, record.environment.id);
  out += ',';
  append_cell_or_null(out, record.environment.name);
  out += ',';
}

Instant audit_time_of(const queries::RecordRow& row) {
  return row.record->run.audit_time.value_or(row.arrival_time);
}

}  // namespace

JobLevelLayout job_level_layout(std::string_view meter) {
  if (meter == data_integration) return JobLevelLayout::data_integration;
  const bool is_application = meter == application_integration || meter == application_integration_serverless;
  return is_application ? JobLevelLayout::application_integration : JobLevelLayout::plain;
}

std::string job_level_file(std::string_view meter) {
  if (meter == data_integration) return "CDIMeteringAuditData.csv";
  if (meter == pushdown_optimization) return "PDOMeteringAuditData.csv";
  return fmt::format("DetailedReport_{}.csv", meter);
}

std::string_view job_level_header(JobLevelLayout layout) {
  switch (layout) {
    case JobLevelLayout::data_integration:
      return "Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,"
             "Environment,Cores Used,Start Time,End Time,Status,Metered Value,Audit Time,OBM Task Time(s)";
    case JobLevelLayout::plain:
      return "Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,"
             "Environment,Start Time,End Time,Status,Metered Value,Audit Time";
    case JobLevelLayout::application_integration:
      return "Org ID,Execution type,Executed asset,Date (in UTC),Invoked by,Execution env,status,Execution count,"
             "Total Execution time (in hours),Average Execution time (in seconds)";
  }
  return {};
}

void append_record_line(std::string& out, const queries::RecordRow& row, std::string_view org_id,
                        JobLevelLayout layout) {
  const UsageRecord& record = *row.record;
  const bool is_data_integration = layout == JobLevelLayout::data_integration;
  append_cell_or_null(out, record.task.id);
  out += ',';
  append_cell_or_null(out, record.task.name);
  out += ',';
  formats::append_csv_cell(out, record.task.object);
  out += ',';
  append_cell_or_null(out, record.task.type);
  out += ',';
  append_cell_or_null(out, record.run.id);
  out += ',';
  append_where(out, record, org_id);
  if (is_data_integration) {
    if (record.run.cores) {
      formats::append_java_double(out, *record.run.cores);
    } else {
      out += no_value;
    }
    out += ',';
  }
  append_time_or_null(out, record.run.start);
  out += ',';
  append_time(out, record.run.end.value_or(record.time));
  out += ',';
  append_cell_or_null(out, record.run.status);
  out += ',';
  formats::append_java_double(out, metered_value(record, layout));
  out += ',';
  append_time(out, audit_time_of(row));
  if (is_data_integration) out += ",0";
  out += '\n';
}

void append_record_key(std::string& key, const queries::RecordRow& row) {
  append_key(key, audit_time_of(row));
  append_key(key, row.record->task.id);
  append_key(key, row.record->run.id);
  append_key(key, row.position);
}

}  // namespace meterport::exports
