#include "warehouse/duckdb/day_sums.h"

namespace meterport::warehouse::duck {

namespace {

std::uint64_t hash_of(const DaySum& sum) {
  std::uint64_t h = (std::uint64_t{sum.org} << 32) | sum.meter;
  h = (h ^ (static_cast<std::uint64_t>(sum.day) * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
  return h ^ (h >> 32);
}

}  // namespace

std::size_t DaySums::slot_of(const DaySum& part) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(part) & mask;
  while (slots_[slot] != 0) {
    const DaySum& row = rows_[slots_[slot] - 1];
    if (row.day == part.day && row.org == part.org && row.meter == part.meter) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void DaySums::grow() {
  slots_.assign(slots_.size() * 2, 0);
  for (std::size_t i = 0; i < rows_.size(); ++i) slots_[slot_of(rows_[i])] = static_cast<std::uint32_t>(i + 1);
}

void DaySums::add(const DaySum& part) {
  const std::size_t slot = slot_of(part);
  if (slots_[slot] == 0) {
    rows_.push_back(part);
    slots_[slot] = static_cast<std::uint32_t>(rows_.size());
    if (rows_.size() * 2 > slots_.size()) grow();
    return;
  }
  DaySum& row = rows_[slots_[slot] - 1];
  row.whole += part.whole;
  row.fraction_1e18 += part.fraction_1e18;
  row.records += part.records;
}

}  // namespace meterport::warehouse::duck
