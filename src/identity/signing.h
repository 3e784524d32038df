// Private to identity: what the checks of signed requests share, whatever the wire: the clock's window, nonces, the
// signature over one of several URLs, and who is told of a refusal. Thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/instant.h"
#include "identity/audit.h"
#include "identity/oauth1.h"
#include "identity/signed_request.h"

namespace meterport::identity {

/// True when oauth_timestamp is at most timestamp_window_s off. None: it is no whole number of seconds.
std::optional<bool> is_in_window(std::string_view timestamp, Instant now);
/// 6 to 255 bytes of any alphabet.
bool is_nonce(std::string_view nonce);

struct SigningSecrets {
  std::string_view consumer;
  std::string_view token;  ///< empty where a wire has no tokens
};
/// True when the header's signature is that of `parameters` (beside the header's own) and one of the request's URLs.
bool is_signed_with(const SignedRequest& request, const oauth1::Header& header, const oauth1::Parameters& parameters,
                    const SigningSecrets& secrets);

/// Log and audit trail get the error's detail as the cause. `entry` has org, principal and subject, as far as they are
/// known, `signer` is the id for the log. Of the store's trouble, which is no refusal, nothing is told.
void tell_refused(Audit& audit, const SignedRequest& request, const Error& error, std::string_view signer,
                  AuditEntry entry);

}  // namespace meterport::identity
