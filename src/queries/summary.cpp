// SUMMARY: one row per day, org and meter.
#include <algorithm>
#include <tuple>

#include "queries/queries.h"
#include "queries/rater.h"
#include "queries/slice_reader.h"

namespace meterport::queries {

namespace {

/// A day sum of the slice, by what its row is ordered by.
struct SummaryKey {
  std::uint64_t day_and_org = 0;  ///< day's number in the slice, org's rank
  std::uint32_t meter = 0;        ///< code, later rank
  std::uint32_t place = 0;        ///< of its quantity
  [[nodiscard]] std::uint32_t org() const { return static_cast<std::uint32_t>(day_and_org); }
  [[nodiscard]] std::int32_t day() const { return static_cast<std::int32_t>(day_and_org >> 32); }
};

std::uint64_t join(std::int32_t day, std::uint32_t org) {
  return (static_cast<std::uint64_t>(day) << 32) | org;
}

}  // namespace

Status Queries::summary_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                             const Slice& slice, const std::function<Status(const SummaryRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  const OrgCodes codes(loader_.dictionaries(), orgs, slice.org_first, slice.org_end);
  const auto query = query_of(snapshot, loader_.dictionaries(), codes, slice);
  if (!query) return {};
  std::vector<SummaryKey> keys;
  std::vector<Total> quantities;
  TextOrder meters(loader_.dictionaries(), warehouse::Dimension::meter);
  auto read = warehouse_.sum(*query, [&](const warehouse::SumRow& row) {
    keys.push_back({join(row.day.days - slice.first.days, codes.rank_of(row.org)), row.meter,
                    static_cast<std::uint32_t>(quantities.size())});
    quantities.push_back(row.quantity);
    meters.see(row.meter);
  });
  if (!read) return read;
  meters.rank();
  for (SummaryKey& key : keys) key.meter = meters.rank_of(key.meter);
  std::ranges::sort(keys, {}, [](const SummaryKey& key) { return std::tuple(key.day_and_org, key.meter); });

  Rater rater(catalogue, orgs, meters);
  if (auto opened = rater.open(warehouse_, snapshot, codes, slice.first); !opened) return opened;
  SummaryRow row;
  for (const SummaryKey& key : keys) {
    const Day day = slice.first.plus(key.day());
    if (!orgs[key.org()].is_on(day)) continue;
    if (row.org != orgs[key.org()].org || row.day != day) {
      row.org = orgs[key.org()].org;
      row.day = day;
      row.billing_period = billing_period_on(*row.org, day);
    }
    const auto meter = rater.meter(key.org(), key.meter);
    if (!meter) return fail(meter);
    row.meter = *meter;
    row.rated = rater.rate(key.org(), key.meter, day, quantities[key.place]);
    if (auto taken = each(row); !taken) return taken;
  }
  return {};
}

}  // namespace meterport::queries
