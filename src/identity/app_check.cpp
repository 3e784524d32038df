#include "identity/app_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "identity/signing.h"
#include "identity/user_rules.h"
#include "model/charge_item.h"

namespace meterport::identity {
namespace {

constexpr std::array<std::string_view, 6> required_fields = {"oauth_consumer_key", "oauth_nonce",
                                                             "oauth_timestamp",    "oauth_signature_method",
                                                             "oauth_version",      "oauth_signature"};
/// There are no tokens and no realm on this wire, but client libraries send the fields all the same.
constexpr std::array<std::string_view, 2> unused_fields = {"oauth_token", "realm"};

constexpr std::int64_t lifetime_s_max = 86'400;
constexpr std::size_t project_bytes_max = 1'024;  // leaves a token well below AccessTokens::bytes_max

std::unexpected<Error> malformed(std::string cause) {
  return fail(ErrorKind::malformed, "the OAuth 1.0 header can't be used", std::move(cause));
}

std::unexpected<Error> refused(std::string cause) {
  return fail(ErrorKind::unauthenticated, "the token request was not accepted", std::move(cause));
}

std::unexpected<Error> token_refused(std::string cause) {
  return fail(ErrorKind::unauthenticated, "the access token is not valid", std::move(cause));
}

Status check_form(const oauth1::Header& header) {
  if (header.value("oauth_version") != "1.0") return malformed("version");
  const auto method = oauth1::parse_signature_method(header.value("oauth_signature_method"));
  if (method != oauth1::SignatureMethod::hmac_sha256) return malformed("signature_method");
  return is_nonce(header.value("oauth_nonce")) ? Status{} : malformed("malformed_header");
}

Status check_time(const oauth1::Header& header, Instant now) {
  const auto is_timely = is_in_window(header.value("oauth_timestamp"), now);
  if (!is_timely) return malformed("timestamp");
  return *is_timely ? Status{} : refused("timestamp");
}

oauth1::Parameters query_and_form(const SignedRequest& request, const oauth1::Parameters& form) {
  oauth1::Parameters all = form;
  if (request.query) all.insert(all.end(), request.query->begin(), request.query->end());
  return all;
}

}  // namespace

AppCheck::Named AppCheck::named_by(std::string_view consumer_key) const {
  Named named;
  named.key = keys_.key(consumer_key);
  named.app = keys_.app(named.key ? std::string_view(named.key->app_id) : consumer_key);
  return named;
}

Status AppCheck::check_named(const Named& named) const {
  if (!named.key) return refused(named.app ? "app_id_as_key" : "unknown_key");
  if (named.key->revoked) return refused("key_disabled");
  const auto snapshot = catalog_.current();
  const Org* org = snapshot->org(named.app->org);
  const bool is_active = org != nullptr && org->status_on(day_of(clock_.now())) == OrgStatus::active;
  return is_active && !named.app->revoked ? Status{} : refused("app_not_active");
}

Result<SigningApp> AppCheck::check(const SignedRequest& request, const oauth1::Parameters& form) {
  Named named;
  const Status outcome = check_signed(request, form, named);
  return told(request, outcome, named);
}

Status AppCheck::check_signed(const SignedRequest& request, const oauth1::Parameters& form, Named& named) {
  if (!oauth1::is_oauth(request.authorization)) return refused("no_authorization");
  const auto header = oauth1::parse_header(request.authorization, required_fields, unused_fields);
  if (!header) return malformed("malformed_header");
  named = named_by(header->value("oauth_consumer_key"));
  if (auto fine = check_form(*header); !fine) return fine;
  if (auto fine = check_named(named); !fine) return fine;
  if (auto fine = check_time(*header, clock_.now()); !fine) return fine;
  const SigningSecrets secrets{named.key->secret, {}};
  if (!is_signed_with(request, *header, query_and_form(request, form), secrets)) return refused("bad_signature");
  auto is_new = nonces_.use(named.key->id, header->value("oauth_timestamp"), header->value("oauth_nonce"));
  if (!is_new) return fail(std::move(is_new));
  return *is_new ? Status{} : refused("nonce_used");
}

Result<SigningApp> AppCheck::check_secret(std::string_view access_key_id, std::string_view secret,
                                          const SignedRequest& request) {
  const Named named = named_by(access_key_id);
  Status outcome = check_named(named);
  if (outcome && !equal_constant_time(named.key->secret, secret)) outcome = refused("bad_signature");
  return told(request, outcome, named);
}

Result<SigningApp> AppCheck::told(const SignedRequest& request, const Status& outcome, const Named& named) {
  if (outcome) return SigningApp{named.key->id, named.app->id, named.app->org};
  AuditEntry entry;
  if (named.app) {
    entry.org = named.app->org;
    entry.subject = named.app->id;
  }
  if (named.key) {
    entry.principal = named.key->name;
    entry.principal_id = entry.subject = named.key->id;
  }
  const std::string signer = entry.subject;
  tell_refused(audit_, request, outcome.error(), signer, std::move(entry));
  return std::unexpected(outcome.error());
}

Result<std::string> AppCheck::issue(const SigningApp& app, std::int64_t lifetime_s, std::string_view project) const {
  if (lifetime_s < 1) return refuse("lifetime", "must be 1 second or more");
  if (project.size() > project_bytes_max) return refuse("project", "is too long");
  if (auto fine = check_named(named_by(app.access_key_id)); !fine) return fail(std::move(fine));
  const Instant now = clock_.now();
  const Instant expires = now.plus_seconds(std::min(lifetime_s, lifetime_s_max));
  return tokens_.write({app.access_key_id, now, expires, std::string(project)});
}

Result<TokenCaller> AppCheck::caller_of(std::string_view token) const {
  auto claims = tokens_.read(token);
  if (!claims) return token_refused("token_malformed");
  if (clock_.now() >= claims->expires) return token_refused("token_expired");
  const Named named = named_by(claims->key_id);
  if (!check_named(named)) return token_refused("token_revoked");
  TokenCaller caller;
  caller.app_id = named.app->id;
  caller.expires = claims->expires;
  if (const UserPtr user = keys_.user_of(*named.key, *named.app)) {
    caller.user_name = user->user.name;
    caller.email = user->user.email;
  }
  const auto snapshot = catalog_.current();
  if (const Org* org = snapshot->org(named.app->org)) caller.realm = realm_of(*org);
  caller.principal.id = named.key->id;
  caller.principal.name = caller.user_name.empty() ? named.key->name : caller.user_name;
  caller.principal.org = named.app->org;
  caller.principal.grants = named.key->grants;
  caller.principal.project = std::move(claims->project);
  return caller;
}

}  // namespace meterport::identity
