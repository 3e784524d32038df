// The de-duplication index: exactly once, for ever (DESIGN 3). A function of the log: RAM table of the newest keys,
// sorted runs (SST) ingested into RocksDB together with the position they cover, a resident filter that answers
// "new". Missing, damaged or behind, it is rebuilt from the log at open.
//
// claim, find and size are thread-safe. A claim makes two racing requests with one key see each other: the second
// waits for the sync that covers the first. settle is called in position order (the log's callbacks are), all keys of
// a batch in one settle_many(): a run is cut between calls and covers every position settled before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "ledger/log.h"
#include "ledger/record.h"

namespace meterport::ledger {

struct IndexOptions {
  std::string folder;                  ///< DATA/index
  std::size_t table_keys = 1'000'000;  ///< RAM table size at which it becomes a run
  SipKey secret{};
};

struct IndexValue {
  Position position = 0;
  std::uint64_t fingerprint = 0;
};

struct KeyValue {
  Hash128 key;
  IndexValue value;
};

enum class ClaimOutcome {
  claimed,    ///< new: the caller must settle() or release() it
  present,    ///< in the index: value says where
  in_flight,  ///< another request claims it now: `on_end` was kept and will be called once that one ended
};

struct ClaimRequest {
  Hash128 key;
  std::uint64_t fingerprint = 0;
};

struct ClaimResult {
  ClaimOutcome outcome = ClaimOutcome::claimed;
  IndexValue value;  ///< of `present`; of `in_flight` the fingerprint of the claimer
};

class Index {
 public:
  /// store_unavailable: another process holds the folder; internal: the log could not be read.
  static Result<std::unique_ptr<Index>> open(IndexOptions options, Log& log, metrics::Registry& metrics);
  virtual ~Index() = default;

  /// `request` is the place in the span given to claim_many.
  using OnEnd = std::function<void(std::size_t request, bool settled)>;
  /// Looks each key up and claims it if it is new; the keys of one call are distinct. For each `in_flight` key
  /// `on_end` is called once its claimer settled (true) or released (false) it, maybe before this returns, from that
  /// thread; the caller then claims again. An error (store_unavailable, storage_full, busy) means nothing is claimed;
  /// on_end may still be called.
  virtual Status claim_many(std::span<const ClaimRequest> requests, std::span<ClaimResult> results,
                            const OnEnd& on_end) = 0;
  Result<ClaimResult> claim(const Hash128& key, std::uint64_t fingerprint, std::function<void(bool settled)> on_end);
  /// The claimed keys are durable at these positions: enter the index, wake those who wait.
  virtual void settle_many(std::span<const KeyValue> settled) = 0;
  void settle(const Hash128& key, IndexValue value);
  /// The sync of these claims failed: the keys stay new.
  virtual void release_many(std::span<const Hash128> keys) = 0;
  void release(const Hash128& key);

  virtual Result<std::optional<IndexValue>> find(const Hash128& key) = 0;
  struct Size {
    std::uint64_t keys;
    std::uint64_t resident_bytes;  ///< filter and RocksDB's own, without the RAM table
    std::uint64_t table_bytes;     ///< RAM table of the newest keys, bounded by table_keys
  };
  [[nodiscard]] virtual Size size() const = 0;
  /// Waits until no full RAM table waits to become a run. For tests and clean benchmarks.
  virtual void wait_until_quiet() = 0;
};

/// Where a record goes whose 128-bit key another (org, source, id) holds already: a hash collision's own slot.
Hash128 next_slot(const Hash128& key);

/// Differing records offered under a stored key are kept as evidence, so many a key; each is found in the index under
/// a slot of its own, with the fingerprint of the offered content.
inline constexpr unsigned evidence_per_key_max = 16;
Hash128 evidence_slot(const Hash128& key, unsigned number);

/// A catalogue_change document that is stored once under a name (a FOCUS layout) and found in the index by it. The text
/// begins with slot and fingerprint in a fixed form, so that a rebuild finds them without parsing JSON. `members` is
/// the rest of the object: `"kind":"focus-layout",...`.
std::string slotted_document(const ClaimRequest& slot, std::string_view members);
/// The slot of such a document; none for any other text.
std::optional<ClaimRequest> slot_of_document(std::string_view payload);

}  // namespace meterport::ledger
