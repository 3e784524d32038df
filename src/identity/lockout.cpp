#include "identity/lockout.h"

namespace meterport::identity {

bool Lockout::is_locked(std::string_view token, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto it = counts_.find(token);
  return it != counts_.end() && now < it->second.locked_until;
}

void Lockout::bad_signature(std::string_view token, Instant now) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[std::string(token)];
  if (now < count.locked_until) return;
  if (++count.bad < bad_signatures_max) return;
  count.bad = 0;
  count.locked_until = now.plus_seconds(lock_s);
}

void Lockout::good_signature(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto it = counts_.find(token);
  if (it != counts_.end()) counts_.erase(it);
}

}  // namespace meterport::identity
