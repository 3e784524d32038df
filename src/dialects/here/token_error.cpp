#include "dialects/here/token_error.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/json_writer.h"
#include "dialects/here/correlation.h"
#include "http/problem.h"

namespace meterport::here {
namespace {

struct Cause {
  std::string_view word;
  int code;
  std::string_view message;
};

/// Words of identity (identity.h, authenticate_app). Who guesses keys learns nothing from unknown_key.
constexpr std::array causes = {
    Cause{"no_authorization", 401200, "The Authorization header is missing."},
    Cause{"malformed_header", 401202, "The Authorization header is no OAuth 1.0 header with each field once."},
    Cause{"timestamp", 401204, "The timestamp is outside the allowed window; the path /timestamp tells the time."},
    Cause{"signature_method", 401205, "The signature method must be HMAC-SHA256."},
    Cause{"version", 401206, "The OAuth version must be 1.0."},
    Cause{"nonce_used", 401207, "The nonce was used already."},
    Cause{"unknown_key", 401300, "The credentials or the signature are wrong."},
    Cause{"bad_signature", 401300, "The credentials or the signature are wrong."},
    Cause{"app_id_as_key", 401310, "The consumer key is a client id; it must be the access key id."},
    Cause{"app_not_active", 401311, "The client is not active."},
    Cause{"key_disabled", 401424, "The access key is disabled."},
};

std::optional<TokenError> refused_app(std::string_view word) {
  for (const Cause& cause : causes) {
    if (cause.word == word) return TokenError{401, cause.code, std::string(cause.message), "invalid_client"};
  }
  return std::nullopt;
}

std::string_view action_of(int status) {
  switch (status) {
    case 401:
      return "Correct the credentials and the signature and retry request";
    case 403:
      return "Ask for a scope that the client is in";
    case 429:
      return "Wait as long as Retry-After says and retry request";
    default:
      return "Correct input data and retry request";
  }
}

}  // namespace

TokenError invalid_field(FieldError field) {
  std::string message = fmt::format("{}: {}", field.name, field.message);
  return {400, 400200, std::move(message), "invalid_request", {std::move(field)}};
}

TokenError illegal_grant(std::string_view name, std::string_view grant) {
  const std::string message = fmt::format("{}: the grant type must be client_credentials, not \"{}\"", name, grant);
  return {400, 400290, message, "unsupported_grant_type", {{std::string(name), 400290, message}}};
}

TokenError several_scopes() {
  const std::string message = "scope: more than one project is asked for";
  return {400, 400981, message, "invalid_scope", {{"scope", 400981, message}}};
}

TokenError scope_not_allowed() {
  return {403, 403109, "The client is not in the project that is asked for.", "invalid_scope"};
}

TokenError token_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unauthenticated:
    case ErrorKind::bad_credentials:
      return refused_app(error.detail).value_or(*refused_app("bad_signature"));
    case ErrorKind::malformed:
      return refused_app(error.detail).value_or(TokenError{400, 400002, "The request can't be read."});
    case ErrorKind::forbidden:
      return scope_not_allowed();
    case ErrorKind::unsupported_media:
      return {400, 400004, "The content type must be application/x-www-form-urlencoded or application/json."};
    case ErrorKind::too_large:
      return {400, 400917, "The request is too large."};
    case ErrorKind::not_supported:
      return {400, 400290, "The grant type must be client_credentials.", "unsupported_grant_type"};
    case ErrorKind::rate_limited:
    case ErrorKind::busy:
    case ErrorKind::too_many_jobs:
      return {429, 429002, "Too many requests.", "temporarily_unavailable"};
    case ErrorKind::invalid:
    case ErrorKind::range_too_long:
      return {400, 400200, error.text.empty() ? "The request is not valid." : error.text};
    case ErrorKind::not_found:
    case ErrorKind::no_such_path:
    case ErrorKind::method_not_allowed:
    case ErrorKind::conflict:
    case ErrorKind::not_ready:
    case ErrorKind::gone:
    case ErrorKind::store_unavailable:
    case ErrorKind::storage_full:
    case ErrorKind::region_unavailable:
    case ErrorKind::internal:
      break;
  }
  TokenError rest{500, 500000, "The server can't answer now.", "server_error"};
  rest.other = error;
  return rest;
}

http::Response render_token_error(const TokenError& error, std::string_view correlation_id, Random& random) {
  const std::string_view title = error.status == 400 ? "Input data failed validation" : http::reason_of(error.status);
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.field("errorId", "ERROR-" + make_uuid(random)).field("httpStatus", error.status).field("errorCode", error.code);
  out.field("message", error.message).key("errorFields").begin_array();
  for (const FieldError& field : error.fields) {
    out.begin_object().field("name", field.name).field("errorCode", field.code).field("message", field.message);
    out.end_object();
  }
  out.end_array();
  out.field("error", error.oauth_error).field("error_description", error.message);
  out.field("title", title).field("status", error.status).field("code", std::to_string(error.code));
  out.field("cause", error.message).field("action", action_of(error.status)).field("correlationId", correlation_id);
  out.end_object();
  http::Response response = http::Response::json(error.status, std::move(body));
  if (error.status == 401) response.with_header("WWW-Authenticate", "OAuth realm=\"here\"");
  if (error.status == 429) response.with_header("Retry-After", "5");
  return response;
}

}  // namespace meterport::here
