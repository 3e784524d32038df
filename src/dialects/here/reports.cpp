// Reports: create, list, status, output (here.md 3.3 to 3.6). A report is a numbered export job of billed usage.
#include <fmt/format.h>

#include <algorithm>

#include "dialects/here/context.h"
#include "dialects/here/dates.h"
#include "dialects/here/here_error.h"
#include "dialects/here/report_echo.h"
#include "dialects/here/report_object.h"
#include "http/text.h"

namespace meterport::here {
namespace {

using SubAccounts = std::optional<std::vector<std::string>>;

/// The orgs whose usage is wanted; none: one is not the caller's, or not under the path's realm.
std::optional<std::vector<std::string>> orgs_of(const RealmCaller& caller, const SubAccounts& realms) {
  std::vector<std::string> orgs;
  if (!realms) return orgs;
  for (const std::string& realm : *realms) {
    const Org* org = org_for(*caller.catalogue, caller.token.principal, realm, Need::reports);
    if (org == nullptr || !caller.catalogue->covers(caller.org->id, org->id)) return std::nullopt;
    if (std::ranges::find(orgs, org->id) == orgs.end()) orgs.push_back(org->id);
  }
  return orgs;
}

/// Whoever sends a body without saying what it is means JSON.
Status check_body_type(const http::Request& request) {
  std::string_view type = request.header("Content-Type");
  type = type.substr(0, type.find(';'));
  type = type.substr(0, type.find_last_not_of(' ') + 1);
  if (request.body.empty() || type.empty() || http::same_ignoring_case(type, "application/json")) return {};
  return fail(ErrorKind::unsupported_media, "The request body must be application/json.", {}, std::string(body_field));
}

ReportEcho echo_for(const http::Request& request, const RealmCaller& caller, const UsageQuery& query,
                    const SubAccounts& sub_accounts) {
  ReportEcho echo;
  echo.origin = request.origin();
  echo.asked_realm = realm_of(*caller.org);
  const bool is_about_another = sub_accounts && sub_accounts->size() == 1;
  echo.realm = is_about_another ? sub_accounts->front() : echo.asked_realm;
  echo.start_date = print_date(query.start);
  echo.end_date = print_date(query.end);
  echo.email = caller.token.email;
  echo.user_name = caller.token.user_name;
  echo.feature_id = query.feature_id;
  echo.app_id = query.app_id;
  echo.channel_id = query.channel_id;
  echo.charge_type = query.charge_type;
  echo.project_id = query.project_hrn;
  echo.billing_tag = query.billing_tag;
  echo.category = query.category;
  echo.detail = query.detail_level;
  echo.group_by = query.group_by;
  echo.usage_fields = query.spec.fields;
  echo.sub_accounts = sub_accounts;
  return echo;
}

/// What is asked for, once everything is checked.
struct Wanted {
  ExportSpec spec;
  DialectNote note;
};
Result<Wanted> read_report_request(const Services& services, const http::Request& request, const RealmCaller& caller) {
  if (!services.settings.flag("here.reports")) {
    return fail(ErrorKind::invalid, "Reports are switched off on this server.", {}, std::string(reports_off_field));
  }
  auto query = read_usage_query(request, true);
  if (!query) return fail(std::move(query));
  if (auto fine = check_body_type(request); !fine) return fail(std::move(fine));
  const auto sub_accounts = read_sub_accounts(request.body);
  if (!sub_accounts) return fail(sub_accounts);
  auto orgs = orgs_of(caller, *sub_accounts);
  if (!orgs) return forbidden();

  Wanted wanted;
  wanted.spec.kind = ExportKind::billed_usage;
  wanted.spec.org = caller.org->id;
  wanted.spec.period = query->period;
  wanted.spec.billed = query->spec;
  wanted.spec.billed.with_org_name = !orgs->empty();
  wanted.spec.billed.orgs = std::move(*orgs);
  wanted.spec.billed.with_extra_columns = services.settings.flag("here.csv_extra_columns");
  wanted.spec.billed.rows_max = static_cast<std::uint64_t>(services.settings.number("here.report_rows_max"));
  if (!keep_to_project(caller.token.principal, wanted.spec.billed)) return forbidden();
  wanted.note = {
      std::string(dialect_name), to_note(echo_for(request, caller, *query, *sub_accounts)), {}, caller.token.email};
  return wanted;
}

http::Response created(const http::Request& request, const RealmCaller& caller, const exports::Job& job) {
  // One that starts at once is in progress by the time this is read; one that failed at once tells that by its status.
  const bool is_waiting = job.state == JobState::created && !job.progress.waiting_for.empty();
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("id", report_id(job.number)).field("status", is_waiting ? "pending" : "inProgress");
  out.end_object();
  auto response = http::Response::json(201, std::move(body));
  response.with_header("Location", report_url(request.origin(), realm_of(*caller.org), job.number));
  return response;
}

std::unexpected<Error> no_such_report(std::string_view id) {
  return fail(ErrorKind::not_found, fmt::format("There is no report {}.", id));
}

std::string_view report_id_in(const http::Request& request) {
  const auto found = request.path_values.find("reportId");
  return found == request.path_values.end() ? std::string_view() : std::string_view(found->second);
}

/// A report of another realm answers like an unknown one.
Result<exports::Job> find_report(const Services& services, const http::Request& request, const RealmCaller& caller) {
  const std::string_view id = report_id_in(request);
  const auto number = read_report_id(id);
  if (!number) return fail(number);
  if (!*number) return no_such_report(id);
  auto job = services.exports.get_numbered(caller.token.principal, **number);
  const bool is_unknown = job ? job->note.dialect != dialect_name || job->spec.org != caller.org->id
                              : job.error().kind == ErrorKind::not_found;
  if (is_unknown) return no_such_report(id);
  return job;
}

ReportForm form_for(const Services& services, const http::Request& request, const RealmCaller& caller) {
  return {request.origin(), realm_of(*caller.org), services.clock.now(), services.settings.flag("here.quoted_dates")};
}

}  // namespace

Result<http::Response> post_report(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::reports);
  if (!caller) return fail(caller);
  const auto wanted = read_report_request(services, request, *caller);
  if (!wanted) return fail(wanted);
  exports::CreateOptions options;
  options.active_jobs_max = static_cast<int>(services.settings.number("here.active_reports_max"));
  options.is_numbered = true;
  options.retention_s = services.settings.number("here.report_retention");
  options.heals_from_creation = true;
  const auto job = services.exports.create(caller->token.principal, wanted->spec, wanted->note, options);
  if (!job) return fail(job);
  return created(request, *caller, *job);
}

