// Private to the adapter: adds the roll-up's rows of several runs up per (org, meter, UTC day). One thread.
//
// A tenth of the time of the store's own GROUP BY, whose tables are made for more than three small keys.
#pragma once

#include <cstdint>
#include <vector>

#include "base/wide_int.h"
#include "warehouse/warehouse.h"

namespace meterport::warehouse::duck {

struct DaySum {
  std::int32_t day = 0;
  Code org = 0;
  Code meter = 0;
  Int128 whole = 0;
  Int128 fraction_1e18 = 0;
  std::uint64_t records = 0;
};

class DaySums {
 public:
  void add(const DaySum& part);
  /// In the order of their first parts.
  [[nodiscard]] const std::vector<DaySum>& rows() const { return rows_; }

 private:
  [[nodiscard]] std::size_t slot_of(const DaySum& part) const;
  void grow();
  std::vector<DaySum> rows_;
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(1'024);  ///< place in rows_ + 1; at most half used
};

}  // namespace meterport::warehouse::duck
