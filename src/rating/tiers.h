// What usage costs (informatica.md 8.1, laws A1 to A3). The counter, usage / divisor, runs per org, meter and billing
// period; usage that moves it from c to c + q costs the integral of the rate from c to c + q, by the tier table of its
// own org and day. A negative q walks back down; below 0 the first tier holds. Exact. One thread, no I/O.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "base/decimal.h"
#include "model/meter.h"

namespace meterport::rating {

struct RatedQuantity {
  Total quantity;
  Consumption consumption;
  /// Of the last unit: that which ends (going down: begins) where the counter stands now. Usage of 0: of the next one.
  /// 0 when no rate is valid.
  Decimal rate;
};

/// What of a piece of usage fell into one tier.
struct TierPart {
  Decimal tier_from;               ///< in scalars
  std::optional<Decimal> tier_to;  ///< none: the tier is open
  Decimal rate;                    ///< IPU per scalar
  Total quantity;                  ///< in the meter's unit; 0 only where the whole piece is
  Consumption consumption;
};

/// Where an org's use of a meter stands in its billing period. `tiers` is the table valid for org, meter and day, by
/// tier_from, the first 0; empty = no rate: one open tier at rate 0.
class TierCounter {
 public:
  TierCounter() = default;
  /// `used`: what the period held before, in the meter's unit.
  explicit TierCounter(const Total& used) : used_(used) {}

  RatedQuantity add(const Total& quantity, Decimal divisor, std::span<const Rate> tiers);
  /// The same usage by tier, the lowest first. Usage of 0 gives one part: in the tier of the next unit.
  void add_by_tier(const Total& quantity, Decimal divisor, std::span<const Rate> tiers,
                   const std::function<void(const TierPart&)>& each);
  [[nodiscard]] const Total& used() const { return used_; }

 private:
  Total used_;
};

}  // namespace meterport::rating
