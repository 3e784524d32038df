#include "dialects/informatica/job_object.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "delivery/event.h"

namespace meterport::informatica {

std::string to_json(const Echo& echo) {
  nlohmann::json json = {{"orgId", echo.org_id},
                         {"startDate", echo.start_date},
                         {"endDate", echo.end_date},
                         {"older", echo.is_older_resource},
                         {"combined", echo.combined}};
  if (echo.callback_url) json["callbackUrl"] = *echo.callback_url;
  if (!echo.meter.empty()) json["meterId"] = echo.meter;
  if (echo.all_meters) json["allMeters"] = *echo.all_meters;
  if (echo.callback_format == CallbackFormat::json) json["callbackFormat"] = "json";
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

Echo parse_echo(const exports::Job& job) {
  Echo echo;
  const auto json = nlohmann::json::parse(job.note.json, nullptr, false);
  if (!json.is_object()) return echo;
  echo.org_id = json.value("orgId", job.spec.org);
  echo.start_date = json.value("startDate", "");
  echo.end_date = json.value("endDate", "");
  echo.is_older_resource = json.value("older", false);
  echo.combined = json.value("combined", false);
  if (json.contains("callbackUrl")) echo.callback_url = json["callbackUrl"].get<std::string>();
  echo.meter = json.value("meterId", "");
  if (json.contains("allMeters")) echo.all_meters = json["allMeters"].get<bool>();
  if (json.value("callbackFormat", "") == "json") echo.callback_format = CallbackFormat::json;
  return echo;
}

/// The vendor's word. Its wire knows no cancelled and no expired job (crosswalk 3.1).
const char* wire_status(JobState state) {
  switch (state) {
    case JobState::created:
      return "CREATED";
    case JobState::processing:
      return "PROCESSING";
    case JobState::success:
    case JobState::expired:
      return "SUCCESS";
    case JobState::partial_success:
      return "PARTIAL_SUCCESS";
    case JobState::failed:
    case JobState::cancelled:
      return "FAILED";
  }
  return "FAILED";
}

/// Text of FAILED and PARTIAL_SUCCESS; empty for the others.
std::string error_message(const exports::Job& job, const Echo& echo) {
  if (job.is_unplannable) {
    return fmt::format("Exception occurred while processing request for org: {}. {}", echo.org_id, job.error);
  }
  if (job.state == JobState::cancelled) return job.error.empty() ? "The job was cancelled." : job.error;
  const bool has_text = job.state == JobState::failed || job.state == JobState::partial_success;
  return has_text ? job.error : std::string();
}

const char* flag_text(bool flag) {
  return flag ? "TRUE" : "FALSE";
}

void append_text_or_null(JsonWriter& json, const char* name, const std::optional<std::string>& text) {
  if (text) {
    json.field(name, *text);
  } else {
    json.null_field(name);
  }
}

}  // namespace

std::string job_json(const exports::Job& job, Answer answer) {
  const Echo echo = parse_echo(job);
  const bool is_post_of_older = answer == Answer::post && echo.is_older_resource;
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("jobId", job.id).field("status", wire_status(job.state));
  if (const std::string message = error_message(job, echo); !message.empty()) json.field("errorMessage", message);
  json.field("orgId", echo.org_id).field("userId", job.user_id).field("selectedOrgId", echo.org_id);
  if (!is_post_of_older) {
    append_text_or_null(json, "meterId", echo.meter.empty() ? std::nullopt : std::optional(echo.meter));
  }
  if (answer == Answer::post && echo.all_meters) json.field("allMeters", flag_text(*echo.all_meters));
  json.field("startDate", echo.start_date).field("endDate", echo.end_date);
  append_text_or_null(json, "callbackUrl", echo.callback_url);
  const Instant created = job.snapshot.as_of.us != 0 ? job.snapshot.as_of : job.created;
  json.field("createTime", format_seconds_z(created)).field("updateTime", format_seconds_z(job.updated));
  if (is_post_of_older) json.field("combinedMeterUsage", flag_text(echo.combined));
  json.end_object();
  return body;
}

std::string callback_text(const exports::Job& job) {
  if (parse_echo(job).callback_format == CallbackFormat::json) {
    return delivery::event_json(delivery::export_finished, job.finished.value_or(job.updated),
                                job_json(job, Answer::status));
  }
  return fmt::format("Job with jobID: {} has completed and the Job Status is {}.", job.id, wire_status(job.state));
}

}  // namespace meterport::informatica
