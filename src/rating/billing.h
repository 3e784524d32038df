// Billable quantities (crosswalk 2.2 "Billable quantity"): per org, meter and subscription, records in order of time,
// then position. G = the month's usage, each hour's sum (or, not hourly, the month's) rounded up to whole blocks;
// B = max(0, G - free per month); UTC calendar months. A piece's billable quantity is B after it minus B before it, so
// that every grouping adds up. Exact. One thread, no I/O.
#pragma once

#include <cstdint>

#include "base/decimal.h"
#include "base/instant.h"
#include "model/meter.h"

namespace meterport::rating {

/// The account of one org, meter and subscription over time.
class Biller {
 public:
  explicit Biller(const BillingRule& rule) : rule_(rule) {}
  /// The billable part of a record, or of several whose times lie in one hour. Pieces come in order of time; the first
  /// of a month must be the month's first. `time` need not be finer than the hour.
  Total add(Instant time, const Total& quantity);

 private:
  const BillingRule rule_;
  std::int64_t month_ = INT64_MIN, hour_ = INT64_MIN;  ///< of what is open; hours by their start
  Total closed_;                                       ///< rounded sums of the month's earlier hours
  Total open_;                                         ///< sum of the hour (not hourly: of the month)
  Total billed_;                                       ///< B
};

/// From where on records must be read to bill those from `from` on: the start of the UTC month. Also where nothing is
/// free: negative hours count against later ones.
Instant billing_start(Instant from);

}  // namespace meterport::rating
