// Private to identity: five bad signatures in a row lock a token for 30 minutes; a good one before that starts the
// count anew. In memory: a restart unlocks. Thread-safe, never waits. Only ids of tokens that exist go in, so it is as
// bounded as they are.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace meterport::identity {

inline constexpr int bad_signatures_max = 5;
inline constexpr std::int64_t lock_s = 30 * 60;

class Lockout {
 public:
  [[nodiscard]] bool is_locked(std::string_view token, Instant now) const;
  /// Those that come while it is locked do not lengthen the lock.
  void bad_signature(std::string_view token, Instant now);
  void good_signature(std::string_view token);

 private:
  struct Count {
    int bad = 0;
    Instant locked_until;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace meterport::identity
