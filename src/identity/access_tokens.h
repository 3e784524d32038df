// Private to identity: the text of access tokens. Nothing of them is stored: what one says stands in it, under a MAC
// whose key is derived from keys/identity-secret. So a token holds over a restart, and one that was changed in any
// byte, or written another way, is none. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "identity/secret_hash.h"

namespace meterport::identity {

struct TokenClaims {
  std::string key_id;
  Instant issued, expires;
  std::string project;  ///< empty: not of one project
};

class AccessTokens {
 public:
  static constexpr std::size_t bytes_max = 4'096;

  explicit AccessTokens(const SecretHash& hash) : key_(hash.derived_key(SecretHash::Purpose::access_tokens)) {}

  /// "h1.", the claims, ".", the MAC; both as base64url without padding.
  [[nodiscard]] std::string write(const TokenClaims& claims) const;
  /// None: not written by this server. Whether it has expired is the caller's.
  [[nodiscard]] std::optional<TokenClaims> read(std::string_view token) const;

 private:
  [[nodiscard]] std::string mac_of(std::string_view text) const;

  const SecretHash::Key key_;
};

}  // namespace meterport::identity
