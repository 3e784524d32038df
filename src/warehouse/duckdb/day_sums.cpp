#include "warehouse/duckdb/day_sums.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace meterport::warehouse::duck {

namespace {

std::uint64_t mix(std::int32_t day, Code org, Code meter) {
  std::uint64_t h = (std::uint64_t{org} << 32) | meter;
  h = (h ^ (static_cast<std::uint64_t>(day) * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
  return h ^ (h >> 32);
}

}  // namespace

std::vector<DaySum> day_sums(std::span<const Fact> facts) {
  std::vector<DaySum> sums;
  // Open addressing over places in `sums`, never more than half full.
  std::vector<std::uint32_t> slots(std::bit_ceil(facts.size() * 2 + 2), 0);
  const std::uint64_t mask = slots.size() - 1;
  for (const Fact& fact : facts) {
    const std::int32_t day = day_of(Instant{fact.time_us}).days;
    const Code org = fact.codes[static_cast<std::size_t>(Dimension::org)];
    const Code meter = fact.codes[static_cast<std::size_t>(Dimension::meter)];
    std::uint64_t slot = mix(day, org, meter) & mask;
    while (slots[slot] != 0) {
      const DaySum& sum = sums[slots[slot] - 1];
      if (sum.day == day && sum.org == org && sum.meter == meter) break;
      slot = (slot + 1) & mask;
    }
    if (slots[slot] == 0) {
      sums.push_back({.day = day, .org = org, .meter = meter});
      slots[slot] = static_cast<std::uint32_t>(sums.size());
    }
    DaySum& sum = sums[slots[slot] - 1];
    sum.whole += fact.whole;
    sum.fraction_1e18 += fact.fraction_1e18;
    ++sum.records;
  }
  std::ranges::sort(sums, {}, [](const DaySum& s) { return std::tuple(s.day, s.org, s.meter); });
  return sums;
}

}  // namespace meterport::warehouse::duck
