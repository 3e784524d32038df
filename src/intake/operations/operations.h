// Operations: a large submission is made durable and answered at once, and settled afterwards, in parallel, each item
// on its own, exactly once whatever happens in between.
//
// Durable means: the body is a synced file, then one control row is committed, then create() returns. Settled means:
// items go through intake in chunks, as they would have been judged when the operation was taken (rights, catalogue
// position, day); what becomes of each is appended to a file beside the body, in order, and can be read while the rest
// is under way. After a crash settling goes on behind the results that are there; items in between are sent again, and
// the ledger's keys keep them single. A full disk or a busy server is waited for; only what cannot be read at all
// fails.
//
// Operations take turns, a chunk each, so a small one is not held up by a large one. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "control/store.h"
#include "intake/operations/operation.h"
#include "intake/operations/result_file.h"

namespace meterport::intake {

/// What a kind's reader is told besides the items.
struct ReadContext {
  const Operation& operation;
  const catalog::Snapshot& catalogue;  ///< as it was when the operation was taken
};

/// Makes records of a chunk's items, one batch item each, in order. Must come out the same whenever it is asked.
using ItemReader = std::function<Result<RecordBatch>(const ReadContext& context, ItemChunk chunk)>;

struct OperationKind {
  ItemReader read;
  /// Record ids are made of operation and index, so a duplicate is an item that was stored before a crash: `stored`.
  bool has_own_keys = false;
  /// The subscriptions that its records name are those of the operation's org.
  bool has_own_subscriptions = false;
};

/// The items of one operation in their order: what became of those settled when it was opened, and what was sent. One
/// thread at a time.
class OperationItems {
 public:
  virtual ~OperationItems() = default;
  [[nodiscard]] virtual const Operation& operation() const = 0;  ///< as it was then
  /// The next settled item; false: there is none.
  virtual Result<bool> next(ItemOutcome& outcome) = 0;
  /// The next one is that of this index.
  virtual Status go_to(std::uint64_t index) = 0;
  /// The item as sent; valid until the next call. Cheap in ascending order. "null" where the body is gone, which made
  /// the operation fail.
  virtual Result<std::string_view> text(std::uint64_t index) = 0;
};

struct OperationParts {
  control::Store& control;
  Intake& intake;
  catalog::Catalog& catalog;
  FileSystem& files;
  Clock& clock;
  Random& random;
  const Settings& settings;
  metrics::Registry& metrics;
  std::string folder;  ///< DATA/operations
};

class Operations {
 public:
  /// Removes files that no operation has. Nothing is settled before start().
  static Result<std::unique_ptr<Operations>> open(const OperationParts& parts);
  /// stop().
  virtual ~Operations() = default;

  /// All kinds are set before start().
  virtual void set_kind(const std::string& kind, OperationKind how) = 0;
  /// Takes up what is unfinished.
  virtual void start() = 0;
  /// No more chunks are sent; the rest goes on after the next start of the process.
  virtual void stop() = 0;

  /// invalid: no items. busy: too many operations are unfinished. forbidden: the sender may send no usage of that org.
  /// conflict: the idempotency key came with another body before. The same key with the same body gives the operation
  /// that is there.
  virtual Result<Operation> create(const Principal& sender, NewOperation operation) = 0;
  /// not_found: none of that id that the caller may know of.
  virtual Result<Operation> get(const Principal& caller, OperationId id) = 0;
  /// Newest first, those before `before` (0: from the newest); those the caller may know of.
  virtual Result<std::vector<Operation>> page(const Principal& caller, OperationId before, std::size_t count_max) = 0;
  /// As get().
  virtual Result<std::unique_ptr<OperationItems>> items(const Principal& caller, OperationId id) = 0;
};

}  // namespace meterport::intake
