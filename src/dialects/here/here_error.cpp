#include "dialects/here/here_error.h"

#include <array>
#include <utility>

#include "base/json_writer.h"
#include "base/log.h"
#include "dialects/here/correlation.h"
#include "http/problem.h"

namespace meterport::here {
namespace {

constexpr const char* retry_after_s = "5";
constexpr std::string_view unexpected_cause = "The server can't answer now";

struct Named {
  std::string_view name;
  WireError error;
};

/// here.md 4.1, by parameter. What is not named here is E706009.
constexpr std::array parameters = {
    Named{realm_field, {400, "E706001", "Invalid Realm"}},
    Named{"limit", {400, "E706002", "Invalid Limit"}},
    Named{"startDate", {400, "E706003", "start or end Date validation failed"}},
    Named{"endDate", {400, "E706003", "start or end Date validation failed"}},
    Named{"groupBy", {400, "E706004", "Invalid group by field. Supported are appId, billingTag, and project"}},
    Named{"offset", {400, "E706006", "Invalid Offset"}},
    Named{"channelId", {400, "E706007", "Invalid channelId"}},
    Named{"chargeType", {400, "E706007", "Invalid chargeType"}},
    Named{"detailLevel", {400, "E706007", "Invalid detailLevel"}},
    Named{"sort", {400, "E706007", "Invalid sort"}},
    Named{"usageFields", {400, "E706008", "Invalid usageFields"}},
    Named{body_field, {400, "E706010", "Invalid request body"}},
    Named{reports_off_field, {400, "E706015", "Reports are not available"}},
};

/// here.md 4.2, by identity's cause.
constexpr std::array causes = {
    Named{"no_authorization", {401, "401200", "No credentials found."}},
    Named{not_bearer_cause, {401, "401201", "The Authorization header holds no bearer token."}},
    Named{"token_expired", {401, "400600", "The token is expired."}},
    Named{"token_malformed", {401, "400601", "The token is malformed."}},
    Named{"token_revoked", {401, "401701", "The token is no longer valid."}},
};

template <class Table>
WireError find(const Table& table, std::string_view name, WireError otherwise) {
  for (const Named& entry : table) {
    if (entry.name == name) return entry.error;
  }
  return otherwise;
}

bool is_token_cause(std::string_view cause) {
  return !find(causes, cause, {}).code.empty();
}

std::string_view action_of(int status, std::string_view code) {
  switch (status) {
    case 400:
      return "Correct input data and retry request";
    case 401:
      return code == "401200" || code == "401201" ? "Send the header Authorization: Bearer with an access token"
                                                  : "Get a new access token and retry request";
    case 403:
      return "Use credentials that give access to this organization";
    case 404:
      return "Correct the address and retry request";
    case 405:
      return "Use one of the methods of the header Allow";
    case 429:
      return "Wait as long as Retry-After says and retry request";
    default:
      return "Retry request later; if it goes on, tell the operator the errorId";
  }
}

void write_details(JsonWriter& out, const Error& error, const WireError& wire) {
  out.key("details").begin_array().begin_object();
  out.field("title", wire.cause).field("message", error.text.empty() ? wire.cause : std::string_view(error.text));
  if (error.field == reports_off_field) {
    out.field("code", "ASYNC_API_DISABLED_FOR_USER");
  } else if (error.field == body_field) {
    out.field("source", "$.subAccounts");
  }
  out.end_object().end_array();
}

std::string error_response(const Error& error, const WireError& wire, std::string_view correlation_id,
                           std::string_view error_id) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.field("title", wire.status == 400 ? "Input data failed validation" : http::reason_of(wire.status));
  out.field("errorId", error_id).field("status", wire.status).field("code", wire.code).field("cause", wire.cause);
  out.field("action", action_of(wire.status, wire.code)).field("correlationId", correlation_id);
  if (wire.status == 400) write_details(out, error, wire);
  out.end_object();
  return body;
}

/// What the vendor's gateway and its platform print, together (here.md 4.2).
std::string union_body(const WireError& wire, std::string_view correlation_id) {
  const std::string_view title = http::reason_of(wire.status);
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.field("error", title).field("error_description", wire.cause);
  out.field("title", title).field("status", wire.status).field("code", wire.code).field("cause", wire.cause);
  out.field("action", action_of(wire.status, wire.code)).field("correlationId", correlation_id);
  out.end_object();
  return body;
}

}  // namespace

