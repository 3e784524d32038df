#include "queries/rater.h"

namespace meterport::queries {

Result<const Meter*> Rater::meter(std::uint32_t org, std::uint32_t meter) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.meter != nullptr) return pair.meter;
  auto found = book_.meter(*orgs_[org], meters_.text(meter));
  if (found) pair.meter = *found;
  return found;
}

rating::RatedQuantity Rater::rate(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.rates.tiers == nullptr || day < pair.rates.first || day >= pair.rates.end) {
    pair.rates = book_.rates_on(*pair.meter, *orgs_[org], day);
  }
  return rating::rate_flat(quantity, pair.meter->divisor, *pair.rates.tiers);
}

}  // namespace meterport::queries
