// SUMMARY: one row per day, org and meter.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "queries/org_charges.h"
#include "queries/own_rows.h"
#include "queries/queries.h"
#include "queries/zero_rows.h"

namespace meterport::queries {

using warehouse::Dimension;

Status Queries::summary_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                             const Slice& slice, const std::function<Status(const SummaryRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  const Sources sources{warehouse_, loader_.dictionaries(), snapshot, catalogue};
  auto charges = org_charges(sources, orgs, slice);
  if (!charges) return fail(std::move(charges));
  auto charge = charges->cbegin();
  const auto hand_out_charge = [&]() -> Status {
    const Org* org = orgs[charge->org].org;
    const auto taken = each({.org = org,
                             .meter = charge->meter,
                             .day = charge->day,
                             .rated = charge->rated,
                             .billing_period = billing_period_on(*org, charge->day)});
    ++charge;
    return taken;
  };
  auto read = own_rows(sources, orgs, slice, [&](std::uint32_t rank, const SummaryRow& row) -> Status {
    const auto is_before_row = [&] {
      return std::tuple(charge->day, charge->org, std::string_view(charge->meter->id)) <
             std::tuple(row.day, rank, std::string_view(row.meter->id));
    };
    while (charge != charges->cend() && is_before_row()) {
      if (auto taken = hand_out_charge(); !taken) return taken;
    }
    return each(row);
  });
  if (!read) return read;
  while (charge != charges->cend()) {
    if (auto taken = hand_out_charge(); !taken) return taken;
  }
  return {};
}

namespace {

/// The orgs of a report by the days on which they are in it, cut to [first, last].
std::map<std::pair<Day, Day>, std::vector<const Org*>> by_days(const ReportOrgs& orgs, Day first, Day last) {
  std::map<std::pair<Day, Day>, std::vector<const Org*>> groups;
  for (const ReportOrg& org : orgs) {
    for (const DaySpan& span : org.days) {
      const Day from = std::max(span.first, first), end = std::min(span.end, last.plus(1));
      if (from < end) groups[{from, end}].push_back(org.org);
    }
  }
  return groups;
}

}  // namespace

Result<std::vector<std::string>> Queries::summary_meters(const Snapshot& snapshot, const catalog::Snapshot& catalogue,
                                                         const ReportOrgs& orgs, Day first, Day last) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return fail(std::move(loaded));
  const Sources sources{warehouse_, loader_.dictionaries(), snapshot, catalogue};
  std::set<std::string_view> ids;
  for (const auto& [days, some] : by_days(orgs, first, last)) {
    const OrgCodes codes(sources.words, some);
    if (codes.codes().empty()) continue;
    const auto used =
        warehouse_.meters_in_use(snapshot.ledger_position, codes.codes(), start_of(days.first), start_of(days.second));
    if (!used) return fail(used);
    for (const warehouse::Code meter : *used) ids.insert(sources.words.text(Dimension::meter, meter));
  }

  const Slice whole{.first = first, .last = last, .org_first = 0, .org_end = orgs.size(), .meter = {}};
  TextOrder meters(sources.words, Dimension::meter);
  ZeroRows zeros(catalogue, orgs, whole);
  auto found = zeros.find(sources, OrgCodes(sources.words, orgs, 0, orgs.size()), meters);
  if (!found) return fail(std::move(found));
  meters.rank();
  for (zeros.start(meters); !zeros.is_done(); zeros.next()) ids.insert(meters.text(zeros.key().meter));

  const auto charges = org_charges(sources, orgs, whole);
  if (!charges) return fail(charges);
  for (const OrgCharge& charge : *charges) ids.insert(charge.meter->id);
  return std::vector<std::string>(ids.begin(), ids.end());
}

}  // namespace meterport::queries
