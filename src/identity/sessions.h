// Private to identity: log-in sessions with a sliding idle timeout (informatica.md 2.4).
//
// Thread-safe. All live in memory; a new one is in the control store before its id is given out, so that sessions
// survive a restart. Later activity is written behind, at most once a minute each, by a thread of its own: after a
// crash a session may seem up to 80 s idler than it was, which the grace covers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "base/random.h"
#include "control/store.h"
#include "identity/secret_hash.h"

namespace meterport::identity {

struct SessionTimes {
  std::int64_t idle_timeout_s;
  std::int64_t grace_s;
};

class Sessions {
 public:
  Sessions(control::Store& store, Clock& clock, Random& random, SecretHash hash, SessionTimes times);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  Status load();

  struct Found {
    std::string user_id;
    Instant expires;  ///< without the grace
  };
  struct Started {
    std::string id;  ///< 22 base62
    Instant expires;
  };
  Result<Started> start(const std::string& user_id);
  /// unauthenticated: unknown or expired. Extends the session.
  Result<Found> use(std::string_view id);
  /// The same without extending it.
  Result<Found> look(std::string_view id) const;
  /// unauthenticated: unknown or expired.
  Status end(std::string_view id);
  Status end_all_of(std::string_view user_id);

 private:
  struct Live {
    std::string user_id;
    std::atomic<std::int64_t> last_used_us;
    std::atomic<std::int64_t> saved_us;
  };
  [[nodiscard]] std::shared_ptr<Live> find(const std::string& hash) const;
  [[nodiscard]] bool is_expired(const Live& live, Instant now) const;
  [[nodiscard]] Instant expires(const Live& live) const;
  void save_behind(const std::stop_token& stop);
  /// Writes activity that is at least this much newer than what is stored, and drops expired sessions.
  Status save(std::int64_t newer_by_us);

  control::Store& store_;
  Clock& clock_;
  Random& random_;
  const SecretHash hash_;
  const SessionTimes times_;

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Live>> by_hash_;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread saver_;  ///< last: stops before what it uses goes
};

}  // namespace meterport::identity
