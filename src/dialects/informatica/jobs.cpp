// Export jobs on the wire: POST, status, download, callback text (informatica.md sections 4 and 5).
#include <fmt/format.h>

#include "base/ids.h"
#include "dialects/informatica/context.h"
#include "dialects/informatica/job_object.h"
#include "dialects/informatica/requests.h"

namespace meterport::informatica {
namespace {

constexpr const char* dialect_name = "informatica";

ExportSpec spec_of(const ExportRequest& request, const Principal& principal, bool is_older, const Settings& settings) {
  ExportSpec spec;
  spec.kind = request.kind;
  spec.org = principal.org;
  spec.all_linked = request.all_linked;
  spec.meter = request.meter;
  spec.period = covered_period(request, settings);
  const bool by_meter = request.kind == ExportKind::job_level ||
                        (is_older && settings.text("informatica.older_summary_files") == "meter");
  spec.split = request.combined ? FileSplit::combined : by_meter ? FileSplit::per_meter : FileSplit::per_org;
  return spec;
}

/// The parsed request, its meter known to the org and its range in bounds: in the order of section 3.
Result<ExportRequest> checked_request(const http::Request& request, Resource resource, const Principal& principal,
                                      const catalog::Snapshot& catalogue) {
  auto wanted = parse_export_request(request.body, resource);
  if (!wanted) return fail(std::move(wanted));
  const auto is_known = [&] {
    return catalogue.sees_meter(principal.org, wanted->meter, day_of(wanted->start), day_of(wanted->end));
  };
  if (!wanted->meter.empty() && !is_known()) {
    return fail(ErrorKind::invalid, "meterId: the catalogue has no such meter.", {}, "meterId");
  }
  if (auto in_range = check_range(*wanted); !in_range) return fail(std::move(in_range));
  return wanted;
}

Echo echo_of(const ExportRequest& wanted, Resource resource, const Principal& principal,
             const catalog::Snapshot& catalogue, const Settings& settings) {
  const Org* org = catalogue.org(principal.org);
  Echo echo;
  echo.org_id = org != nullptr ? informatica_id_or_id(*org) : principal.org;
  echo.start_date = format_seconds_z(wanted.start);
  echo.end_date = format_seconds_z(wanted.end);
  echo.callback_url = wanted.callback_url;
  echo.is_older_resource = resource == Resource::all_linked_orgs_across_region;
  echo.combined = wanted.combined;
  echo.meter = wanted.meter;
  echo.all_meters = wanted.all_meters;
  const bool is_json_default = settings.text("informatica.callback_format") == "json";
  // Settled now: what a job's callback says must follow from the job alone.
  echo.callback_format = wanted.callback_format.value_or(is_json_default ? CallbackFormat::json : CallbackFormat::text);
  return echo;
}

/// Jobs of other dialects are not of this wire: they answer like unknown ones.
Result<exports::Job> only_ours(Result<exports::Job> job, const std::string& id) {
  const bool is_unknown = !job && job.error().kind == ErrorKind::not_found;
  if (is_unknown || (job && job->note.dialect != dialect_name)) {
    // Only what could be one is repeated: a path may hold any bytes, also such as are no text.
    return fail(ErrorKind::not_found,
                is_safe_id(id) ? fmt::format("There is no export job {}.", id) : "There is no such export job.");
  }
  return job;
}

std::string job_id_of(const http::Request& request) {
  const auto found = request.path_values.find("jobId");
  return found == request.path_values.end() ? std::string() : found->second;
}

http::Response zip_of(const http::Request& request, const Services& services, const Result<exports::Job>& job) {
  if (!job) {
    Error error = job.error();
    if (error.kind == ErrorKind::not_ready)
      error.text = "The job has not finished. Poll its status until it is SUCCESS, then download.";
    if (error.kind == ErrorKind::gone)
      error.text = "The job has no output: it failed, or its ZIP is older than the time it is kept.";
    return render_error(request, error, Shape::v3, services.settings);
  }
  http::Response response;
  response.content_type = "application/zip";
  response.file = http::FileBody{job->artifact_path, 0, job->artifact_bytes};
  response.with_header("Content-Disposition", fmt::format("attachment; filename=\"{}.zip\"", job->id));
  response.with_header("ETag", fmt::format("\"{}-{}\"", job->id, job->revision));
  return response;
}

}  // namespace

http::Response post_export(const Services& services, const http::Request& request, Resource resource) {
  const auto refused = [&](const Error& error) { return render_error(request, error, Shape::v3, services.settings); };
  auto principal = authenticate(services, request);
  if (!principal) return refused(principal.error());
  const auto catalogue = services.catalog.current();
  auto wanted = checked_request(request, resource, *principal, *catalogue);
  if (!wanted) return refused(wanted.error());

  const bool is_older = resource == Resource::all_linked_orgs_across_region;
  const Echo echo = echo_of(*wanted, resource, *principal, *catalogue, services.settings);
  const DialectNote note{dialect_name, to_json(echo), wanted->callback_url.value_or("")};
  exports::CreateOptions options;
  options.active_jobs_max = static_cast<int>(services.settings.number("informatica.active_jobs_max"));
  options.partial_rights = services.settings.flag("informatica.partial_rights");
  auto job =
      services.exports.create(*principal, spec_of(*wanted, *principal, is_older, services.settings), note, options);
  if (!job) return refused(job.error());
  return http::Response::json(200, job_json(*job, Answer::post));
}

http::Response get_status(const Services& services, const http::Request& request) {
  auto principal = authenticate(services, request);
  if (!principal) return render_error(request, principal.error(), Shape::v3, services.settings);
  const std::string id = job_id_of(request);
  const auto job = only_ours(services.exports.get(*principal, id), id);
  if (!job) return render_error(request, job.error(), Shape::v3, services.settings);
  return http::Response::json(200, job_json(*job, Answer::status));
}

void get_download(const Services& services, http::Request request, http::Reply reply) {
  auto principal = authenticate(services, request);
  if (!principal) return reply(render_error(request, principal.error(), Shape::v3, services.settings));
  const std::string id = job_id_of(request);
  const auto job = only_ours(services.exports.get(*principal, id), id);
  if (!job) return reply(render_error(request, job.error(), Shape::v3, services.settings));
  // One client posts, waits a moment and downloads once expecting 200: a running job holds the answer (section 5.2).
  const std::int64_t hold_ms = services.settings.number("informatica.download_hold") * 1000;
  auto answer = [&services, principal = *principal, id, request = std::move(request),
                 reply = std::move(reply)](const Result<exports::Job>&) mutable {
    reply(zip_of(request, services, services.exports.artifact(principal, id)));
  };
  services.exports.when_final(*principal, id, hold_ms, std::move(answer));
}

}  // namespace meterport::informatica
