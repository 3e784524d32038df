// Private to queries: which of a slice's records were taken back. Pure but for the records it reads.
#pragma once

#include <cstdint>
#include <vector>

#include "base/decimal.h"
#include "base/error.h"
#include "base/instant.h"
#include "queries/record_source.h"
#include "warehouse/query.h"

namespace meterport::queries {

/// What tells a fact from its reversal.
struct HeldFact {
  std::uint64_t position = 0;
  Instant time;
  Decimal quantity;
  std::uint32_t org = 0;  ///< rank, or any other number of its own
  warehouse::Code meter = 0;
  [[nodiscard]] bool is_positive() const { return quantity.scaled() > 0; }
};

/// Positions that reversals among the facts take back, ascending. Puts `facts`, which hold whole days of their orgs and
/// meters, into another order.
Result<std::vector<std::uint64_t>> find_taken_back(RecordSource& records, std::vector<HeldFact>& facts);

std::unexpected<Error> fail_unreadable(std::uint64_t position, const Error& why);

}  // namespace meterport::queries
