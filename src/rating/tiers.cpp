#include "rating/tiers.h"

namespace meterport::rating {

RatedQuantity TierCounter::add(const Total& quantity, Decimal divisor, std::span<const Rate> tiers) {
  RatedQuantity rated{.quantity = quantity, .consumption = {}, .rate = {}};
  used_ += quantity;
  if (tiers.empty()) return rated;
  rated.rate = tiers.front().ipu_per_unit;
  rated.consumption.add(quantity, rated.rate, divisor);
  return rated;
}

void TierCounter::add_by_tier(const Total& quantity, Decimal divisor, std::span<const Rate> tiers,
                              const std::function<void(const TierPart&)>& each) {
  const RatedQuantity rated = add(quantity, divisor, tiers);
  each({.tier_from = {}, .tier_to = {}, .rate = rated.rate, .quantity = quantity, .consumption = rated.consumption});
}

}  // namespace meterport::rating
