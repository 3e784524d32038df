#include "rating/flat.h"

namespace meterport::rating {

RatedQuantity rate_flat(const Total& quantity, Decimal divisor, std::span<const Rate> tiers) {
  RatedQuantity rated{.quantity = quantity, .consumption = {}, .rate = {}};
  if (tiers.empty()) return rated;
  rated.rate = tiers.front().ipu_per_unit;
  rated.consumption.add(quantity, rated.rate, divisor);
  return rated;
}

}  // namespace meterport::rating
