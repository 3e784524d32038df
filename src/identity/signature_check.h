// Private to identity: who signed a request (netsuite.md 6.1). The checks come in the order of its table; the first
// that fails is the cause, which the log and the audit trail get and the caller does not.
//
// Thread-safe. Without the request's body check() never waits; with it, it waits for the store to remember the nonce.
#pragma once

#include <string_view>

#include "catalog/catalog.h"
#include "identity/applications.h"
#include "identity/audit.h"
#include "identity/lockout.h"
#include "identity/nonces.h"
#include "identity/oauth1.h"
#include "identity/signed_request.h"

namespace meterport::identity {

class SignatureCheck {
 public:
  SignatureCheck(catalog::Catalog& catalog, Clock& clock, Applications& applications, Nonces& nonces, Audit& audit)
      : catalog_(catalog), clock_(clock), applications_(applications), nonces_(nonces), audit_(audit) {}

  Result<Principal> check(const SignedRequest& request, const SignatureRules& rules);

 private:
  /// Whom the header names, as far as they exist.
  struct Named {
    ApplicationPtr application;
    TokenPtr token;
  };
  Result<Principal> checked(const SignedRequest& request, const SignatureRules& rules, Named& named);
  [[nodiscard]] Status check_form(const SignedRequest& request, const oauth1::Header& header,
                                  const SignatureRules& rules) const;
  [[nodiscard]] Status check_named(const Named& named) const;
  [[nodiscard]] Status check_signature(const SignedRequest& request, const SignatureRules& rules,
                                       const oauth1::Header& header, const Named& named);
  [[nodiscard]] Status remember(const oauth1::Header& header, const SignatureRules& rules, const Named& named);
  void tell(const SignedRequest& request, const Error& error, const Named& named);

  catalog::Catalog& catalog_;
  Clock& clock_;
  Applications& applications_;
  Nonces& nonces_;
  Audit& audit_;
  Lockout lockout_;
};

}  // namespace meterport::identity
