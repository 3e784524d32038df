// The RAM side of the index: the newest keys and the claims on keys that are on their way, in shards with a mutex each.
//
// A key is in exactly one state: unknown here, claimed, or held with its position (in the active table or one that is
// frozen and being written as a run). Thread-safe; no I/O and no callbacks under a lock.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "ledger/index.h"
#include "ledger/index_filters.h"
#include "ledger/index_table.h"

namespace meterport::ledger {

/// All shards' tables as they were at one moment.
using FrozenTables = std::array<std::shared_ptr<const KeyTable>, shard_count>;

class IndexShards {
 public:
  explicit IndexShards(std::size_t table_keys);

  /// Claims each key that is neither claimed nor held here; the caller must still ask the runs about those claimed.
  void claim(std::span<const ClaimRequest> requests, std::span<ClaimResult> results, const Index::OnEnd& on_end);
  /// Ends claims: entered with their values, or (no position) given up. Calls those who waited, outside the locks.
  void end_claims(std::span<const KeyValue> ended, bool settled);
  /// Enters a key without a claim (replay); false: it is held already.
  bool insert(const KeyValue& entry);
  [[nodiscard]] std::optional<IndexValue> find(const Hash128& key) const;

  /// Keys in the active tables.
  [[nodiscard]] std::size_t active_keys() const { return active_keys_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t table_bytes() const;
  /// Moves the active tables aside; look-ups go on seeing them until drop_frozen().
  FrozenTables freeze();
  /// Forgets the oldest frozen tables, which a run holds by now.
  void drop_oldest_frozen();
  /// Makes the tables that the next freeze() puts in place, so that it only swaps pointers.
  void prepare_spares();

 private:
  using Waiters = std::vector<std::pair<std::size_t, Index::OnEnd>>;
  struct HashOfKey {
    std::size_t operator()(const Hash128& key) const { return static_cast<std::size_t>(key.low); }
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::shared_ptr<KeyTable> active = std::make_shared<KeyTable>();
    std::vector<std::shared_ptr<const KeyTable>> frozen;
    std::shared_ptr<KeyTable> spare;
    KeyTable claims;  ///< position 1 = claimed; fingerprint = the claimer's
    std::unordered_map<Hash128, Waiters, HashOfKey> waiters;
  };
  static const IndexValue* find_held(const Shard& shard, const Hash128& key);

  std::size_t keys_per_shard_;
  std::array<Shard, shard_count> shards_;
  std::atomic<std::size_t> active_keys_{0};
};

}  // namespace meterport::ledger
