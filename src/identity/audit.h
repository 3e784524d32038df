// Private to identity: the audit trail's store (0070_audit.sql). All SQL of the trail is in audit.cpp.
//
// Thread-safe. add() never waits for the store: entries are written behind in batches by a thread of the trail's own,
// at most half a second later and at the end. The queue is bounded, and so are each org's refusals a minute, as anyone
// can cause them and none may hide another's: what is dropped is counted and told in the log. Entries older than the
// retention are deleted, and the oldest of more than a million.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "control/store.h"
#include "identity/audit_entry.h"

namespace meterport::identity {

class Audit {
 public:
  static constexpr std::size_t queue_max = 10'000;
  static constexpr std::size_t refusals_a_minute_max = 120;  ///< of one org; of callers that belong to none
  static constexpr std::int64_t entries_max = 1'000'000;

  Audit(control::Store& store, Clock& clock, std::int64_t retention_s);
  ~Audit();  ///< flushes
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  /// Before anything else; starts the thread.
  Status load();
  /// Number and time are given here.
  void add(AuditEntry entry);
  /// What was added before is stored when it returns.
  Status flush();
  Status prune();

  struct Filter {
    std::optional<std::vector<std::string>> orgs = std::nullopt;  ///< none: all; "" stands for entries of no org
    std::optional<AuditEvent> event = std::nullopt;
    std::uint64_t before = 0;  ///< numbers below this; 0: from the newest on
    std::size_t count_max = 100;
  };
  /// Newest first, with what was added before the call.
  Result<std::vector<AuditEntry>> latest(const Filter& filter);

 private:
  [[nodiscard]] bool has_room_for(const AuditEntry& entry);
  void work(const std::stop_token& stop);
  Status insert(std::vector<AuditEntry>& batch);

  control::Store& store_;
  Clock& clock_;
  const std::int64_t retention_s_;

  std::mutex writing_mutex_;  ///< taken before mutex_
  std::uint64_t last_number_ = 0;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<AuditEntry> queue_;
  std::uint64_t dropped_ = 0;
  std::int64_t minute_ = 0;
  std::map<std::string, std::size_t, std::less<>> refusals_of_minute_;  ///< by org

  std::jthread writer_;  ///< last: stops before what it uses goes
};

}  // namespace meterport::identity
