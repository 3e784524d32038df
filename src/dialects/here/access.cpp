#include "dialects/here/access.h"

#include <fmt/format.h>

#include "dialects/here/here_error.h"
#include "http/text.h"

namespace meterport::here {
namespace {

constexpr std::string_view realms_path = "/v2/usage/realms/";

/// Before the body is read there are no path values yet.
std::string_view realm_in(const http::Request& request) {
  if (const auto found = request.path_values.find(realm_field); found != request.path_values.end())
    return found->second;
  std::string_view path = request.path;
  if (!path.starts_with(realms_path)) return {};
  path.remove_prefix(realms_path.size());
  return path.substr(0, path.find('/'));
}

}  // namespace

Result<identity::TokenCaller> authenticate(const Services& services, const http::Request& request) {
  const auto refuse = [&](std::string_view cause) {
    services.identity.note_refused(nullptr, cause, request.peer, request.id);
    return fail(ErrorKind::unauthenticated, "the caller is not known", std::string(cause));
  };
  const std::string_view header = request.header("Authorization");
  if (header.empty()) return refuse("no_authorization");
  if (!http::same_ignoring_case(header.substr(0, header.find(' ')), "bearer")) return refuse(not_bearer_cause);
  return services.identity.authenticate_access_token(request.bearer());
}

bool keep_to_project(const Principal& principal, BilledUsageSpec& spec) {
  if (principal.project.empty()) return true;
  if (spec.project.empty()) spec.project = principal.project;
  return spec.project == principal.project;
}

const Org* org_for(const catalog::Snapshot& catalogue, const Principal& principal, std::string_view realm, Need need) {
  const Org* org = catalogue.org_by_realm(realm);
  if (org == nullptr || !catalogue.covers(principal.org, org->id)) return nullptr;
  const bool may = catalogue.allows(principal, Role::exporter, org->id) ||
                   (need == Need::usage && catalogue.allows(principal, Role::viewer, org->id));
  return may ? org : nullptr;
}

Result<RealmCaller> enter_realm(const Services& services, const http::Request& request, Need need) {
  auto token = authenticate(services, request);
  if (!token) return fail(std::move(token));
  const std::string_view realm = realm_in(request);
  if (!is_realm(realm)) {
    return fail(ErrorKind::invalid, "realmId: must be of 5 to 30 letters, digits, - and _", {},
                std::string(realm_field));
  }
  RealmCaller caller{std::move(*token), services.catalog.current(), nullptr};
  caller.org = org_for(*caller.catalogue, caller.token.principal, realm, need);
  if (caller.org == nullptr) {
    services.identity.note_refused(&caller.token.principal, "realm_refused", request.peer, request.id);
    return forbidden();
  }
  return caller;
}

}  // namespace meterport::here