Result<http::Response> get_reports(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::reports);
  if (!caller) return fail(caller);
  const auto page = read_page_query(request);
  if (!page) return fail(page);
  const auto is_ascending = read_sort(request);
  if (!is_ascending) return fail(is_ascending);
  exports::NumberedRequest wanted;
  wanted.org = caller->org->id;
  wanted.dialect = dialect_name;
  wanted.is_ascending = *is_ascending;
  wanted.skip = page->offset * page->limit;
  wanted.count_max = page->limit;
  const auto reports = services.exports.list_numbered(caller->token.principal, wanted);
  if (!reports) return fail(reports);
  return http::Response::json(200, report_list_json(*reports, *page, form_for(services, request, *caller)));
}

Result<http::Response> get_report(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::reports);
  if (!caller) return fail(caller);
  const auto job = find_report(services, request, *caller);
  if (!job) return fail(job);
  return http::Response::json(200, report_json(*job, form_for(services, request, *caller)));
}

Result<http::Response> get_report_output(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::reports);
  if (!caller) return fail(caller);
  const auto found = find_report(services, request, *caller);
  if (!found) return fail(found);
  const std::string id = report_id(found->number);
  const auto no_output_yet = [&] {
    return fail(ErrorKind::not_ready,
                fmt::format("The report {} has no output yet: ask for its status until it is completed.", id));
  };
  // A partial output is none on this wire.
  if (found->state == JobState::partial_success) {
    if (exports::is_healing(*found, services.clock.now())) return no_output_yet();
    return fail(ErrorKind::gone, fmt::format("The report {} has no output: it has failed.", id));
  }
  const auto job = services.exports.artifact(caller->token.principal, found->id);
  if (!job) {
    if (job.error().kind == ErrorKind::not_ready) return no_output_yet();
    if (job.error().kind != ErrorKind::gone) return fail(job);
    return fail(ErrorKind::gone, fmt::format("The report {} has no output: it has failed, or is archived.", id));
  }
  http::Response response{
      200, "application/x-gzip", {}, http::FileBody{job->artifact_path, 0, job->artifact_bytes}, {}};
  response.with_header("Content-Disposition", fmt::format("attachment; filename=\"{}.csv.gz\"", id));
  return response;
}

}  // namespace meterport::here
