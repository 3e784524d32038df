#include "regions/rights.h"

#include <algorithm>

namespace meterport::regions {
namespace {

/// The caller's on that day.
bool is_callers_on(const catalog::Snapshot& catalogue, std::string_view caller, const Org& org, Day day) {
  const Org* top = &org;
  for (const Org* at = catalogue.org(org.parent_on(day)); at != nullptr; at = catalogue.org(at->parent_on(day))) {
    if (catalogue.region_of(at->id) == caller) return true;
    top = at;
  }
  return catalogue.region_of(top->id) == caller;
}

/// The caller's on some of the days; between two changes of the tree above it one day stands for all.
bool is_callers_in(const catalog::Snapshot& catalogue, std::string_view caller, const Org& org, const Period& shown) {
  const Day first = day_of(shown.from), last = day_of(shown.to.plus_us(-1));
  if (is_callers_on(catalogue, caller, org, first)) return true;
  return std::ranges::any_of(catalogue.tree_changes_above(org.id), [&](Day day) {
    return day > first && day <= last && is_callers_on(catalogue, caller, org, day);
  });
}

template <class Check>
bool may_have(const catalog::Snapshot& catalogue, std::string_view own, const std::vector<std::string>& orgs,
              Check is_callers) {
  return std::ranges::all_of(orgs, [&](const std::string& id) {
    const Org* org = catalogue.org(id);
    return org != nullptr && catalogue.region_of(id) == own && is_callers(*org);
  });
}

}  // namespace

bool may_have_part(const catalog::Snapshot& catalogue, std::string_view own, std::string_view caller,
                   const queries::PartRequest& request) {
  return may_have(catalogue, own, request.orgs,
                  [&](const Org& org) { return is_callers_in(catalogue, caller, org, request.shown); });
}

bool may_have_totals(const catalog::Snapshot& catalogue, std::string_view own, std::string_view caller,
                     const TotalsCall& call) {
  const Period period{.from = call.request.from, .to = call.request.to};
  return may_have(catalogue, own, call.orgs, [&](const Org& org) {
    return is_callers_on(catalogue, caller, org, day_of(call.as_of)) || is_callers_in(catalogue, caller, org, period);
  });
}

}  // namespace meterport::regions
