#include "dialects/here/report_object.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "dialects/here/answers.h"
#include "dialects/here/dates.h"
#include "dialects/here/report_echo.h"

namespace meterport::here {
namespace {

std::string result_url(std::string_view origin, std::string_view realm, std::uint64_t number) {
  return report_url(origin, realm, number) + "/output";
}

void append_report(JsonWriter& out, const exports::Job& job, const ReportForm& form) {
  const std::string_view status = report_status(job, form.now);
  out.begin_object().field("id", report_id(job.number)).field("status", status);
  if (status == "completed") out.field("resultHref", result_url(form.origin, form.realm, job.number));
  out.field("created", print_date(job.created, form.has_quoted_dates)).key("parameters");
  append_parameters(out, echo_of(job), form.has_quoted_dates);
  out.end_object();
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string report_id(std::uint64_t number) {
  return fmt::format("REPORT-{}", number);
}

std::string_view report_status(const exports::Job& job, Instant now) {
  // There never was an output to archive.
  if (job.state == JobState::partial_success) return exports::is_healing(job, now) ? "inProgress" : "failed";
  switch (exports::shown_state(job, now)) {
    case JobState::created:
      return "pending";
    case JobState::processing:
      return "inProgress";
    case JobState::success:
      return "completed";
    case JobState::partial_success:
    case JobState::failed:
    case JobState::cancelled:
      return "failed";
    case JobState::expired:
      return "archived";
  }
  return "failed";
}

std::string report_url(std::string_view origin, std::string_view realm, std::uint64_t number) {
  return fmt::format("{}/v2/usage/realms/{}/reports/{}", origin, realm, report_id(number));
}

std::string report_json(const exports::Job& job, const ReportForm& form) {
  std::string body;
  JsonWriter out(body);
  append_report(out, job, form);
  return body;
}

std::string report_list_json(const exports::NumberedJobs& reports, const PageQuery& page, const ReportForm& form) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("total", reports.total).field("limit", page.limit);
  out.field("count", std::uint64_t{reports.jobs.size()});
  out.field("nextOffset", next_offset(reports.total, page)).field("lastOffset", last_offset(reports.total, page.limit));
  out.key("items").begin_array();
  for (const exports::Job& job : reports.jobs) append_report(out, job, form);
  out.end_array().end_object();
  return body;
}

std::optional<delivery::NewMail> report_mail(const exports::Job& job) {
  if (exports::is_healing(job, job.updated)) return std::nullopt;
  const ReportEcho echo = echo_of(job);
  const bool is_completed = job.state == JobState::success;
  const std::string id = report_id(job.number);
  const std::string link = result_url(echo.origin, echo.asked_realm, job.number);
  const std::string what =
      fmt::format("Your usage report {} over {} from {} to {} (UTC) ", id, echo.realm, echo.start_date, echo.end_date);
  const std::string outcome = is_completed ? "is completed." : fmt::format("has failed: {}", job.error);
  const std::string hint =
      is_completed ? "Download it with an access token of your organization:" : "There is no output. Its address:";
  delivery::NewMail mail;
  mail.subject = fmt::format("Usage report {} {}", id, is_completed ? "is completed" : "has failed");
  mail.text = fmt::format("{}{}\n\n{}\n{}\n", what, outcome, hint, link);
  mail.html =
      fmt::format("<!DOCTYPE html>\n<html><body>\n<p>{}{}</p>\n<p>{}<br>\n<a href=\"{}\">{}</a></p>\n</body></html>\n",
                  html_escaped(what), html_escaped(outcome), hint, html_escaped(link), html_escaped(link));
  return mail;
}

}  // namespace meterport::here
