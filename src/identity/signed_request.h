// A request signed with OAuth 1.0a (netsuite.md 6.1), as a dialect hands it to Identity. Views only: they must live as
// long as the call.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterport::identity {

struct SignedRequest {
  std::string_view authorization;  ///< the header's value, scheme included
  std::string_view method;         ///< "POST"
  std::vector<std::string> urls;   ///< candidates: scheme://host[:port]/path, no query; one match is enough
  const std::vector<std::pair<std::string, std::string>>* query = nullptr;  ///< decoded, in order; null: none
  /// None: only the head is here. Then nothing is remembered (no nonce, no reset by a good signature) and the body's
  /// hash is not checked.
  std::optional<std::string_view> body;
  /// The head was accepted before the body was read: however long that took, its timestamp is not judged again.
  bool is_head_accepted = false;
  std::string_view peer, request_id;  ///< for log and audit trail
};

struct SignatureRules {
  bool takes_hmac_sha1 = false;
  bool locks_out = true;  ///< five bad signatures in a row lock the token for 30 minutes
};

}  // namespace meterport::identity
