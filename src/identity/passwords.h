// Private to identity: Argon2id (RFC 9106) through libsodium at its "interactive" limits (64 MiB, about 50 ms).
//
// Thread-safe. At most as many hashes as there are cores run at once, and few wait: more are refused as busy, so that a
// flood of log-ins costs neither the memory nor the threads that other requests need.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>

#include "base/error.h"

namespace meterport::identity {

inline constexpr std::size_t password_characters_min = 8;
inline constexpr std::size_t password_characters_max = 255;

struct PasswordPlaces {
  int running = 1;
  int running_or_waiting = 1;
};
/// As many running as cores, and cores + 2 waiting; together at most half of the threads that log-ins share with other
/// requests (at least one).
PasswordPlaces password_places(int cores, int blocking_threads);

class Passwords {
 public:
  /// Starts libsodium first: the way to make one.
  static Result<std::unique_ptr<Passwords>> create(PasswordPlaces places);
  explicit Passwords(PasswordPlaces places);

  /// A PHC text.
  Result<std::string> hash(std::string_view password);
  Result<bool> matches(const std::string& hash, std::string_view password);
  /// Takes the time of matches(), for a user that does not exist.
  Status pretend_to_match(std::string_view password);

  /// An Argon2id PHC text whose cost is bearable (at most 256 MiB and 8 passes).
  static bool is_usable_hash(const std::string& hash);

 private:
  class Turn;

  std::counting_semaphore<> turns_;
  const int places_;
  std::atomic<int> taken_{0};  ///< of places_; refused ones count for a moment
};

}  // namespace meterport::identity
