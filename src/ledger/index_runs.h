// Sorted runs of keys in RocksDB: each is written as one SST file and ingested whole, together with the facts it
// proves (which positions all runs cover). No write-ahead log: what is not in a run is replayed from the ledger. Keys
// begin with the number of their run, so files never overlap: none is ever merged or rewritten, and a look-up in a run
// reads one block.
//
// ingest is for one thread at a time; get may run beside it. RocksDB's headers stay in index_runs.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ledger/index.h"

namespace meterport::ledger {

/// What a run proves, stored inside it under a key of its own: both become visible at once.
struct RunFacts {
  Position covered = 0;         ///< every key of positions up to here is in a run
  std::uint64_t runs = 0;       ///< ingested so far
  std::uint64_t keys = 0;       ///< in all runs
  std::uint64_t ledger_id = 0;  ///< tells a foreign index folder
};

class RunStore {
 public:
  /// store_unavailable: held by another process or an I/O error; internal: damaged, to be deleted and rebuilt.
  static Result<std::unique_ptr<RunStore>> open(const std::string& folder);
  virtual ~RunStore() = default;

  /// Of the newest run; all zero: there is none.
  [[nodiscard]] virtual const RunFacts& facts() const = 0;
  /// `entries` by key. storage_full, store_unavailable: nothing changed.
  virtual Status ingest(std::span<const KeyValue> entries, const RunFacts& facts) = 0;
  /// In the run of that number, from 1.
  virtual Result<std::optional<IndexValue>> get(std::uint64_t run, const Hash128& key) = 0;
  /// All keys of a run in order.
  virtual Status for_each(std::uint64_t run, const std::function<void(const Hash128&)>& visit) = 0;
  [[nodiscard]] virtual std::uint64_t resident_bytes() const = 0;
};

}  // namespace meterport::ledger
