// Private to identity: the keyed hash under which session ids and API keys are stored. It is fast, which is right for
// secrets of 128 random bits and more; without the key a stolen control store says nothing of them. Other keys are
// derived from the same secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/random.h"

namespace meterport::identity {

class SecretHash {
 public:
  /// Reads FOLDER/identity-secret, or makes it when `may_create`; else a missing file is store_unavailable, because a
  /// new one would silently end every API key.
  static Result<SecretHash> open(FileSystem& files, const std::string& folder, Random& random, bool may_create);

  /// 64 hex digits (BLAKE2b-256 with key). Thread-safe.
  [[nodiscard]] std::string of(std::string_view secret) const;

  using Key = std::array<std::uint8_t, 32>;
  enum class Purpose : std::uint64_t { sealing = 1, access_tokens = 2 };
  /// A key of its own for each purpose, from which the secret can't be found.
  [[nodiscard]] Key derived_key(Purpose purpose) const;

 private:
  Key key_{};
};

}  // namespace meterport::identity
