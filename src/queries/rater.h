// Private to queries: rates the day sums of one slice. One thread; lives as long as the slice's rows are made.
#pragma once

#include <unordered_map>

#include "queries/rate_book.h"
#include "queries/text_order.h"
#include "rating/flat.h"

namespace meterport::queries {

class Rater {
 public:
  /// `meters` is ranked; ranks of orgs are places in `orgs`.
  Rater(const catalog::Snapshot& catalogue, const std::vector<const Org*>& orgs, const TextOrder& meters)
      : book_(catalogue), orgs_(orgs), meters_(meters) {}

  Result<const Meter*> meter(std::uint32_t org, std::uint32_t meter);
  /// Of a meter that meter() gave for the same ranks.
  rating::RatedQuantity rate(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity);

 private:
  struct Pair {
    const Meter* meter = nullptr;
    RateSpan rates;
  };
  static std::uint64_t key(std::uint32_t org, std::uint32_t meter) { return (std::uint64_t{org} << 32) | meter; }

  RateBook book_;
  const std::vector<const Org*>& orgs_;
  const TextOrder& meters_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
};

}  // namespace meterport::queries
