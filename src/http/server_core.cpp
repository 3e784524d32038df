#include "http/server_core.h"

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <exception>

#include "base/log.h"
#include "http/problem.h"
#include "http/text.h"

namespace meterport::http {
namespace {

constexpr std::int64_t head_ms_max = 20'000;

Limits limits_of(const Settings& settings) {
  Limits limits;
  limits.head_bytes_max = static_cast<std::size_t>(settings.number("http.head_bytes_max"));
  limits.in_flight_max = settings.number("http.requests_in_flight_max");
  limits.idle_ms = settings.number("http.idle_timeout") * 1000;
  limits.head_ms = std::min(limits.idle_ms, head_ms_max);
  return limits;
}

Response rendered(const ErrorRenderer& errors, const Request& request, const Error& error) {
  if (!errors) return problem(request, error);
  try {
    return errors(request, error);
  } catch (const std::exception& e) {
    log::error("an error renderer threw", {{"request", request.id}, {"what", e.what()}});
    return problem(request, error);
  }
}

bool has_header(const Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [&](const auto& h) { return same_ignoring_case(h.first, name); });
}

}  // namespace

ServerCore::ServerCore(const Settings& settings, const Router& the_router, metrics::Registry& registry)
    : router(the_router),
      limits(limits_of(settings)),
      public_url(settings.text("server.public_url")),
      writes_access_log(settings.text("log.level") == "debug"),
      probe(the_router, registry),
      bodies(static_cast<std::uint64_t>(settings.number("http.body_bytes_in_flight_max"))),
      // What is in flight is bounded already; the queue never needs to hold more than that.
      blocking_queue_max(static_cast<std::size_t>(limits.in_flight_max)),
      blocking("http-blocking", static_cast<std::size_t>(settings.number("http.blocking_threads")),
               blocking_queue_max) {
  while (public_url.ends_with('/')) public_url.pop_back();
}

ServerCore::~ServerCore() = default;

Response render(const ErrorRenderer& errors, const Request& request, const Error& error, const std::string& allow) {
  Response response = rendered(errors, request, error);
  if (is_worth_retrying(error.kind) && error.kind != ErrorKind::too_many_jobs && !has_header(response, "retry-after")) {
    response.with_header("Retry-After", "1");
  }
  if (!allow.empty() && !has_header(response, "allow")) response.with_header("Allow", allow);
  return response;
}

}  // namespace meterport::http
