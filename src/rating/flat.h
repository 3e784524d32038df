// Consumption of a day's quantity at the rate valid that day (informatica.md 8, A1): quantity / divisor x rate,
// exact. Tiers come with their issue: until then the rate of the first tier holds for all of a day's usage.
#pragma once

#include <span>

#include "base/decimal.h"
#include "model/meter.h"

namespace meterport::rating {

struct RatedQuantity {
  Total quantity;
  Consumption consumption;
  Decimal rate;  ///< of the last unit; 0 when no rate is valid
};

/// `tiers`: the table valid for org, meter and day, by tier_from; empty = no rate: consumption 0.
RatedQuantity rate_flat(const Total& quantity, Decimal divisor, std::span<const Rate> tiers);

}  // namespace meterport::rating
