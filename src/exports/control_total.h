// Private to exports: what the rows of an export add up to, as its manifest says it. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/decimal.h"

namespace meterport::exports {

/// By meter, or over all rows where they name none.
struct ControlTotal {
  std::string meter;  ///< empty: rows name no meter
  std::uint64_t rows = 0;
  std::optional<Total> quantity;   ///< none where the kind prints none
  std::optional<Total> billable;   ///< of kind billed-usage, in place of ipu
  std::optional<Consumption> ipu;  ///< none where the kind prints none
};

}  // namespace meterport::exports
