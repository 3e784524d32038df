#include "exports/waiters.h"

#include <algorithm>
#include <utility>

namespace meterport::exports {

Waiters::Added Waiters::add(Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return Added::is_closed;
  const bool is_next =
      std::ranges::none_of(waiters_, [&](const Waiter& other) { return other.deadline <= waiter.deadline; });
  waiters_.push_back(std::move(waiter));
  return is_next ? Added::is_next : Added::is_later;
}

template <class Wanted>
std::vector<Waiter> Waiters::take_if(Wanted wanted) {
  std::vector<Waiter> taken, left;
  const std::lock_guard lock(mutex_);
  for (Waiter& waiter : waiters_) (wanted(waiter) ? taken : left).push_back(std::move(waiter));
  waiters_ = std::move(left);
  return taken;
}

std::vector<Waiter> Waiters::take_of(std::string_view job_id) {
  return take_if([&](const Waiter& waiter) { return waiter.job_id == job_id; });
}

std::vector<Waiter> Waiters::take_due(std::chrono::steady_clock::time_point now) {
  return take_if([&](const Waiter& waiter) { return waiter.deadline <= now; });
}

std::vector<Waiter> Waiters::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  return std::exchange(waiters_, {});
}

std::optional<std::chrono::steady_clock::time_point> Waiters::next_deadline() const {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) return std::nullopt;
  return std::ranges::min_element(waiters_, {}, &Waiter::deadline)->deadline;
}

}  // namespace meterport::exports
