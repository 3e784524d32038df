// The de-duplication index: exactly once, for ever (DESIGN 3). A function of the log: RAM table of the newest keys,
// sorted runs (SST) ingested into RocksDB together with the position they cover, a resident filter of at most 14
// bits a key that answers "new". Missing or behind, it is rebuilt from the log at open.
//
// lookup/claim/settle are thread-safe. A claim makes two racing requests with one key see each other: the second waits
// for the sync that covers the first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "ledger/log.h"
#include "ledger/record.h"

namespace meterport::ledger {

struct IndexOptions {
  std::string folder;                 ///< DATA/index
  std::size_t table_keys = 1'000'000; ///< RAM table size at which it becomes a run
  SipKey secret{};
};

struct IndexValue {
  Position position = 0;
  std::uint64_t fingerprint = 0;
};

enum class ClaimOutcome {
  claimed,    ///< new: the caller must settle() or release() it
  present,    ///< in the index: value says where
  in_flight,  ///< another request claims it now: `wait` was kept and will be called once that one ended
};

struct ClaimResult {
  ClaimOutcome outcome = ClaimOutcome::claimed;
  IndexValue value;  ///< of `present`; of `in_flight` the fingerprint of the claimer
};

class Index {
 public:
  static Result<std::unique_ptr<Index>> open(IndexOptions options, Log& log, metrics::Registry& metrics);
  virtual ~Index() = default;

  /// Looks the key up and claims it if it is new. On `in_flight`, `on_end` is called once the claimer settled
  /// (true) or released (false) it; the caller then claims again.
  virtual Result<ClaimResult> claim(const Hash128& key, std::uint64_t fingerprint,
                                    std::function<void(bool settled)> on_end) = 0;
  /// The claimed key is durable at this position: enters the index, wakes those who wait.
  virtual void settle(const Hash128& key, IndexValue value) = 0;
  /// The claim's sync failed: the key stays new.
  virtual void release(const Hash128& key) = 0;
  virtual Result<std::optional<IndexValue>> find(const Hash128& key) = 0;
  /// Keys held, and bytes of memory they keep resident.
  struct Size {
    std::uint64_t keys;
    std::uint64_t resident_bytes;
  };
  [[nodiscard]] virtual Size size() const = 0;
};

}  // namespace meterport::ledger
