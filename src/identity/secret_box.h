// Private to identity: secrets that must be known again (an HMAC needs them), sealed for the control store with
// XChaCha20-Poly1305 under a key derived from keys/identity-secret. Without that file a stolen store says nothing of
// them, and a sealed text that was changed, or put in another row, does not open. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "identity/secret_hash.h"

namespace meterport::identity {

class SecretBox {
 public:
  SecretBox(const SecretHash& hash, Random& random)
      : key_(hash.derived_key(SecretHash::Purpose::sealing)), random_(random) {}

  /// Hex. `owner` is what the secret belongs to: it opens under the same one only.
  [[nodiscard]] std::string seal(std::string_view secret, std::string_view owner) const;
  /// store_unavailable: not sealed under this key for this owner.
  [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view owner) const;

 private:
  const SecretHash::Key key_;
  Random& random_;
};

}  // namespace meterport::identity
