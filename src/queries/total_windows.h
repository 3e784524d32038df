// Private to queries: the windows of GET /v1/usage, and the sums they are made of. The store sums by equal steps:
// hours, or days, one query for each stretch of equal ones (a day on which clocks are changed is a stretch of its own).
// Whole UTC days are asked for as days, for which the store has sums ready. Values.
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

  /// What to ask for in place of `query`.
  [[nodiscard]] std::vector<warehouse::SumQuery> queries_for(const warehouse::SumQuery& query) const;
  /// False: every group the store gives is a row.
  [[nodiscard]] bool must_fold() const { return must_fold_; }
  /// 0 when there are none.
  [[nodiscard]] std::uint32_t number_of(const warehouse::SumRow& sum) const;
  [[nodiscard]] Period period(std::uint32_t number) const { return {starts_[number], starts_[number + 1]}; }

 private:
  struct Stretch {
    Period period;
    std::int64_t step_us = 0;
  };
  void cut_into_stretches(const std::vector<Instant>& steps);

  std::vector<Instant> starts_;  ///< and the last one's end
  std::vector<Stretch> stretches_;
  bool by_utc_day_ = false;
  bool must_fold_ = false;
};

}  // namespace meterport::queries