WireError wire_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::bad_credentials:
    case ErrorKind::unauthenticated:
      return find(causes, error.detail, {401, "401701", "The token is no longer valid."});
    case ErrorKind::forbidden:
      return {403, "403403", "These credentials do not provide authorized access."};
    case ErrorKind::not_found:
      return {404, "E706012", "No such report"};
    case ErrorKind::no_such_path:
      return {404, "E706014", "No such path"};
    case ErrorKind::method_not_allowed:
      return {405, "E706014", "This path does not have that method"};
    case ErrorKind::unsupported_media:
    case ErrorKind::malformed:
      return {400, "E706010", error.field == body_field ? "Invalid request body" : "Invalid request"};
    case ErrorKind::invalid:
      return find(parameters, error.field, {400, "E706009", "Invalid parameter"});
    case ErrorKind::range_too_long:
      return {400, "E706005", "The period is longer than 95 days"};
    case ErrorKind::too_large:
      return error.field == csv_rows_field ? WireError{400, "E706011", "Too many records"}
                                           : WireError{400, "E706010", "The request is too large"};
    case ErrorKind::not_ready:
    case ErrorKind::gone:
      return {404, "E706013", "The report has no output"};
    case ErrorKind::too_many_jobs:
      return {429, "429002", "Too many reports are being made for this realm."};
    case ErrorKind::rate_limited:
    case ErrorKind::busy:
      return {429, "429002", "Too many requests."};
    case ErrorKind::store_unavailable:
    case ErrorKind::storage_full:
    case ErrorKind::region_unavailable:
      return {503, "E706016", unexpected_cause};
    // Nothing on this wire is named by its caller, and nothing that it knows is left out.
    case ErrorKind::conflict:
    case ErrorKind::not_supported:
    case ErrorKind::internal:
      return {500, "E706016", unexpected_cause};
  }
  return {500, "E706016", unexpected_cause};
}

bool has_retry_after(ErrorKind kind) {
  return kind == ErrorKind::too_many_jobs || kind == ErrorKind::rate_limited || kind == ErrorKind::busy ||
         kind == ErrorKind::store_unavailable || kind == ErrorKind::storage_full ||
         kind == ErrorKind::region_unavailable;
}

http::Response render_error(const http::Request& request, const Error& error, std::string_view correlation_id,
                            Random& random) {
  const WireError wire = wire_error(error);
  const bool is_union = wire.status == 401 || wire.status == 403 || wire.status == 429;
  const std::string error_id = "ERROR-" + make_uuid(random);
  // The cause of a refused token is identity's to log; the id of a failure is what an operator is told.
  if (wire.status >= 500 || (!error.detail.empty() && !is_token_cause(error.detail))) {
    log::write(wire.status >= 500 ? log::Level::error : log::Level::info, "request refused",
               {{"request", request.id}, {"code", wire.code}, {"error_id", error_id}, {"detail", error.detail}});
  }
  http::Response response = http::Response::json(
      wire.status, is_union ? union_body(wire, correlation_id) : error_response(error, wire, correlation_id, error_id));
  if (has_retry_after(error.kind)) response.with_header("Retry-After", retry_after_s);
  if (wire.status == 401) response.with_header("WWW-Authenticate", "Bearer realm=\"here\"");
  return response;
}

std::unexpected<Error> forbidden() {
  return fail(ErrorKind::forbidden, "These credentials do not provide authorized access.");
}

}  // namespace meterport::here
