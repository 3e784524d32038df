// Private to ledger: the one thread that appends. Takes all queued batches, gives them positions and commit time,
// chains their heads, writes them, syncs once, then answers them in order (group commit).
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "ledger/commit_clock.h"
#include "ledger/housekeeper.h"
#include "ledger/log.h"
#include "ledger/recovery.h"
#include "ledger/space_guard.h"

namespace meterport::ledger {

/// What the log counts, as meterport_ledger_*.
struct LogProbe {
  explicit LogProbe(metrics::Registry& registry);
  metrics::Counter& batches;
  metrics::Counter& records;
  metrics::Counter& bytes;
  metrics::Counter& failed_groups;
  metrics::Histogram& sync_seconds;
};

class Committer {
 public:
  Committer(const LogOptions& options, FileSystem& files, Clock& clock, LogProbe& probe, const Recovered& start,
            Housekeeper& housekeeper, SpaceGuard& space);
  /// Commits what is queued, joins.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// busy, store_unavailable.
  Status enqueue(EncodedBatch batch, Log::Done done);
  /// What enqueue would say, before the work of encoding.
  Status check() const;
  void on_durable(std::function<void(Position)> listener);

  [[nodiscard]] Position durable_position() const { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_read_only() const { return is_read_only_.load(std::memory_order_acquire); }
  [[nodiscard]] Instant last_commit_time() const { return commit_clock_.last(); }
  CommitClock& commit_clock() { return commit_clock_; }

 private:
  struct Pending {
    EncodedBatch batch;
    Log::Done done;
    Appended appended;
  };

  void run();
  void commit(std::vector<Pending> batches);
  void commit_group(std::span<Pending> group);
  Status write_group(std::span<Pending> group, Instant commit_time, std::vector<BatchMark>& marks);
  void fail_all(std::span<Pending> batches, const Error& error);
  Status make_room(std::uint64_t bytes);
  Status rotate(std::uint64_t bytes);
  void enter_read_only(const Error& error);

  const LogOptions options_;
  FileSystem& files_;
  Clock& clock_;
  LogProbe& probe_;
  Housekeeper& housekeeper_;
  SpaceGuard& space_;
  const LedgerId ledger_;
  const std::shared_ptr<SegmentList> segments_;

  // the committer thread's own
  std::shared_ptr<ActiveSegment> tail_;
  std::uint64_t tail_capacity_;
  std::uint64_t offset_;
  ChainPoint end_;
  std::string small_;  ///< small batches of a group, written in one call

  CommitClock commit_clock_;
  std::atomic<Position> durable_;
  std::atomic<bool> is_read_only_ = false;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  // guarded by mutex_
  std::vector<Pending> queue_;
  std::size_t queued_bytes_ = 0;
  bool is_stopping_ = false;
  std::vector<std::function<void(Position)>> listeners_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace meterport::ledger
