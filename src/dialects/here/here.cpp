#include "dialects/here/here.h"

#include <memory>
#include <utility>

#include "dialects/here/access.h"
#include "dialects/here/context.h"
#include "dialects/here/correlation.h"
#include "dialects/here/here_error.h"
#include "dialects/here/report_object.h"

namespace meterport::here {
namespace {

using http::Method;
using http::Request;
using http::Response;
using ServicesPtr = std::shared_ptr<const Services>;
using Get = Result<Response> (*)(const Services&, const Request&);

constexpr const char* realm_path = "/v2/usage/realms/{realmId}";
constexpr std::string_view realms_path = "/v2/usage/realms/";
constexpr std::size_t report_body_bytes_max = 1 << 20;
constexpr std::size_t token_body_bytes_max = 64 << 10;

/// The answer, or the error as this wire prints it, with the headers that both have.
Response finish(const Services& services, const Request& request, Result<Response> answer) {
  const std::string id = correlation_id_of(request, services.random);
  Response response = answer ? std::move(*answer) : render_error(request, answer.error(), id, services.random);
  add_call_headers(response, request, id);
  return response;
}

Response render(const Services& services, const Request& request, const Error& error) {
  return finish(services, request, std::unexpected(error));
}

/// Who may not ask is told that before what can't be read in his request (here.md 4.4).
Response render_usage(const Services& services, const Request& request, const Error& error) {
  if (error.kind != ErrorKind::malformed) return render(services, request, error);
  if (request.path.starts_with(realms_path)) {
    const auto caller = enter_realm(services, request, Need::usage);
    return render(services, request, caller ? error : caller.error());
  }
  const auto caller = authenticate(services, request);
  return render(services, request, caller ? error : caller.error());
}

Response finish_token(const Services& services, const Request& request, TokenResult<Response> answer) {
  if (answer) return finish(services, request, std::move(*answer));
  if (answer.error().other) return render(services, request, *answer.error().other);
  const std::string id = correlation_id_of(request, services.random);
  Response response = render_token_error(answer.error(), id, services.random);
  add_call_headers(response, request, id);
  return response;
}

Response render_token(const Services& services, const Request& request, const Error& error) {
  return finish_token(services, request, std::unexpected(token_error(error)));
}

http::Route route_of(const ServicesPtr& services, Method method, std::string path) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.errors = [services](const Request& request, const Error& error) { return render(*services, request, error); };
  return route;
}

/// A route of the usage API, which none but callers with a token may ask.
http::Route usage_route_of(const ServicesPtr& services, Method method, std::string path) {
  http::Route route = route_of(services, method, std::move(path));
  route.errors = [services](const Request& request, const Error& error) {
    return render_usage(*services, request, error);
  };
  return route;
}

void add_get(http::Router& router, const ServicesPtr& services, http::Route route, Get get) {
  route.handler = [services, get](const Request& request, http::Reply reply) {
    reply(finish(*services, request, get(*services, request)));
  };
  router.add(std::move(route));
}

void add_usage_routes(http::Router& router, const ServicesPtr& services) {
  const std::string realm = realm_path;
  const auto add = [&](std::string path, Get get) {
    add_get(router, services, usage_route_of(services, Method::get, std::move(path)), get);
  };
  add("/v2/health", get_health);
  add("/v2/version", get_version);
  add(realm, get_usage);
  add(realm + "/csv", get_usage_csv);
  add(realm + "/reports", get_reports);
  // The singular is what a vendor sample prints.
  for (const char* reports : {"/reports", "/report"}) {
    add(realm + reports + "/{reportId}", get_report);
    add(realm + reports + "/{reportId}/output", get_report_output);
  }
  http::Route create = usage_route_of(services, Method::post, realm + "/reports");
  create.body_bytes_max = report_body_bytes_max;
  create.authorize = [services](const Request& request) -> Status {
    if (auto caller = enter_realm(*services, request, Need::reports); !caller) return fail(std::move(caller));
    return {};
  };
  create.handler = [services](const Request& request, http::Reply reply) {
    reply(finish(*services, request, post_report(*services, request)));
  };
  router.add(std::move(create));
}

void add_token_routes(http::Router& router, const ServicesPtr& services) {
  http::Route token = route_of(services, Method::post, "/oauth2/token");
  token.body_bytes_max = token_body_bytes_max;
  token.authorize = [services](const Request& request) { return check_token_head(*services, request); };
  token.errors = [services](const Request& request, const Error& error) {
    return render_token(*services, request, error);
  };
  token.handler = [services](const Request& request, http::Reply reply) {
    reply(finish_token(*services, request, post_token(*services, request)));
  };
  router.add(std::move(token));
  const auto add = [&](std::string path, Get get) {
    add_get(router, services, route_of(services, Method::get, std::move(path)), get);
  };
  add("/timestamp", [](const Services& all, const Request&) -> Result<Response> { return get_timestamp(all); });
  add("/.well-known/oauth-authorization-server", [](const Services& all, const Request& request) -> Result<Response> {
    return get_server_metadata(all, request);
  });
  add("/app/me/authorization", get_own_authorization);
}

}  // namespace

void add_routes(http::Router& router, const Services& given) {
  // Handlers outlive this call: they share one copy of the references.
  const auto services = std::make_shared<const Services>(given);
  add_usage_routes(router, services);
  add_token_routes(router, services);
  router.add_fallback({"/v2", [services](const Request& request, const Error& error) {
                         return render_usage(*services, request, error);
                       }});
  // Beside them also the tree without /v2, which clients of older descriptions ask for.
  for (const char* prefix : {"/usage/", "/health", "/version", "/oauth2/"}) {
    router.add_fallback(
        {prefix, [services](const Request& request, const Error& error) { return render(*services, request, error); }});
  }
  given.exports.set_mail_text(std::string(dialect_name), report_mail);
}

}  // namespace meterport::here
