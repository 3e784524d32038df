// Log -> warehouse: one thread reads the log in position order and appends facts, dictionary words and roll-up in
// one transaction with the position, so a replay changes nothing. Runs at lower priority; can be poked.
//
// Usage records and their reversals (which read as the negated record) become facts; records of other kinds only move
// the position. When the warehouse refuses a batch, the loader logs it, keeps the batch and tries again until it goes
// in; damage in the log stops it for good.
// The log and the warehouse must outlive the loader. All members may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/metrics.h"
#include "ledger/log.h"
#include "loading/dictionaries.h"
#include "warehouse/warehouse.h"

namespace meterport::loading {

struct LoaderOptions {
  /// Usage records a batch. The default is DuckDB's row group: a batch of just that is written once, beside its log.
  std::size_t batch_records_max = 122'880;
  std::int64_t batch_delay_ms = 500;              ///< how long to wait for a full batch when nobody pokes
  std::uint64_t checkpoint_bytes = 256ull << 20;  ///< loaded between two checkpoints of the warehouse
  std::int64_t retry_delay_ms = 1'000;            ///< after a batch that could not be loaded
};

class Loader {
 public:
  /// internal with a text that says how to make the warehouse anew when it is ahead of the log.
  static Result<std::unique_ptr<Loader>> start(ledger::Log& log, warehouse::Warehouse& warehouse,
                                               metrics::Registry& metrics, LoaderOptions options);
  virtual ~Loader() = default;  ///< finishes its batch, joins

  [[nodiscard]] virtual std::uint64_t loaded_position() const = 0;
  /// Pokes the loader and waits until everything up to `position` is loaded. busy with a text after `wait_ms_max`,
  /// also while a refused batch is tried again; store_unavailable at once when loading stopped for good.
  virtual Status wait_for(std::uint64_t position, std::int64_t wait_ms_max) = 0;
  /// Why loading stopped for good, safe to show; empty while it works or tries again.
  [[nodiscard]] virtual std::string stopped_reason() const = 0;
  /// Text <-> code, shared with the readers.
  [[nodiscard]] virtual const Dictionaries& dictionaries() const = 0;
};

}  // namespace meterport::loading
