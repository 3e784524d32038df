#include "rating/tiers.h"

#include <algorithm>

namespace meterport::rating {
namespace {

/// Where the tier begins, in the meter's unit. Exact, as the catalogue refuses a table that has no such bounds; the
/// product of two Decimals always fits.
Total bound_of(const Rate& tier, Decimal divisor) {
  Int256 product;
  Int128 rest = 0;
  (void)Int256::from(tier.tier_from.scaled()).multiply(divisor.scaled(), product);
  return Total::from_scaled(product.divide(Decimal::from_integer(1).scaled(), rest));
}

/// What of (low, high] lies in a tier that begins at `begin` and ends at `end`, where it does both.
Total overlap(const Total& low, const Total& high, const std::optional<Total>& begin, const std::optional<Total>& end) {
  const Total& from = begin ? std::max(low, *begin) : low;
  const Total& to = end ? std::min(high, *end) : high;
  return from < to ? to - from : Total();
}

/// Calls `each(place of the tier, quantity)` for the tiers that the way from `used` on touches, the lowest first. Below
/// 0 the first tier goes on, so it has no begin here.
template <class Each>
void walk(const Total& used, const Total& quantity, Decimal divisor, std::span<const Rate> tiers, const Each& each) {
  const Total then = used + quantity;
  const Total &low = std::min(used, then), &high = std::max(used, then);
  std::optional<Total> begin;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const auto end = i + 1 < tiers.size() ? std::optional(bound_of(tiers[i + 1], divisor)) : std::nullopt;
    if (quantity.is_zero()) {
      if (!end || used < *end) return each(i, Total());  // the tier of the next unit
    } else if (const Total part = overlap(low, high, begin, end); !part.is_zero()) {
      each(i, quantity.is_negative() ? part.negated() : part);
    }
    begin = end;
  }
}

}  // namespace

RatedQuantity TierCounter::add(const Total& quantity, Decimal divisor, std::span<const Rate> tiers) {
  RatedQuantity rated{.quantity = quantity, .consumption = {}, .rate = {}};
  if (tiers.size() == 1) {
    rated.rate = tiers.front().ipu_per_unit;
    rated.consumption.add(quantity, rated.rate, divisor);
  } else if (!tiers.empty()) {
    bool is_first = true;
    walk(used_, quantity, divisor, tiers, [&](std::size_t tier, const Total& part) {
      // Up, the last unit lies in the highest tier touched; down, the last one walked back lies in the lowest.
      if (is_first || !quantity.is_negative()) rated.rate = tiers[tier].ipu_per_unit;
      is_first = false;
      rated.consumption.add(part, tiers[tier].ipu_per_unit, divisor);
    });
  }
  used_ += quantity;
  return rated;
}

void TierCounter::add_by_tier(const Total& quantity, Decimal divisor, std::span<const Rate> tiers,
                              const std::function<void(const TierPart&)>& each) {
  static const Rate no_rate;
  const std::span<const Rate> table = tiers.empty() ? std::span(&no_rate, 1) : tiers;
  const Total used = used_;
  used_ += quantity;
  walk(used, quantity, divisor, table, [&](std::size_t tier, const Total& part) {
    TierPart piece{.tier_from = table[tier].tier_from,
                   .tier_to = {},
                   .rate = table[tier].ipu_per_unit,
                   .quantity = part,
                   .consumption = {}};
    if (tier + 1 < table.size()) piece.tier_to = table[tier + 1].tier_from;
    piece.consumption.add(part, piece.rate, divisor);
    each(piece);
  });
}

}  // namespace meterport::rating
