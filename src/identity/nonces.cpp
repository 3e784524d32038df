#include "identity/nonces.h"

#include <string>

#include "identity/oauth_tables.h"

namespace meterport::identity {
namespace {

constexpr std::int64_t prune_interval_us = 60 * Instant::us_per_second;

}  // namespace

Result<bool> Nonces::use(std::string_view token, std::string_view timestamp, std::string_view nonce) {
  const Instant now = clock_.now();
  std::optional<Instant> prune_before;
  // A clock set back ends the wait for a time that it reaches much later.
  const std::int64_t next_prune_us = next_prune_us_;
  if (now.us >= next_prune_us || now.us < next_prune_us - prune_interval_us) {
    next_prune_us_ = now.us + prune_interval_us;
    prune_before = now.plus_seconds(-nonce_memory_s);
  }
  // A timestamp is digits and a token has no line end: the three can't be cut otherwise.
  std::string text = "nonce\n";
  text.append(token).append("\n").append(timestamp).append("\n").append(nonce);
  return insert_nonce(store_, hash_.of(text), now, prune_before);
}

}  // namespace meterport::identity
