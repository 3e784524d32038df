#include "queries/rate_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace meterport::queries {
namespace {

constexpr Day before_all{std::numeric_limits<std::int32_t>::min()};
constexpr Day after_all{std::numeric_limits<std::int32_t>::max()};

/// Which of the stretches between the breaks holds the day, and its days [first, end).
struct Stretch {
  std::size_t number;
  Day first, end;
};
Stretch stretch_of(const std::vector<Day>& breaks, Day day) {
  const auto after = std::ranges::upper_bound(breaks, day);
  return {.number = static_cast<std::size_t>(after - breaks.begin()),
          .first = after == breaks.begin() ? before_all : *(after - 1),
          .end = after == breaks.end() ? after_all : *after};
}

std::unexpected<Error> fail_unknown(const catalog::Snapshot& catalogue, const Org& org, std::string_view id) {
  return fail(ErrorKind::internal, "usage is on a meter that the catalogue does not hold",
              fmt::format("org {}, meter {}, catalogue position {}", org.id, id, catalogue.position()));
}

}  // namespace

Result<const Meter*> RateBook::meter(const Org& org, std::string_view id) const {
  const Meter* found = catalogue_.meter_of_usage(org.id, id);
  return found != nullptr ? Result<const Meter*>(found) : fail_unknown(catalogue_, org, id);
}

Result<MeterSpan> RateBook::meter_on(const Org& org, std::string_view id, Day day) {
  MeterSpan span{.first = before_all, .end = after_all, .meter = catalogue_.meter_of_usage(org.id, id, day)};
  if (span.meter == nullptr) return fail_unknown(catalogue_, org, id);
  if (span.meter->org.empty()) return span;  // everyone's: no tenant has one of that id
  const Stretch stretch = stretch_of(tree_breaks(org), day);
  span.first = stretch.first;
  span.end = stretch.end;
  return span;
}

const std::vector<Day>& RateBook::tree_breaks(const Org& org) {
  const auto [place, is_new] = tree_breaks_.try_emplace(&org);
  if (is_new) place->second = catalogue_.tree_changes_above(org.id);
  return place->second;
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

bool RateBook::has_tiers(std::string_view meter_id, const Org& org) const {
  return std::ranges::any_of(catalogue_.meters_of_id(meter_id), [&](const Meter* meter) {
    return std::ranges::any_of(meter->rates, [&](const Rate& rate) {
      return !rate.tier_from.is_zero() && (rate.org.empty() || is_ever_over(rate.org, org));
    });
  });
}

const RateBook::MeterRates& RateBook::rates_of(const Meter& meter) {
  const auto [place, is_new] = meters_.try_emplace(&meter);
  MeterRates& rates = place->second;
  if (!is_new) return rates;
  for (const Rate& rate : meter.rates) {
    if (!rate.org.empty()) rates.differ_by_org = true;
    if (rate.valid_from.has_value()) rates.dates.push_back(*rate.valid_from);
  }
  std::ranges::sort(rates.dates);
  return rates;
}

RateBook::Tables& RateBook::tables_of(const Meter& meter, const Org& org) {
  const MeterRates& rates = rates_of(meter);
  const auto [place, is_new] = tables_.try_emplace(Key{&meter, rates.differ_by_org ? &org : nullptr});
  Tables& tables = place->second;
  if (!is_new) return tables;
  tables.breaks = rates.dates;
  if (rates.differ_by_org) {
    const std::vector<Day>& moves = tree_breaks(org);
    tables.breaks.insert(tables.breaks.end(), moves.begin(), moves.end());
    std::ranges::sort(tables.breaks);
  }
  return tables;
}

RateSpan RateBook::rates_on(const Meter& meter, const Org& org, Day day) {
  Tables& tables = tables_of(meter, org);
  const Stretch stretch = stretch_of(tables.breaks, day);
  const auto [place, is_new] = tables.by_stretch.try_emplace(stretch.number);
  if (is_new) place->second = catalogue_.rates_on(meter, org.id, day);
  return {.first = stretch.first, .end = stretch.end, .tiers = &place->second};
}

}  // namespace meterport::queries
