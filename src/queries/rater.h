// Private to queries: rates the day sums of one slice, with where each org's use of each meter stands in its billing
// period. One thread; lives as long as the slice's rows are made.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "queries/rate_book.h"
#include "queries/report_orgs.h"
#include "queries/slice_reader.h"
#include "queries/text_order.h"
#include "rating/tiers.h"

namespace meterport::queries {

class Rater {
 public:
  /// `meters` is ranked; ranks of orgs are places in `orgs`.
  Rater(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const TextOrder& meters)
      : book_(catalogue), orgs_(orgs), meters_(meters) {}

  /// Reads what the orgs of `codes` used of tiered meters in their billing periods before the day `first`: before
  /// anything is rated. The store's sums; meters of one rate need none.
  Status open(warehouse::Warehouse& warehouse, const Snapshot& snapshot, const OrgCodes& codes, Day first);

  /// What the org's usage of the day is on (RateBook::meter_on).
  Result<const Meter*> meter(std::uint32_t org, std::uint32_t meter, Day day);
  /// Of the meter that meter() gave last for these ranks, which was for this day. The days of an org and meter come in
  /// order; the pieces of a day in the order in which tiers fill: by project, folder, asset name, asset type,
  /// environment name, environment type (byte order, none last). A piece may be the sum of several that follow each
  /// other.
  rating::RatedQuantity rate(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity);
  void rate_by_tier(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity,
                    const std::function<void(const rating::TierPart&)>& each);

 private:
  /// Days over which tiers fill without starting anew.
  struct Fill {
    Day first, end;
  };
  struct Pair {
    MeterSpan meter;
    bool has_tiers = false;  ///< any of its meters
    RateSpan rates;
    rating::TierCounter counter;
    Day fill_first;  ///< what the counter counts
  };
  static std::uint64_t key(std::uint32_t org, std::uint32_t meter) { return (std::uint64_t{org} << 32) | meter; }
  Pair& at(std::uint32_t org, std::uint32_t meter, Day day);
  const Fill& fill_on(std::uint32_t org, Day day);
  /// Ranks of meters that may be tiered for some org.
  [[nodiscard]] std::vector<std::uint32_t> tiered_meters() const;
  Status read_used(warehouse::Warehouse& warehouse, warehouse::SumQuery query, const OrgCodes& codes);

  RateBook book_;
  const ReportOrgs& orgs_;
  const TextOrder& meters_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::unordered_map<std::uint32_t, Fill> fills_;  ///< by org, of the day last asked for
};

}  // namespace meterport::queries
