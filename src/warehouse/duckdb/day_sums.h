// Private to the adapter: sums of a load batch per (org, meter, UTC day), the rows of a new roll-up run.
#pragma once

#include <cstdint>
#include <span>
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

/// By day, org, meter: the order in which runs compress and skip well.
std::vector<DaySum> day_sums(std::span<const Fact> facts);

}  // namespace meterport::warehouse::duck
