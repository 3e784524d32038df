#include "dialects/netsuite/call_error.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "dialects/netsuite/messages.h"
#include "dialects/netsuite/schemes.h"
#include "model/organization.h"

namespace meterport::netsuite {
namespace {

constexpr std::string_view retry_after_s = "5";

CallError refused_login(const http::Request& request) {
  if (scheme_of(request) == Scheme::nlauth) return {401, "INVALID_LOGIN_CREDENTIALS", "Invalid login credentials."};
  return {401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt."};
}

CallError unexpected(int status) {
  return {status, "UNEXPECTED_ERROR", std::string(unexpected_text)};
}

/// Every 503 and every limit (netsuite.md 2.3).
bool is_worth_retrying(ErrorKind kind) {
  return kind == ErrorKind::busy || kind == ErrorKind::rate_limited || kind == ErrorKind::too_many_jobs ||
         kind == ErrorKind::store_unavailable || kind == ErrorKind::storage_full ||
         kind == ErrorKind::region_unavailable;
}

/// "1234567-sb1.restlets.api.example.com" -> the account a bearer client thinks it is talking to.
std::string realm_of(const http::Request& request) {
  const std::string_view host = request.header("Host");
  const std::size_t dot = host.find('.');
  const bool has_account = dot != std::string_view::npos && host.find(".restlets.") == dot;
  return has_account ? normal_netsuite_account(host.substr(0, dot)) : "netsuite";
}

}  // namespace

CallError call_error(const http::Request& request, const Error& error) {
  switch (error.kind) {
    case ErrorKind::bad_credentials:
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
      return refused_login(request);
    case ErrorKind::not_found:
    case ErrorKind::gone:
    case ErrorKind::not_ready:
      return {400, "REQUEST_NOT_FOUND", error.text};
    case ErrorKind::no_such_path:
      return {404, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists."};
    case ErrorKind::method_not_allowed:
      return {405, "METHOD_NOT_ALLOWED", "This RESTlet takes POST requests only."};
    case ErrorKind::unsupported_media:
      return {415, "UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json."};
    case ErrorKind::malformed:
    case ErrorKind::invalid:
    case ErrorKind::range_too_long:
    case ErrorKind::too_large:
    case ErrorKind::not_supported:
      return {400, "INVALID_REQUEST", error.text.empty() ? "The request is not valid." : error.text};
    case ErrorKind::conflict:
      return {400, "IDEMPOTENCY_ERROR", error.text};
    case ErrorKind::too_many_jobs:
    case ErrorKind::rate_limited:
    case ErrorKind::busy:
      return {400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded: too many requests are worked on; try again."};
    case ErrorKind::store_unavailable:
    case ErrorKind::storage_full:
    case ErrorKind::region_unavailable:
      return unexpected(503);
    case ErrorKind::internal:
      return unexpected(500);
  }
  return unexpected(500);
}

CallError missing_data() {
  return {400, "MISSING_REQUEST_DATA", "Request data is missing."};
}
CallError empty_object(std::string_view object) {
  return {400, "EMPTY_REQUEST_OBJECT", object_is_empty_text(object)};
}
CallError missing_property(std::string_view property, std::string_view object) {
  return {400, "MISSING_REQUEST_PROPERTY", property_is_missing_text(property, object)};
}
CallError empty_property(std::string_view property) {
  return {400, "EMPTY_REQUEST_PROPERTY", property_is_empty_text(property)};
}
CallError bad_format(std::string_view property, std::string_view format) {
  return {400, "INVALID_PROPERTY_FORMAT", bad_format_text(property, format)};
}
CallError bad_method(std::string_view method) {
  return {400, "INVALID_REQUEST_METHOD", fmt::format("Request method is invalid: {}", method)};
}
CallError request_not_found(std::string_view id) {
  return {400, "REQUEST_NOT_FOUND", fmt::format("Request {} isn't found using the requestId property", id)};
}

http::Response render(const CallError& error, const Settings& settings) {
  std::string message = error.message;
  if (settings.flag("netsuite.nested_errors")) {
    message.clear();
    JsonWriter(message)
        .begin_object()
        .field("type", "error.SuiteScriptError")
        .field("name", error.code)
        .field("message", error.message)
        .key("stack")
        .begin_array()
        .end_array()
        .key("cause")
        .begin_object()
        .field("name", error.code)
        .field("message", error.message)
        .end_object()
        .field("id", "")
        .field("notifyOff", false)
        .field("userFacing", true)
        .end_object();
  }
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("error").begin_object().field("code", error.code).field("message", message);
  out.end_object().end_object();
  return http::Response::json(error.status, std::move(body));
}

http::Response render(const http::Request& request, const Error& error, const Settings& settings) {
  const CallError wire = call_error(request, error);
  const bool is_login = wire.status == 401;  // identity has logged its cause
  if (!is_login && !error.detail.empty()) {
    log::write(wire.status >= 500 ? log::Level::error : log::Level::info, "request refused",
               {{"request", request.id}, {"code", wire.code}, {"detail", error.detail}});
  }
  http::Response response = render(wire, settings);
  if (is_worth_retrying(error.kind)) response.with_header("Retry-After", std::string(retry_after_s));
  const bool is_about_token = is_login || error.field == authorization_field;
  if (is_about_token && scheme_of(request) == Scheme::bearer) {
    response.with_header("WWW-Authenticate",
                         fmt::format("Bearer realm=\"{}\", error=\"{}\", error_description=\"{}\"", realm_of(request),
                                     is_login ? "invalid_token" : "invalid_request",
                                     is_login ? "The token is unknown, revoked or expired." : "There is no token."));
  }
  return response;
}

}  // namespace meterport::netsuite
