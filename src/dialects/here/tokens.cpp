// The token endpoint and what stands beside it (here.md 5).
#include <fmt/format.h>

#include "base/json_writer.h"
#include "dialects/here/context.h"
#include "dialects/here/token_request.h"
#include "http/url.h"

namespace meterport::here {
namespace {

constexpr std::string_view token_path = "/oauth2/token";

/// Where a client may think it is: what it reached, the server's public address, the configured ones.
std::vector<std::string> signed_urls(const Settings& settings, const http::Request& request) {
  const auto target = http::split_target(request.target);
  const std::string path(target ? target->path : token_path);
  std::vector<std::string> urls = settings.list("here.token_urls");
  urls.push_back(std::string(request.origin()) + path);
  urls.push_back(fmt::format("{}://{}{}", request.is_tls ? "https" : "http", request.header("Host"), path));
  return urls;
}

Result<identity::SigningApp> authenticate_app(const Services& services, const http::Request& request,
                                              const TokenBody& body) {
  const PlainSecret plain = plain_secret(body);
  const bool is_unsigned = request.header("Authorization").empty() && !plain.key_id.empty();
  if (is_unsigned && services.settings.flag("here.unsigned_secrets")) {
    return services.identity.authenticate_app_secret(plain.key_id, plain.secret, request.peer, request.id);
  }
  identity::SignedRequest signed_request;
  signed_request.authorization = request.header("Authorization");
  signed_request.method = http::to_string(request.method);
  signed_request.urls = signed_urls(services.settings, request);
  signed_request.query = &request.query;
  signed_request.body = request.body;
  signed_request.peer = request.peer;
  signed_request.request_id = request.id;
  static const identity::oauth1::Parameters none;
  return services.identity.authenticate_app(signed_request, body.is_form ? body.fields : none);
}

/// A project is the app's if its realm is the app's own or under it.
bool may_ask_for(const Services& services, const identity::SigningApp& app, const TokenRequest& request) {
  if (request.project.empty()) return true;
  const auto catalogue = services.catalog.current();
  const Org* org = catalogue->org_by_realm(request.scope_realm);
  return org != nullptr && catalogue->covers(app.org, org->id);
}

std::unexpected<TokenError> refuse(TokenError error) {
  return std::unexpected(std::move(error));
}

}  // namespace

Status check_token_head(const Services& services, const http::Request& request) {
  if (!request.header("Authorization").empty() || services.settings.flag("here.unsigned_secrets")) return {};
  services.identity.note_refused(nullptr, "no_authorization", request.peer, request.id);
  return fail(ErrorKind::unauthenticated, "the request is not signed", "no_authorization");
}

TokenResult<http::Response> post_token(const Services& services, const http::Request& request) {
  // Without a body nobody has looked at the head yet.
  if (auto fine = check_token_head(services, request); !fine) return refuse(token_error(fine.error()));
  const auto body = read_token_body(request.header("Content-Type"), request.body);
  if (!body) return refuse(body.error());
  const auto app = authenticate_app(services, request, *body);
  if (!app) return refuse(token_error(app.error()));
  const auto wanted = read_token_request(*body);
  if (!wanted) return refuse(wanted.error());
  if (!may_ask_for(services, *app, *wanted)) return refuse(scope_not_allowed());
  const auto token = services.identity.issue_access_token(*app, wanted->lifetime_s, wanted->project);
  if (!token) return refuse(token_error(token.error()));
  return http::Response::json(200, token_answer(*wanted, *token));
}

http::Response get_timestamp(const Services& services) {
  std::string body;
  JsonWriter(body).begin_object().field("timestamp", services.clock.now().us / Instant::us_per_second).end_object();
  return http::Response::json(200, std::move(body));
}

http::Response get_server_metadata(const Services& services, const http::Request& request) {
  const bool takes_secrets = services.settings.flag("here.unsigned_secrets");
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("issuer", request.origin());
  out.field("token_endpoint", fmt::format("{}{}", request.origin(), token_path));
  out.key("token_endpoint_auth_methods_supported").begin_array().string("oauth1");
  if (takes_secrets) out.string("client_secret_post");
  out.end_array();
  out.key("token_endpoint_auth_signing_alg_values_supported").begin_array().string("HMAC-SHA256").end_array();
  out.key("grant_types_supported").begin_array().string("client_credentials").end_array();
  out.key("response_types_supported").begin_array().string("token").end_array();
  out.end_object();
  return http::Response::json(200, std::move(body));
}

Result<http::Response> get_own_authorization(const Services& services, const http::Request& request) {
  const auto caller = authenticate(services, request);
  if (!caller) return fail(caller);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("app").begin_object().field("realm", caller->realm).field("clientId", caller->app_id);
  out.end_object();
  out.key("plans").begin_array().end_array().key("policies").begin_array().end_array().end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace meterport::here
