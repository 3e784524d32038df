#include "queries/rater.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace meterport::queries {

std::vector<std::uint32_t> Rater::tiered_meters() const {
  std::unordered_set<std::string_view> ids;
  for (const Meter* meter : book_.catalogue().meters()) {
    if (std::ranges::any_of(meter->rates, [](const Rate& rate) { return !rate.tier_from.is_zero(); })) {
      ids.insert(meter->id);
    }
  }
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t rank = 0; !ids.empty() && rank < meters_.size(); ++rank) {
    if (ids.contains(meters_.text(rank))) ranks.push_back(rank);
  }
  return ranks;
}

Status Rater::open(warehouse::Warehouse& warehouse, const Snapshot& snapshot, const OrgCodes& codes, Day first) {
  const std::vector<std::uint32_t> tiered = tiered_meters();
  if (tiered.empty()) return {};
  std::map<Day, std::vector<warehouse::Code>> orgs_by_start;
  for (const warehouse::Code code : codes.codes()) {
    const std::uint32_t rank = codes.rank_of(code);
    const Org& org = *orgs_[rank].org;
    if (std::ranges::none_of(tiered, [&](std::uint32_t meter) { return book_.has_tiers(meters_.text(meter), org); })) {
      continue;
    }
    const Day start = fill_on(rank, first).first;
    if (start < first) orgs_by_start[start].push_back(code);
  }
  warehouse::SumQuery query;
  query.as_of_position = snapshot.ledger_position;
  query.to = start_of(first);
  query.by_day = false;
  for (const std::uint32_t rank : tiered) query.meters.push_back(meters_.code(rank));
  for (auto& [start, orgs] : orgs_by_start) {
    query.from = start_of(start);
    query.orgs = std::move(orgs);
    if (auto read = read_used(warehouse, query, codes); !read) return read;
  }
  return {};
}

Status Rater::read_used(warehouse::Warehouse& warehouse, warehouse::SumQuery query, const OrgCodes& codes) {
  const Day start = day_of(query.from);
  return warehouse.sum(query, [&](const warehouse::SumRow& row) {
    Pair& pair = pairs_[key(codes.rank_of(row.org), meters_.rank_of(row.meter))];
    pair.counter = rating::TierCounter(row.quantity);
    pair.fill_first = start;
  });
}

Result<const Meter*> Rater::meter(std::uint32_t org, std::uint32_t meter, Day day) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.meter.is_on(day)) return pair.meter.meter;
  const auto found = book_.meter_on(*orgs_[org].org, meters_.text(meter), day);
  if (!found) return fail(found);
  if (pair.meter.meter == nullptr) pair.has_tiers = book_.has_tiers(meters_.text(meter), *orgs_[org].org);
  if (pair.meter.meter != found->meter) pair.rates = {};
  pair.meter = *found;
  return pair.meter.meter;
}

const Rater::Fill& Rater::fill_on(std::uint32_t rank, Day day) {
  const auto [place, is_new] = fills_.try_emplace(rank);
  Fill& fill = place->second;
  if (!is_new && day >= fill.first && day < fill.end) return fill;
  const Org& org = *orgs_[rank].org;
  const BillingPeriod period = billing_period_on(org, day);
  fill.first = billing_period_start(org, day);
  fill.end = day.plus(1);
  while (fill.end < period.next_first && billing_period_on(org, fill.end) == period) fill.end = fill.end.plus(1);
  return fill;
}

Rater::Pair& Rater::at(std::uint32_t org, std::uint32_t meter, Day day) {
  Pair& pair = pairs_[key(org, meter)];
  if (pair.rates.tiers == nullptr || day < pair.rates.first || day >= pair.rates.end) {
    pair.rates = book_.rates_on(*pair.meter.meter, *orgs_[org].org, day);
  }
  if (!pair.has_tiers) return pair;
  if (const Day first = fill_on(org, day).first; pair.fill_first != first) {
    pair.counter = {};
    pair.fill_first = first;
  }
  return pair;
}

rating::RatedQuantity Rater::rate(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity) {
  Pair& pair = at(org, meter, day);
  return pair.counter.add(quantity, pair.meter.meter->divisor, *pair.rates.tiers);
}

void Rater::rate_by_tier(std::uint32_t org, std::uint32_t meter, Day day, const Total& quantity,
                         const std::function<void(const rating::TierPart&)>& each) {
  Pair& pair = at(org, meter, day);
  pair.counter.add_by_tier(quantity, pair.meter.meter->divisor, *pair.rates.tiers, each);
}

}  // namespace meterport::queries
