// Private to identity: a signed request counts once. What makes it unique (token, timestamp, nonce) is in the control
// store, synced, before the request is accepted, so that this holds over a restart.
//
// A timestamp is taken for 5 minutes to either side: a nonce could come again up to 10 minutes after its use. It is
// remembered for 15 and then deleted. Thread-safe; waits for the store.
#pragma once

#include <atomic>
#include <string_view>

#include "base/clock.h"
#include "control/store.h"
#include "identity/secret_hash.h"

namespace meterport::identity {

inline constexpr std::int64_t timestamp_window_s = 5 * 60;
inline constexpr std::int64_t nonce_memory_s = 15 * 60;
static_assert(nonce_memory_s > 2 * timestamp_window_s);

class Nonces {
 public:
  Nonces(control::Store& store, Clock& clock, const SecretHash& hash) : store_(store), clock_(clock), hash_(hash) {}

  /// False: used before.
  Result<bool> use(std::string_view token, std::string_view timestamp, std::string_view nonce);

 private:
  control::Store& store_;
  Clock& clock_;
  const SecretHash hash_;
  std::atomic<std::int64_t> next_prune_us_{0};
};

}  // namespace meterport::identity
