// /v1/exports/{id}/download and /manifest.
#include <fmt/format.h>

#include <utility>

#include "base/file_system.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"
#include "dialects/meterport/range.h"

namespace meterport::api {
namespace {

/// summary_2024-09-01_2024-10-01_<id>.zip, or .csv.gz
std::string file_name(const exports::Job& job) {
  return fmt::format("{}_{}_{}_{}{}", to_string(job.spec.kind), format_day(day_of(job.spec.period.from)),
                     format_day(day_of(job.spec.period.to)), job.id, exports::artifact_suffix(job.spec.kind));
}

/// 416 is no error kind of the core: only this resource has ranges.
http::Response unsatisfiable(const Call& call, std::uint64_t file_bytes) {
  std::string body;
  JsonWriter out(body);
  out.begin_object()
      .field("type", "urn:meterport:problem:invalid")
      .field("title", "Range Not Satisfiable")
      .field("status", 416)
      .field("code", "invalid")
      .field("detail", fmt::format("Range: the file has {} bytes", file_bytes))
      .field("field", "Range")
      .field("request_id", call.request.id)
      .end_object();
  http::Response response{416, "application/problem+json", std::move(body), {}, {}};
  response.with_header("Content-Range", fmt::format("bytes */{}", file_bytes));
  return response;
}

}  // namespace

Answer download_export(Context& context, const Call& call) {
  const auto job = context.services.exports.artifact(call.principal, call.path_value("id"));
  if (!job) return fail(job);
  const std::string etag = fmt::format("\"{}-{}\"", job->id, job->revision);
  const http::Request& request = call.request;
  if (matches_etag(request.header("if-none-match"), etag)) {
    http::Response response;
    response.status = 304;
    response.with_header("ETag", etag);
    return response;
  }
  const std::string_view if_range = request.header("if-range");
  const bool may_be_part = if_range.empty() || if_range == etag;
  const RangeAnswer asked = parse_range(may_be_part ? request.header("range") : "", job->artifact_bytes);
  if (asked.kind == RangeKind::unsatisfiable) return unsatisfiable(call, job->artifact_bytes);
  http::Response response;
  const bool is_gzip = job->spec.kind == ExportKind::billed_usage;
  response.content_type = is_gzip ? "application/gzip" : "application/zip";
  response.file = http::FileBody{job->artifact_path, asked.range.offset, asked.range.bytes};
  response.with_header("ETag", etag).with_header("Accept-Ranges", "bytes");
  response.with_header("Content-Disposition", fmt::format("attachment; filename=\"{}\"", file_name(*job)));
  if (asked.kind == RangeKind::part) {
    response.status = 206;
    response.with_header("Content-Range", fmt::format("bytes {}-{}/{}", asked.range.offset,
                                                      asked.range.offset + asked.range.bytes - 1, job->artifact_bytes));
  }
  return response;
}

Answer get_manifest(Context& context, const Call& call) {
  const auto job = context.services.exports.artifact(call.principal, call.path_value("id"));
  if (!job) return fail(job);
  auto manifest = read_file(system_files(), job->manifest_path);
  if (!manifest) return fail(ErrorKind::internal, "the request failed", manifest.error().detail);
  auto response = http::Response::json(200, std::move(*manifest));
  response.with_header("ETag", fmt::format("\"{}-{}\"", job->id, job->revision));
  return response;
}

}  // namespace meterport::api
