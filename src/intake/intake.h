// Intake: resolve, validate, de-duplicate, commit. The one way usage gets into the ledger, for every dialect.
//
// submit() settles each item on its own: one bad record never rejects its batch. The callback runs once, on the
// committer thread or the caller's, after everything that was stored is on disk. Acknowledged means on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "ledger/ledger.h"
#include "model/principal.h"
#include "model/usage_record.h"

namespace meterport::intake {

enum class ItemState : std::uint8_t { stored, duplicate, conflict, rejected };
std::string_view to_string(ItemState state);

struct ItemResult {
  ItemState state = ItemState::rejected;
  ledger::Position position = 0;     ///< stored: its own; duplicate, conflict: the first one's
  std::optional<RecordError> error;  ///< rejected; conflict: id_taken with its text
};

struct BatchResult {
  std::string batch_id;  ///< empty when nothing was stored
  ledger::Position last_position = 0;
  std::uint64_t stored = 0, duplicates = 0, conflicts = 0, rejected = 0;
  std::vector<ItemResult> items;  ///< in request order
};

/// A submission that was taken earlier and is settled now: the catalogue and the instant that count. Settled again
/// after a crash it comes out the same.
struct TakenAt {
  catalog::SnapshotPtr catalogue;
  Instant time;
  /// Whose subscriptions its records name; empty: those of the record's org or the nearest org above it. Ids are unique
  /// per owner only (crosswalk 2.1).
  std::string account = {};
};

struct IntakeOptions {
  std::size_t queue_requests_max = 4096;  ///< submissions in flight; beyond: busy
};

class Intake {
 public:
  Intake(ledger::Ledger& ledger, catalog::Catalog& catalog, Clock& clock, metrics::Registry& metrics,
         IntakeOptions options);
  /// Waits for every submission's answer.
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  using Done = std::move_only_function<void(Result<BatchResult>)>;
  /// `channel` is kept in the batch record ("v1", "import:focus"); reserved sources are refused on "v1". forbidden: the
  /// principal has no ingester role at all. After busy, store_unavailable or storage_full send the batch again: what
  /// of it is stored already answers `duplicate`. Without `taken` it is taken now.
  void submit(const Principal& principal, RecordBatch batch, std::string channel, Done done, TakenAt taken = {});
  /// submit and wait.
  Result<BatchResult> submit_and_wait(const Principal& principal, RecordBatch batch, std::string channel);
  /// Stores a document once under (space, name) as a catalogue_change record, durable when this returns, and gives its
  /// position; the same again changes nothing. `members` is the inside of a JSON object, whose "kind" says what it is:
  /// what is no catalogue object but decides an export's bytes (a FOCUS layout).
  Result<ledger::Position> keep_once(const Principal& principal, const std::string& channel, std::string_view space,
                                     std::string_view name, std::string_view members);
  /// store_unavailable, storage_full, busy: nothing can be stored now.
  [[nodiscard]] Status can_store() const;
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] Instant now() const;  ///< of its clock

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace meterport::intake
