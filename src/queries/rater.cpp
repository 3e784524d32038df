#include "queries/rater.h"

namespace meterport::queries {

Status Rater::open(warehouse::Warehouse& warehouse, const Snapshot& snapshot, const OrgCodes& codes, Day first) {
  (void)warehouse;
  (void)snapshot;
  (void)codes;
  (void)first;
  return {};
}

Result<const Meter*> Rater::meter(std::uint32_t org, std::uint32_t meter) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.meter != nullptr) return pair.meter;
  auto found = book_.meter(*orgs_[org].org, meters_.text(meter));
  if (found) pair.meter = *found;
  return found;
}

Rater::Pair& Rater::at(std::uint32_t org, std::uint32_t meter, Day day) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.rates.tiers == nullptr || day < pair.rates.first || day >= pair.rates.end) {
    pair.rates = book_.rates_on(*pair.meter, *orgs_[org].org, day);
  }
  return pair;
}

rating::RatedQuantity Rater::rate(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity) {
  Pair& pair = at(org, meter, day);
  return pair.counter.add(quantity, pair.meter->divisor, *pair.rates.tiers);
}

void Rater::rate_by_tier(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity,
                         const std::function<void(const rating::TierPart&)>& each) {
  Pair& pair = at(org, meter, day);
  pair.counter.add_by_tier(quantity, pair.meter->divisor, *pair.rates.tiers, each);
}

}  // namespace meterport::queries
