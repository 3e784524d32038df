#include "identity/signature_check.h"

#include <algorithm>
#include <array>
#include <string>

#include "identity/signing.h"

namespace meterport::identity {
namespace {

using oauth1::Header;
using oauth1::HeaderFault;

constexpr std::array<std::string_view, 8> required_fields = {
    "realm",           "oauth_consumer_key",     "oauth_token",   "oauth_nonce",
    "oauth_timestamp", "oauth_signature_method", "oauth_version", "oauth_signature"};

std::unexpected<Error> malformed(std::string cause) {
  return fail(ErrorKind::malformed, "the OAuth 1.0 header can't be used", std::move(cause));
}

std::unexpected<Error> refused(std::string cause) {
  return fail(ErrorKind::unauthenticated, "the request's signature was not accepted", std::move(cause));
}

Result<Header> read_header(std::string_view authorization) {
  if (authorization.empty()) return refused("no_authorization");
  auto header = oauth1::parse_header(authorization, required_fields);
  if (header) return std::move(*header);
  switch (header.error()) {
    case HeaderFault::doubled:
    case HeaderFault::empty:
      return malformed("parameter_rejected");
    case HeaderFault::unparsable:
    case HeaderFault::missing:
      break;
  }
  return malformed("MissingTokenPassportRequiredFields");
}

}  // namespace

Result<Principal> SignatureCheck::check(const SignedRequest& request, const SignatureRules& rules) {
  Named named;
  auto principal = checked(request, rules, named);
  if (!principal) tell(request, principal.error(), named);
  return principal;
}

Result<Principal> SignatureCheck::checked(const SignedRequest& request, const SignatureRules& rules, Named& named) {
  const auto header = read_header(request.authorization);
  if (!header) return fail(header);
  named.application = applications_.application(header->value("oauth_consumer_key"));
  named.token = applications_.token(header->value("oauth_token"));
  if (auto fine = check_form(request, *header, rules); !fine) return fail(std::move(fine));
  if (auto fine = check_named(named); !fine) return fail(std::move(fine));
  if (auto fine = check_signature(request, rules, *header, named); !fine) return fail(std::move(fine));
  if (request.body) {
    if (auto fine = remember(*header, rules, named); !fine) return fail(std::move(fine));
  }
  Principal principal;
  principal.id = named.token->id;
  principal.name = named.token->name;
  principal.org = named.application->org;
  principal.grants = named.token->grants;
  principal.default_source = "netsuite";
  return principal;
}

Status SignatureCheck::check_form(const SignedRequest& request, const Header& header,
                                  const SignatureRules& rules) const {
  if (header.value("oauth_version") != "1.0") return malformed("VersionRejected");
  const auto method = oauth1::parse_signature_method(header.value("oauth_signature_method"));
  if (!method || (*method == oauth1::SignatureMethod::hmac_sha1 && !rules.takes_hmac_sha1)) {
    return malformed("UnknownAlgorithm");
  }
  const auto is_timely = is_in_window(header.value("oauth_timestamp"), clock_.now());
  if (!is_timely) return malformed("InvalidTimestamp");
  if (!*is_timely && !request.is_head_accepted) return refused("InvalidTimestamp");
  return is_nonce(header.value("oauth_nonce")) ? Status{} : refused("nonce_rejected");
}

Status SignatureCheck::check_named(const Named& named) const {
  if (!named.application) return refused("consumer_key_unknown");
  const auto snapshot = catalog_.current();
  const Org* org = snapshot->org(named.application->org);
  // A disabled org goes on sending usage; a deleted one does not (crosswalk 2.2 status).
  const bool is_blocked =
      named.application->revoked || org == nullptr || org->status_on(day_of(clock_.now())) == OrgStatus::deleted;
  if (is_blocked) return refused("consumer_key_refused");
  if (!named.token || named.token->revoked || named.token->consumer_key != named.application->consumer_key) {
    return refused("token_rejected");
  }
  const bool has_role =
      std::ranges::any_of(named.token->grants, [](const Grant& grant) { return grant.role != Role::operator_; });
  return has_role ? Status{} : refused("permission_denied");
}

Status SignatureCheck::check_signature(const SignedRequest& request, const SignatureRules& rules, const Header& header,
                                       const Named& named) {
  const auto snapshot = catalog_.current();
  const Org* org = snapshot->org(named.application->org);
  const bool is_realm =
      org != nullptr && !org->netsuite_account.empty() &&
      normal_netsuite_account(header.value("realm")) == normal_netsuite_account(org->netsuite_account);
  if (!is_realm) return refused("InvalidSignature");
  const Instant now = clock_.now();
  const oauth1::Parameters none;
  const oauth1::Parameters& query = request.query ? *request.query : none;
  if (!is_signed_with(request, header, query, {named.application->secret, named.token->secret})) {
    if (rules.locks_out) lockout_.bad_signature(named.token->id, now);
    return refused("InvalidSignature");
  }
  if (request.body && header.has("oauth_body_hash") &&
      !oauth1::is_body_hash(header.value("oauth_body_hash"), *request.body)) {
    return refused("InvalidSignature");
  }
  if (rules.locks_out && lockout_.is_locked(named.token->id, now)) return refused("temporary_locked");
  return {};
}

Status SignatureCheck::remember(const Header& header, const SignatureRules& rules, const Named& named) {
  auto is_new = nonces_.use(named.token->id, header.value("oauth_timestamp"), header.value("oauth_nonce"));
  if (!is_new) return fail(std::move(is_new));
  if (!*is_new) return refused("nonce_used");
  if (rules.locks_out) lockout_.good_signature(named.token->id);
  return {};
}

void SignatureCheck::tell(const SignedRequest& request, const Error& error, const Named& named) {
  const std::string token = named.token ? named.token->id : std::string();
  // Of a token under another's consumer key the owner of that application hears, without the token's name.
  const bool is_own =
      named.token && (!named.application || named.token->consumer_key == named.application->consumer_key);
  const ApplicationPtr application = is_own ? applications_.application(named.token->consumer_key) : named.application;
  AuditEntry entry;
  if (application) entry.org = application->org;
  if (is_own) {
    entry.principal = named.token->name;
    entry.principal_id = token;
  }
  entry.subject = is_own ? token : application ? application->consumer_key : std::string();
  tell_refused(audit_, request, error, token, std::move(entry));
}

}  // namespace meterport::identity
