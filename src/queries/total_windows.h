// Private to queries: the windows of GET /v1/usage. The store sums by equal steps that every window is made of (whole
// UTC days where that will do, for which it has sums ready); here is which window a step belongs to. Values.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "queries/zone.h"
#include "warehouse/query.h"

namespace meterport::queries {

class TotalWindows {
 public:
  TotalWindows() = default;  ///< none
  /// too_large: more than four million.
  static Result<TotalWindows> over(Period period, Window window, const Zone& zone);

  void put_into(warehouse::SumQuery& query) const;
  /// False: every group the store gives is a row.
  [[nodiscard]] bool must_fold() const { return !starts_.empty() && !is_one_step_; }
  /// 0 when there are none.
  [[nodiscard]] std::uint32_t number_of(const warehouse::SumRow& sum) const;
  [[nodiscard]] Period period(std::uint32_t number) const { return {starts_[number], starts_[number + 1]}; }

 private:
  std::vector<Instant> starts_;  ///< and the last one's end
  std::int64_t step_us_ = 0;
  bool by_utc_day_ = false;
  bool is_one_step_ = false;  ///< all windows are as long as a step
};

}  // namespace meterport::queries
