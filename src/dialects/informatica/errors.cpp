#include "dialects/informatica/errors.h"

#include <string_view>

#include "base/json_writer.h"
#include "dialects/informatica/path_guesses.h"

namespace meterport::informatica {
namespace {

std::string message_for(const http::Request& request, const Error& error) {
  if (error.kind == ErrorKind::no_such_path) {
    if (const auto guess = right_path_for(request.path); !guess.empty()) return "No such path. " + std::string(guess);
  }
  if (!error.text.empty()) return error.text;
  return std::string(to_string(error.kind));
}

bool has_retry_after(int status) {
  return status == 429 || status == 503;
}

}  // namespace

WireError wire_error(ErrorKind kind, Shape shape, int too_many_jobs_status) {
  switch (kind) {
    case ErrorKind::bad_credentials:
      return shape == Shape::v2 ? WireError{403, "UI_10000"} : WireError{401, "IDS_085"};
    case ErrorKind::unauthenticated:
      return {401, "AUTH_01"};
    case ErrorKind::forbidden:
      return {403, "METERING_FORBIDDEN"};
    case ErrorKind::not_found:
      // What a v2 path looks for is an org, a v3 path a job.
      return {404, shape == Shape::v2 ? "METERING_ORG_NOT_FOUND" : "METERING_JOB_NOT_FOUND"};
    case ErrorKind::no_such_path:
      return {404, "METERING_NO_SUCH_PATH"};
    case ErrorKind::method_not_allowed:
      return {405, "METERING_NO_SUCH_PATH"};
    case ErrorKind::unsupported_media:
      return {415, "METERING_INVALID_FIELD"};
    case ErrorKind::malformed:
    case ErrorKind::invalid:
      return {400, "METERING_INVALID_FIELD"};
    case ErrorKind::range_too_long:
      return {400, "METERING_RANGE_TOO_LONG"};
    case ErrorKind::too_large:
      return {413, "METERING_TOO_LARGE"};
    case ErrorKind::too_many_jobs:
      return {too_many_jobs_status, "METERING_TOO_MANY_JOBS"};
    case ErrorKind::not_ready:
      return {409, "METERING_NOT_READY"};
    case ErrorKind::gone:
      return {404, "METERING_NO_OUTPUT"};
    case ErrorKind::rate_limited:
      return {429, "METERING_BUSY"};
    case ErrorKind::not_supported:
      return {501, "METERING_NOT_SUPPORTED"};
    case ErrorKind::busy:
    case ErrorKind::store_unavailable:
    case ErrorKind::storage_full:
      return {503, "METERING_BUSY"};
    // Neither can reach this wire as an answer of a call: a region's trouble ends in a job, names are never taken here.
    case ErrorKind::conflict:
    case ErrorKind::region_unavailable:
    case ErrorKind::internal:
      return {500, "METERING_INTERNAL"};
  }
  return {500, "METERING_INTERNAL"};
}

http::Response render_error(const http::Request& request, const Error& error, Shape shape, const Settings& settings) {
  const auto wire =
      wire_error(error.kind, shape, static_cast<int>(settings.number("informatica.too_many_jobs_status")));
  std::string body;
  JsonWriter json(body);
  if (shape == Shape::v2) {
    json.begin_object().field("@type", "error").field("code", wire.code);
    json.field("description", message_for(request, error)).field("statusCode", wire.status).end_object();
  } else {
    json.begin_object().key("error").begin_object().field("code", wire.code);
    json.field("message", message_for(request, error)).field("requestId", request.id).null_field("details");
    json.end_object().end_object();
  }
  auto response = http::Response::json(wire.status, std::move(body));
  if (has_retry_after(wire.status)) response.with_header("Retry-After", "10");
  return response;
}

}  // namespace meterport::informatica
