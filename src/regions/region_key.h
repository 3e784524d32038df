// The key that a region signs with, and what others verify by (Ed25519). The public key as text is what the catalogue's
// regions[] has: "ed25519:" and 32 bytes as base64url without padding.
//
// The secret is 32 random bytes in keys/region-key (hex and a line end, as the other secrets). Whoever removes the file
// and starts the server again has to give its new public key to every other region. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/random.h"

namespace meterport::regions {

class RegionKey {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  /// Reads FOLDER/region-key, or makes it. store_unavailable: it is damaged; else the file system's errors.
  static Result<RegionKey> open(FileSystem& files, const std::string& folder, Random& random);
  static RegionKey of(const Seed& seed);

  [[nodiscard]] const std::string& public_text() const { return public_text_; }
  /// 64 bytes as base64.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  std::array<std::uint8_t, 64> secret_{};
  std::string public_text_;
};

/// True when the base64 text is that public key's signature of the message. False also where one of both is malformed.
bool is_signed_by(std::string_view public_text, std::string_view signature_base64, std::string_view message);

/// The standard alphabet, with padding.
std::string to_base64(std::span<const std::uint8_t> bytes);
/// None: not exactly `size` bytes in that form.
std::optional<std::string> from_base64(std::string_view text, std::size_t size);

}  // namespace meterport::regions
