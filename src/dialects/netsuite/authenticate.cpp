#include "dialects/netsuite/authenticate.h"

#include <map>
#include <optional>
#include <vector>

#include "dialects/netsuite/call_error.h"
#include "dialects/netsuite/schemes.h"
#include "http/url.h"

namespace meterport::netsuite {
namespace {

constexpr std::string_view script_id = "customscript_sbe_rs_main";
constexpr std::string_view deployment_id = "customdeploy_sbe_rs_main";
constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// What follows the scheme's word.
std::string_view credentials_of(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  return trimmed(header.substr(std::min(header.find(' '), header.size())));
}

/// The cause goes into log and audit trail alone.
std::unexpected<Error> refused(const Services& services, const http::Request& request, ErrorKind kind,
                               std::string_view cause, const Principal* caller = nullptr) {
  services.identity.note_refused(caller, cause, request.peer, request.id);
  return fail(kind, "the caller is not known", std::string(cause));
}

/// The URLs a client may have signed for (6.1, 5): the configured ones, then the one it reached.
std::vector<std::string> signed_urls(const Settings& settings, const http::Request& request) {
  const auto target = http::split_target(request.target);
  const std::string path(target ? target->path : std::string_view());
  std::vector<std::string> bases = settings.list("netsuite.base_urls");
  bases.push_back(settings.text("server.public_url"));
  bases.push_back(std::string(request.is_tls ? "https://" : "http://") + std::string(request.header("Host")));
  std::vector<std::string> urls;
  for (std::string& base : bases) {
    while (base.ends_with('/')) base.pop_back();
    if (!base.empty()) urls.push_back(base + path);
  }
  return urls;
}

Result<Principal> by_signature(const Services& services, const http::Request& request, bool is_whole) {
  identity::SignedRequest signed_request;
  signed_request.authorization = request.header("Authorization");
  signed_request.method = http::to_string(request.method);
  signed_request.urls = signed_urls(services.settings, request);
  signed_request.query = &request.query;
  if (is_whole) signed_request.body = request.body;
  signed_request.is_head_accepted = is_whole && !request.body.empty();  // authorize() saw it
  signed_request.peer = request.peer;
  signed_request.request_id = request.id;
  const identity::SignatureRules rules{.takes_hmac_sha1 = services.settings.flag("netsuite.hmac_sha1"),
                                       .locks_out = services.settings.flag("netsuite.lockout")};
  return services.identity.authenticate_signed(signed_request, rules);
}

Result<Principal> by_token(const Services& services, const http::Request& request) {
  const std::string_view token = credentials_of(request);
  if (token.empty()) {
    return fail(ErrorKind::malformed, "The Authorization header holds no token.", {}, std::string(authorization_field));
  }
  auto principal = services.identity.authenticate_bearer(token);
  if (!principal && principal.error().kind == ErrorKind::unauthenticated) {
    return refused(services, request, ErrorKind::unauthenticated, "token_rejected");
  }
  return principal;
}

/// `nlauth_account=1234567, nlauth_email=a%40b.example, ...`; nothing if it is not of that form.
std::optional<std::map<std::string, std::string, std::less<>>> nlauth_fields(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto value = http::percent_decode(part.substr(equals + 1));
    if (!value || !fields.emplace(part.substr(0, equals), std::move(*value)).second) return std::nullopt;
  }
  return fields;
}

Result<Caller> by_password(const Services& services, const http::Request& request, bool is_whole) {
  const auto no = [&](std::string_view cause, const Principal* caller = nullptr) {
    return refused(services, request, ErrorKind::bad_credentials, cause, caller);
  };
  if (!services.settings.flag("netsuite.nlauth")) return no("nlauth_off");
  const auto fields = nlauth_fields(credentials_of(request));
  if (!fields) return no("nlauth_unparsable");
  for (const char* name : {"nlauth_account", "nlauth_email", "nlauth_signature"}) {
    const auto found = fields->find(name);
    if (found == fields->end() || found->second.empty()) return no("nlauth_incomplete");
  }
  const auto catalogue = services.catalog.current();
  const Org* account = catalogue->org_by_netsuite_account(fields->at("nlauth_account"));
  if (!is_whole) return Caller{};
  const std::string account_id = account == nullptr ? std::string() : account->id;
  auto principal = services.identity.authenticate_password(fields->at("nlauth_email"), fields->at("nlauth_signature"),
                                                           account_id, request.peer);
  if (!principal) return fail(std::move(principal));
  if (account_id.empty() || !catalogue->may_know(*principal, account_id)) return no("account_refused", &*principal);
  return Caller{std::move(*principal), account_id};
}

/// The account of a key is that of its own org.
Result<Caller> with_account(const Services& services, const http::Request& request, Result<Principal> principal) {
  if (!principal) return fail(std::move(principal));
  const auto catalogue = services.catalog.current();
  const Org* org = catalogue->org(principal->org);
  if (org == nullptr || org->netsuite_account.empty() || !catalogue->may_know(*principal, org->id)) {
    return refused(services, request, ErrorKind::unauthenticated, "no_account", &*principal);
  }
  return Caller{std::move(*principal), org->id};
}

}  // namespace

Result<Caller> authenticate(const Services& services, const http::Request& request, bool is_whole) {
  switch (scheme_of(request)) {
    case Scheme::oauth:
    case Scheme::none:  // identity logs that there is no header
      return with_account(services, request, by_signature(services, request, is_whole));
    case Scheme::bearer:
      return with_account(services, request, by_token(services, request));
    case Scheme::nlauth:
      return by_password(services, request, is_whole);
    case Scheme::other:
      break;
  }
  return refused(services, request, ErrorKind::unauthenticated, "scheme_unknown");
}

Status check_head(const Settings& settings, const http::Request& request) {
  const std::string_view script = request.query_value("script").value_or("");
  const std::string_view deployment = request.query_value("deploy").value_or("");
  const std::string &own_script = settings.text("netsuite.script"), &own_deployment = settings.text("netsuite.deploy");
  const bool is_documented = script == script_id && deployment == deployment_id;
  const bool is_numbered =
      !own_script.empty() && !own_deployment.empty() && script == own_script && deployment == own_deployment;
  if (!is_documented && !is_numbered) return fail(ErrorKind::no_such_path, "no such script and deployment");
  if (request.method != http::Method::post) return fail(ErrorKind::method_not_allowed, "POST only");
  const std::string_view type = request.header("Content-Type");
  const std::string_view coding = request.header("Content-Encoding");
  const bool is_json = http::same_ignoring_case(trimmed(type.substr(0, type.find(';'))), "application/json");
  if (!is_json || !(coding.empty() || http::same_ignoring_case(coding, "identity"))) {
    return fail(ErrorKind::unsupported_media, "application/json without Content-Encoding only");
  }
  return {};
}

}  // namespace meterport::netsuite
