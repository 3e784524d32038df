#include "queries/rate_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace meterport::queries {

namespace {

/// The days between two neighbours in `breaks`, ascending, that hold the day.
std::pair<Day, Day> stretch_of(const std::vector<Day>& breaks, Day day) {
  const auto after = std::ranges::upper_bound(breaks, day);
  return {after == breaks.begin() ? Day{std::numeric_limits<std::int32_t>::min()} : *std::prev(after),
          after == breaks.end() ? Day{std::numeric_limits<std::int32_t>::max()} : *after};
}

}  // namespace

RateBook::RateBook(const catalog::Snapshot& catalogue) : catalogue_(catalogue), tree_breaks_(catalogue.tree_changes()) {
  if (tree_breaks_.empty()) return;
  for (const Meter* meter : catalogue.meters()) {
    if (!meter->org.empty()) owned_ids_.insert(meter->id);
  }
}

Result<MeterSpan> RateBook::meter_on(const Org& org, std::string_view id, Day day) const {
  static const std::vector<Day> none;
  const auto [first, end] = stretch_of(owned_ids_.contains(id) ? tree_breaks_ : none, day);
  if (const Meter* found = catalogue_.meter_on(org.id, id, day)) return MeterSpan{first, end, found};
  const auto found = meter(org, id);
  if (!found) return fail(found);
  return MeterSpan{first, end, *found};
}

Result<const Meter*> RateBook::meter(const Org& org, std::string_view id) const {
  if (const Meter* found = catalogue_.meter(org.id, id)) return found;
  // Usage from before the org was moved may be on a meter that it does not see from its new place: one of its tenant's,
  // or of the tenant that it left.
  const Meter* of_another = nullptr;
  for (const Meter* meter : catalogue_.meters()) {
    if (meter->id != id) continue;
    if (catalogue_.top_of(meter->org) == catalogue_.top_of(org.id)) return meter;
    if (of_another == nullptr) of_another = meter;
  }
  if (of_another != nullptr) return of_another;
  return fail(ErrorKind::internal, "usage is on a meter that the catalogue does not hold",
              fmt::format("org {}, meter {}, catalogue position {}", org.id, id, catalogue_.position()));
}

bool RateBook::is_ever_over(std::string_view above, const Org& org) const {
  if (org.id == above) return true;
  const auto is_under = [&](const std::string& parent) {
    const Org* over = catalogue_.org(parent);
    return over != nullptr && is_ever_over(above, *over);
  };
  return is_under(org.parent) || std::ranges::any_of(org.history, [&](const OrgChange& change) {
           return change.parent.has_value() && is_under(*change.parent);
         });
}

bool RateBook::has_tiers(const Meter& meter, const Org& org) const {
  return std::ranges::any_of(meter.rates, [&](const Rate& rate) {
    return !rate.tier_from.is_zero() && (rate.org.empty() || is_ever_over(rate.org, org));
  });
}

const RateBook::MeterRates& RateBook::rates_of(const Meter& meter) {
  const auto [place, is_new] = meters_.try_emplace(&meter);
  MeterRates& rates = place->second;
  if (!is_new) return rates;
  for (const Rate& rate : meter.rates) {
    if (!rate.org.empty()) rates.differ_by_org = true;
    if (rate.valid_from.has_value()) rates.breaks.push_back(*rate.valid_from);
  }
  if (rates.differ_by_org) rates.breaks.insert(rates.breaks.end(), tree_breaks_.begin(), tree_breaks_.end());
  std::ranges::sort(rates.breaks);
  return rates;
}

RateSpan RateBook::rates_on(const Meter& meter, const Org& org, Day day) {
  const MeterRates& rates = rates_of(meter);
  const auto [first, end] = stretch_of(rates.breaks, day);
  const auto [place, is_new] = tables_.try_emplace(Key{&meter, rates.differ_by_org ? &org : nullptr, first});
  if (is_new) place->second = catalogue_.rates_on(meter, org.id, day);
  return {.first = first, .end = end, .tiers = &place->second};
}

}  // namespace meterport::queries
