// Signatures of callbacks as Standard Webhooks 1.0.0 has them, in both schemes: v1 (HMAC-SHA256) and v1a (Ed25519),
// over
// "<id>.<unix seconds>.<body>". Each org has a secret and a key pair of its own, so that what was signed for one
// customer proves nothing to another.
//
// All of them are derived from one secret file, keys/delivery-secret: nothing is stored per org. Whoever removes the
// file (and starts the server again) gives every org new ones. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/random.h"

namespace meterport::delivery {

class SigningKeys {
 public:
  /// Reads FOLDER/delivery-secret, or makes it. store_unavailable: it is damaged; else the file system's errors.
  static Result<SigningKeys> open(FileSystem& files, const std::string& folder, Random& random);

  /// What a receiver of the org's callbacks verifies v1 with: "whsec_" and 32 bytes as base64.
  [[nodiscard]] std::string secret_of(std::string_view org) const;
  /// What he verifies v1a with: "whpk_" and the 32 bytes of the public key as base64.
  [[nodiscard]] std::string public_key_of(std::string_view org) const;
  /// Value of the header webhook-signature: both signatures, a blank between. `id` holds no full stop.
  [[nodiscard]] std::string signature(std::string_view org, std::string_view id, std::int64_t unix_seconds,
                                      std::string_view body) const;

 private:
  using Key = std::array<std::uint8_t, 32>;
  enum class Purpose : std::uint8_t { hmac = 1, ed25519 = 2 };
  [[nodiscard]] Key derived(Purpose purpose, std::string_view org) const;

  Key secret_{};
};

}  // namespace meterport::delivery
