#include "identity/sessions.h"

#include <algorithm>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "identity/tables.h"

namespace meterport::identity {
namespace {

constexpr std::chrono::seconds save_interval{20};
constexpr std::size_t sessions_max = 200'000;
constexpr std::int64_t save_newer_by_us = 60 * Instant::us_per_second;

std::unexpected<Error> no_session() {
  return fail(ErrorKind::unauthenticated, "the session is unknown or has expired: log in again");
}

}  // namespace

Sessions::Sessions(control::Store& store, Clock& clock, Random& random, SecretHash hash, SessionTimes times)
    : store_(store), clock_(clock), random_(random), hash_(hash), times_(times) {}

Sessions::~Sessions() {
  if (!saver_.joinable()) return;
  saver_.request_stop();
  saver_.join();
  if (const Status saved = save(1); !saved) log::warning("sessions not saved", {{"detail", saved.error().detail}});
}

Status Sessions::load() {
  auto rows = load_sessions(store_);
  if (!rows) return fail(std::move(rows));
  for (StoredSession& row : *rows) {
    auto live = std::make_shared<Live>();
    live->user_id = std::move(row.user_id);
    live->last_used_us = live->saved_us = row.last_used.us;
    by_hash_.emplace(std::move(row.id_hash), std::move(live));
  }
  saver_ = std::jthread([this](const std::stop_token& stop) { save_behind(stop); });
  return {};
}

std::shared_ptr<Sessions::Live> Sessions::find(const std::string& hash) const {
  const std::shared_lock lock(mutex_);
  const auto it = by_hash_.find(hash);
  return it == by_hash_.end() || is_expired(*it->second, clock_.now()) ? nullptr : it->second;
}

bool Sessions::is_expired(const Live& live, Instant now) const {
  const std::int64_t idle_us = now.us - live.last_used_us;
  return idle_us > (times_.idle_timeout_s + times_.grace_s) * Instant::us_per_second;
}

Instant Sessions::expires(const Live& live) const {
  return Instant{live.last_used_us}.plus_seconds(times_.idle_timeout_s);
}

Result<Sessions::Started> Sessions::start(const std::string& user_id) {
  {
    const std::shared_lock lock(mutex_);
    if (by_hash_.size() >= sessions_max) return fail(ErrorKind::busy, "too many sessions, try again later");
  }
  Started started;
  started.id = make_id22(random_);
  const Instant now = clock_.now();
  auto live = std::make_shared<Live>();
  live->user_id = user_id;
  live->last_used_us = live->saved_us = now.us;
  started.expires = expires(*live);
  std::string hash = hash_.of(started.id);
  if (auto saved = insert_session(store_, {hash, user_id, now}); !saved) return fail(std::move(saved));
  const std::unique_lock lock(mutex_);
  by_hash_.emplace(std::move(hash), std::move(live));
  return started;
}

Result<Sessions::Found> Sessions::use(std::string_view id) {
  const auto live = find(hash_.of(id));
  if (!live) return no_session();
  // The clock may have been set back; the session's own time never goes back.
  std::int64_t seen = live->last_used_us;
  const std::int64_t now_us = clock_.now().us;
  while (seen < now_us && !live->last_used_us.compare_exchange_weak(seen, now_us)) {
  }
  return Found{live->user_id, expires(*live)};
}

Result<Sessions::Found> Sessions::look(std::string_view id) const {
  const auto live = find(hash_.of(id));
  if (!live) return no_session();
  return Found{live->user_id, expires(*live)};
}

Status Sessions::end(std::string_view id) {
  const std::string hash = hash_.of(id);
  if (!find(hash)) return no_session();
  if (auto deleted = delete_sessions(store_, {hash}); !deleted) return deleted;
  const std::unique_lock lock(mutex_);
  by_hash_.erase(hash);
  return {};
}

Status Sessions::end_all_of(std::string_view user_id) {
  std::vector<std::string> hashes;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [hash, live] : by_hash_) {
      if (live->user_id == user_id) hashes.push_back(hash);
    }
  }
  if (auto deleted = delete_sessions(store_, hashes); !deleted) return deleted;
  const std::unique_lock lock(mutex_);
  for (const std::string& hash : hashes) by_hash_.erase(hash);
  return {};
}

void Sessions::save_behind(const std::stop_token& stop) {
  std::unique_lock lock(wake_mutex_);
  while (!wake_.wait_for(lock, stop, save_interval, [&] { return stop.stop_requested(); }) && !stop.stop_requested()) {
    if (const Status saved = save(save_newer_by_us); !saved) {
      log::warning("sessions not saved", {{"detail", saved.error().detail}});
    }
  }
}

Status Sessions::save(std::int64_t newer_by_us) {
  std::vector<StoredSession> used;
  std::vector<std::string> expired;
  {
    const Instant now = clock_.now();
    const std::shared_lock lock(mutex_);
    for (const auto& [hash, live] : by_hash_) {
      const std::int64_t last_used_us = live->last_used_us;
      if (is_expired(*live, now)) {
        expired.push_back(hash);
      } else if (last_used_us - live->saved_us >= newer_by_us) {
        used.push_back({hash, live->user_id, Instant{last_used_us}});
      }
    }
  }
  if (auto saved = touch_sessions(store_, used); !saved) return saved;
  if (auto deleted = delete_sessions(store_, expired); !deleted) return deleted;
  const std::unique_lock lock(mutex_);
  for (const std::string& hash : expired) by_hash_.erase(hash);
  for (const StoredSession& row : used) {
    const auto it = by_hash_.find(row.id_hash);
    if (it != by_hash_.end()) it->second->saved_us = row.last_used.us;
  }
  return {};
}

}  // namespace meterport::identity
