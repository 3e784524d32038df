#include "queries/rated_sums.h"

#include <algorithm>
#include <tuple>

namespace meterport::queries {

using warehouse::Dimension;

RatedSums::RatedSums(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const loading::Dictionaries& words,
                     std::span<const Dimension> texts)
    : words_(words),
      dimensions_(texts.begin(), texts.end()),
      orgs_(orgs),
      meters_(words, Dimension::meter),
      rater_(catalogue, orgs, meters_) {
  texts_.reserve(texts.size());
  for (const Dimension dimension : texts) texts_.emplace_back(words, dimension, NoValue::last);
}

Status RatedSums::read(warehouse::Warehouse& warehouse, const Snapshot& snapshot, const Slice& slice) {
  const OrgCodes codes(words_, orgs_, slice.org_first, slice.org_end);
  auto query = query_of(snapshot, words_, codes, slice);
  if (!query) return {};
  query->group_by = dimensions_;
  auto sums = warehouse.sum(*query, [&](const warehouse::SumRow& row) { add(row, codes.rank_of(row.org)); });
  if (!sums) return sums;
  put_in_order();
  if (auto opened = rater_.open(warehouse, snapshot, codes, slice.first); !opened) return opened;
  return rate();
}

void RatedSums::add(const warehouse::SumRow& row, std::uint32_t org) {
  Key& key = keys_.emplace_back(Key{
      .org = org, .meter = row.meter, .day = row.day.days, .place = static_cast<std::uint32_t>(quantities_.size())});
  meters_.see(row.meter);
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    key.texts[i] = row.dims[i];
    texts_[i].see(row.dims[i]);
  }
  quantities_.push_back(row.quantity);
}

void RatedSums::put_in_order() {
  meters_.rank();
  for (TextOrder& texts : texts_) texts.rank();
  for (Key& key : keys_) {
    key.meter = meters_.rank_of(key.meter);
    for (std::size_t i = 0; i < texts_.size(); ++i) key.texts[i] = texts_[i].rank_of(key.texts[i]);
  }
  std::ranges::sort(keys_, {}, [](const Key& key) { return std::tie(key.org, key.meter, key.day, key.texts); });
}

Status RatedSums::rate() {
  parts_.reserve(keys_.size());
  std::size_t kept = 0;
  for (Key key : keys_) {
    const auto meter = rater_.meter(key.org, key.meter, Day{key.day});
    if (!meter) return fail(meter);
    if ((*meter)->is_made_by_server()) continue;
    const Total& quantity = quantities_[key.place];
    key.place = static_cast<std::uint32_t>(parts_.size());
    rater_.rate_by_tier(key.org, key.meter, Day{key.day}, quantity, [&](const rating::TierPart& part) {
      parts_.push_back({part.quantity, number_of({part.tier_from, part.tier_to, part.rate}), false});
    });
    parts_.back().is_last = true;
    keys_[kept++] = key;
  }
  keys_.resize(kept);
  quantities_ = {};
  return {};
}

std::uint32_t RatedSums::number_of(const Tier& tier) {
  if (tier_ < tiers_.size() && tiers_[tier_] == tier) return tier_;
  const auto found = std::ranges::find(tiers_, tier);
  tier_ = static_cast<std::uint32_t>(found - tiers_.begin());
  if (found == tiers_.end()) tiers_.push_back(tier);
  return tier_;
}

std::span<const RatedSums::Part> RatedSums::parts(const Key& key) const {
  std::size_t end = key.place;
  while (!parts_[end].is_last) ++end;
  return std::span(parts_).subspan(key.place, end + 1 - key.place);
}

rating::TierPart RatedSums::tier_part(const Part& part, const Meter& meter) const {
  const Tier& tier = tiers_[part.tier];
  rating::TierPart whole{
      .tier_from = tier.from, .tier_to = tier.to, .rate = tier.rate, .quantity = part.quantity, .consumption = {}};
  whole.consumption.add(part.quantity, tier.rate, meter.divisor);
  return whole;
}

}  // namespace meterport::queries
