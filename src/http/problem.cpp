#include "http/problem.h"

#include <cstdlib>
#include <string>

#include "base/json_writer.h"

namespace meterport::http {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_credentials:
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
    case ErrorKind::no_such_path:
      return 404;
    case ErrorKind::method_not_allowed:
      return 405;
    case ErrorKind::unsupported_media:
      return 415;
    case ErrorKind::malformed:
    case ErrorKind::invalid:
    case ErrorKind::range_too_long:
      return 400;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::too_many_jobs:
    case ErrorKind::rate_limited:
      return 429;
    case ErrorKind::conflict:
    case ErrorKind::not_ready:
      return 409;
    case ErrorKind::gone:
      return 410;
    case ErrorKind::not_supported:
      return 501;
    case ErrorKind::busy:
    case ErrorKind::store_unavailable:
    case ErrorKind::region_unavailable:
      return 503;
    case ErrorKind::storage_full:
      return 507;
    case ErrorKind::internal:
      return 500;
  }
  std::abort();
}

bool is_worth_retrying(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::busy:
    case ErrorKind::store_unavailable:
    case ErrorKind::rate_limited:
    case ErrorKind::too_many_jobs:
    case ErrorKind::region_unavailable:
      return true;
    case ErrorKind::bad_credentials:
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
    case ErrorKind::not_found:
    case ErrorKind::no_such_path:
    case ErrorKind::method_not_allowed:
    case ErrorKind::unsupported_media:
    case ErrorKind::malformed:
    case ErrorKind::invalid:
    case ErrorKind::range_too_long:
    case ErrorKind::too_large:
    case ErrorKind::conflict:
    case ErrorKind::not_ready:
    case ErrorKind::gone:
    case ErrorKind::not_supported:
    case ErrorKind::storage_full:
    case ErrorKind::internal:
      return false;
  }
  std::abort();
}

std::string_view reason_of(int status) {
  static constexpr std::pair<int, std::string_view> table[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const auto& [known, reason] : table) {
    if (known == status) return reason;
  }
  return "Unknown";
}

Response problem(const Request& request, const Error& error) {
  const int status = status_of(error.kind);
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.field("type", "urn:meterport:problem:" + std::string(to_string(error.kind)));
  out.field("title", reason_of(status));
  out.field("status", status);
  out.field("code", to_string(error.kind));
  if (!error.text.empty()) out.field("detail", error.text);
  if (!error.field.empty()) out.field("field", error.field);
  if (!request.id.empty()) out.field("request_id", request.id);
  out.end_object();
  Response response{status, "application/problem+json", std::move(body), {}, {}};
  if (is_worth_retrying(error.kind)) response.with_header("Retry-After", "1");
  return response;
}

}  // namespace meterport::http
