// The durable log: append-only segments, group commit, recovery (docs/formats/ledger-log.md).
//
// append() may be called from any thread; its callback runs on the committer thread, in position order, after the
// sync that covers the batch returned: a success means on disk. A failed sync fails every batch of its group and makes
// the log read-only until restart (store_unavailable from then on); nothing is ever retried over it. A full disk
// shows at preallocation: storage_full. Positions are dense; those of a batch that failed are reused.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/random.h"
#include "ledger/record.h"

namespace meterport::ledger {

struct LogOptions {
  std::string folder;                         ///< DATA/ledger
  std::uint64_t segment_bytes = 64ull << 20;  ///< sealed and compressed beyond this
  std::uint64_t reserve_bytes = 1ull << 30;   ///< below this much free space appends answer storage_full
  unsigned reserve_percent = 2;
  std::size_t queue_bytes_max = 256ull << 20;  ///< batches waiting for the committer; beyond: busy
  Random* random = nullptr;                    ///< for the ledger id; null: system_random()
};

struct Appended {
  Position batch_position = 0;  ///< of the batch record; records follow at +1, +2, ...
  std::uint32_t records = 0;    ///< without the batch record
  Instant commit_time;
  Digest payload_digest{};  ///< stands in the batch header
  Digest chain_head{};      ///< chain value after this batch
};

/// A batch ready to be written: `payloads` owns the bytes that `records` view into. Moving it keeps the views right,
/// also where a short string moves its bytes.
struct NewBatch {
  NewBatch() = default;
  NewBatch(NewBatch&& other) noexcept;
  NewBatch& operator=(NewBatch&& other) noexcept;
  BatchInfo info;
  std::string payloads;
  std::vector<NewRecord> records;
};

/// What verify_chain found in order.
struct ChainReport {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;  ///< batch records included
  std::uint64_t erased = 0;
  std::uint64_t unknown_kinds = 0;  ///< of a later format; skipped by readers
  Position last_position = 0;
  Instant last_commit;
  Digest chain_head{};
};

class LogReader;

class Log {
 public:
  /// Recovers: cuts a torn tail, refuses a damaged middle with a text that says what to do.
  static Result<std::unique_ptr<Log>> open(LogOptions options, FileSystem& files, Clock& clock,
                                           metrics::Registry& metrics);
  virtual ~Log() = default;  ///< finishes what is queued, joins

  using Done = std::move_only_function<void(Result<Appended>)>;
  /// Queues a batch. busy: the queue is full; store_unavailable: read-only; storage_full: no room. An error returned
  /// here means `done` is never called.
  virtual Status append(NewBatch batch, Done done) = 0;
  /// What append() would answer now: busy, store_unavailable, storage_full.
  virtual Status can_append() = 0;
  /// append and wait.
  virtual Result<Appended> append_and_wait(NewBatch batch) = 0;

  /// Last position whose sync returned. Everything up to it can be read.
  [[nodiscard]] virtual Position durable_position() const = 0;
  /// Commit time of the newest sync group; 0 before the first.
  [[nodiscard]] virtual Instant last_commit_time() const = 0;
  /// Last position whose commit time is <= t; later appends never change the answer for t <= now, because the
  /// committer gives commit times > any t it was asked for here (it holds that promise across a restart by time). A t
  /// later than now is taken as now. Waits for the sync in flight if that could change the answer.
  [[nodiscard]] virtual Result<Position> position_at(Instant t) = 0;
  /// Called on the committer thread after each sync group with the new durable position.
  virtual void on_durable(std::function<void(Position)> listener) = 0;
  /// Reader of records at and after `from` (1 = all), up to what is durable when it gets there.
  [[nodiscard]] virtual std::unique_ptr<LogReader> read_from(Position from) = 0;
  [[nodiscard]] virtual bool is_read_only() const = 0;
  /// Reads the whole log and checks CRCs, positions, chain and payload digests. internal: damaged, and where.
  [[nodiscard]] virtual Result<ChainReport> verify_chain();
  /// Until segments that are full now are sealed (or have failed to be). For backup, tests and tools.
  virtual void wait_for_housekeeping() {}
};

/// Sequential reader; one thread, any thread. Sees batches appended after it was made. Skips records of kinds that a
/// later format brought (their positions count). Must not outlive the FileSystem.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// The next durable record; false = none yet. internal: damage found, with a text that says where.
  virtual Result<bool> next(StoredRecord& record) = 0;
  /// The records before `from` are not given out. Blocks and segments that hold nothing else are not read; a `from`
  /// that was passed changes nothing.
  virtual void skip_to(Position from) = 0;
};

/// One record by position; not_found beyond the durable end, or of a kind that a later format brought. `storage`
/// receives the bytes the record views into.
Result<StoredRecord> read_at(Log& log, Position position, std::string& storage);

}  // namespace meterport::ledger
