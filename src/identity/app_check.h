// Private to identity: who signed a token request, and who is calling with the token it got (here.md 5). The first
// check that fails is the cause; the order is that of check()'s parts. A refused request is told to the log and the
// audit trail.
//
// Thread-safe. check() waits for the store to remember the nonce of a good request; the others never wait.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "identity/access_tokens.h"
#include "identity/app_keys.h"
#include "identity/audit.h"
#include "identity/nonces.h"
#include "identity/oauth1.h"
#include "identity/signed_request.h"

namespace meterport::identity {

class AppCheck {
 public:
  AppCheck(catalog::Catalog& catalog, Clock& clock, const AppKeys& keys, Nonces& nonces, Audit& audit,
           const SecretHash& hash)
      : catalog_(catalog), clock_(clock), keys_(keys), nonces_(nonces), audit_(audit), tokens_(hash) {}

  Result<SigningApp> check(const SignedRequest& request, const oauth1::Parameters& form);
  Result<SigningApp> check_secret(std::string_view access_key_id, std::string_view secret,
                                  const SignedRequest& request);
  [[nodiscard]] Result<std::string> issue(const SigningApp& app, std::int64_t lifetime_s,
                                          std::string_view project) const;
  [[nodiscard]] Result<TokenCaller> caller_of(std::string_view token) const;

 private:
  /// Whom the request names, as far as they exist. The key's app; or, without a key, the app that was named as one.
  struct Named {
    AppKeyPtr key;
    AppPtr app;
  };
  [[nodiscard]] Named named_by(std::string_view consumer_key) const;
  [[nodiscard]] Status check_named(const Named& named) const;
  Status check_signed(const SignedRequest& request, const oauth1::Parameters& form, Named& named);
  Result<SigningApp> told(const SignedRequest& request, const Status& outcome, const Named& named);

  catalog::Catalog& catalog_;
  Clock& clock_;
  const AppKeys& keys_;
  Nonces& nonces_;
  Audit& audit_;
  const AccessTokens tokens_;
};

}  // namespace meterport::identity
