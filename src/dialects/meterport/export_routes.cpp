// /v1/exports: create, list, show (with long poll), cancel, retry.
#include <utility>

#include "dialects/meterport/auth.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/job_json.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

constexpr std::size_t page_size_default = 50;
constexpr std::uint64_t wait_seconds_max = 30;

http::Response job_response(Context& context, int status, const exports::Job& job) {
  auto response = http::Response::json(status, job_json(job, context.services.clock.now()));
  if (status == 202) response.with_header("Location", "/v1/exports/" + job.id);
  return response;
}

}  // namespace

Answer post_export(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  auto request = read_export_request(*body);
  if (!request) return fail(std::move(request));
  auto org = org_or_default(*context.services.catalog.current(), call.principal, std::move(request->spec.org));
  if (!org) return fail_at_member(org);
  request->spec.org = std::move(*org);
  const DialectNote note{.dialect = "meterport", .json = "{}", .callback_url = std::move(request->callback_url)};
  auto job = context.services.exports.create(call.principal, request->spec, note, {});
  if (!job) return fail_at_member(job);
  return job_response(context, 202, *job);
}

Answer list_exports(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, page_size_default);
  if (!page_size) return fail(page_size);
  const auto page = context.services.exports.list(
      call.principal, {.org = call.query("org"), .page_size = *page_size, .page_token = call.query("page_token")});
  if (!page) return fail(page);
  const Instant now = context.services.clock.now();
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("exports").begin_array();
  for (const exports::Job& job : page->jobs) append_job(out, job, now);
  out.end_array().field("next_page_token", page->next_page_token).end_object();
  return http::Response::json(200, std::move(body));
}

void get_export(Context& context, Call call, http::Reply reply) {
  exports::Exports& exports = context.services.exports;
  const auto answer = [&context](const http::Request& request, const Result<exports::Job>& job) {
    return job ? job_response(context, 200, *job) : render_problem(request, job.error());
  };
  const auto wait = call.request.query_value("wait");
  if (!wait) {
    reply(answer(call.request, exports.get(call.principal, call.path_value("id"))));
    return;
  }
  const auto seconds = parse_count(*wait, "wait", wait_seconds_max);
  if (!seconds) {
    reply(render_problem(call.request, seconds.error()));
    return;
  }
  const std::string id = call.path_value("id");
  exports.when_final(call.principal, id, static_cast<std::int64_t>(*seconds) * 1'000,
                     [answer, request = std::move(call.request), reply = std::move(reply)](
                         const Result<exports::Job>& job) mutable { reply(answer(request, job)); });
}

Answer cancel_export(Context& context, const Call& call) {
  const auto job = context.services.exports.cancel(call.principal, call.path_value("id"));
  if (!job) return fail(job);
  return job_response(context, 200, *job);
}

Answer retry_export(Context& context, const Call& call) {
  const auto job = context.services.exports.retry(call.principal, call.path_value("id"));
  if (!job) return fail(job);
  return job_response(context, 202, *job);
}

}  // namespace meterport::api
