// Private to catalog: the control tables that hold the catalogue's records (0010_catalog.sql), and the replay of the
// ledger that fills them.
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/change.h"
#include "control/store.h"
#include "ledger/log.h"

namespace meterport::catalog {

/// Ledger records up to this position are projected; 0 = none.
Result<std::uint64_t> read_projected_position(control::Store& store);
/// Adds the rows and moves the position, in one transaction. Rows that are there already stay.
Status project(control::Store& store, const std::vector<RecordedObject>& rows, std::uint64_t projected_position);
/// The catalogue as recorded up to the position.
Result<State> load_state(control::Store& store, std::uint64_t position);
/// Ascending: where each change ended. A change's records stand side by side, with a batch record before them.
Result<std::vector<std::uint64_t>> read_change_ends(control::Store& store);

struct Replayed {
  std::vector<RecordedObject> rows;
  std::uint64_t read_to = 0;  ///< last position looked at
};
/// The catalogue's records after `position`, up to what is durable.
Result<Replayed> replay(ledger::Log& log, std::uint64_t position);

}  // namespace meterport::catalog
