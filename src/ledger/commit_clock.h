// Private to ledger: gives commit times, and keeps the promise that an answered instant stays answered.
//
// begin() and end() are the committer's; pin() may be called from any thread. A commit time is never below an earlier
// one and always above every instant pinned before it was given.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/instant.h"

namespace meterport::ledger {

class CommitClock {
 public:
  explicit CommitClock(Instant last) : last_(last) {}

  /// The commit time of the group that is being written from now on.
  Instant begin(Instant now) {
    const std::scoped_lock lock(mutex_);
    in_flight_ = std::max({now, last_, pinned_.plus_us(1)});
    is_in_flight_ = true;
    return in_flight_;
  }

  /// The group is durable and visible, or failed.
  void end(bool is_durable) {
    {
      const std::scoped_lock lock(mutex_);
      if (is_durable) last_ = in_flight_;
      is_in_flight_ = false;
    }
    ended_.notify_all();
  }

  /// No group that is yet to come will have a commit time at or before the returned instant: t, or now if t is later.
  /// Waits for the group in flight if it has one.
  Instant pin(Instant t, Instant now) {
    std::unique_lock lock(mutex_);
    t = std::min(t, std::max(now, last_));
    pinned_ = std::max(pinned_, t);
    ended_.wait(lock, [&] { return !is_in_flight_ || in_flight_ > t; });
    return t;
  }

  [[nodiscard]] Instant last() const {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  Instant last_;
  Instant pinned_{-1};
  Instant in_flight_;
  bool is_in_flight_ = false;
};

}  // namespace meterport::ledger
