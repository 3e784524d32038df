// /healthz, /readyz, /metrics, /openapi.json: what an operator's tools call.
#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {

http::Response get_healthz() {
  return http::Response::json(200, R"({"status":"ok"})");
}

http::Response get_readyz(Context& context) {
  const std::string reason = context.services.not_ready_reason ? context.services.not_ready_reason() : std::string();
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("status", reason.empty() ? "ready" : "not ready").field("reason", reason);
  // One that does not answer is no reason to send this server no work.
  out.key("regions").begin_array();
  for (const auto& [name, is_reachable] : context.services.regions.reachability()) {
    out.begin_object().field("name", name).field("reachable", is_reachable).end_object();
  }
  out.end_array().end_object();
  return http::Response::json(reason.empty() ? 200 : 503, std::move(body));
}

http::Response get_openapi(Context& context) {
  return http::Response::json(200, context.openapi);
}

Answer get_metrics(Context& context, const Call& call) {
  if (!is_operator(call.principal)) {
    return fail(ErrorKind::forbidden, "metrics need the role operator");
  }
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.services.metrics.expose();
  return response;
}

}  // namespace meterport::api
