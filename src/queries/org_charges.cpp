#include "queries/org_charges.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "queries/own_rows.h"
#include "queries/rate_book.h"

namespace meterport::queries {
namespace {

/// Sandbox orgs rated at once: what bounds the memory of their day sums.
constexpr std::size_t sandboxes_at_once = 32;

/// The orgs of a kind by the org that they are under on some day.
using Families = std::unordered_map<std::string_view, std::vector<const Org*>>;

Families families_of(const catalog::Snapshot& catalogue, OrgKind kind) {
  Families families;
  const auto add = [&](std::string_view parent, const Org* child) {
    auto& children = families[parent];
    if (children.empty() || children.back() != child) children.push_back(child);
  };
  for (const Org* org : catalogue.orgs()) {
    if (org->kind != kind) continue;
    add(org->parent, org);
    for (const OrgChange& change : org->history) {
      if (change.parent.has_value()) add(*change.parent, org);
    }
  }
  return families;
}

/// The meter of such rows, where the org sees one on the day.
const Meter* charge_on(const catalog::Snapshot& catalogue, const Org& org, std::string_view meter_id, Day day) {
  const Meter* meter = catalogue.meter_on(org.id, meter_id, day);
  return meter != nullptr && meter->is_made_by_server() ? meter : nullptr;
}

/// Ranks of the slice's orgs that may bear such a row on some day.
std::vector<std::uint32_t> bearers_of(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice,
                                      std::string_view meter_id, OrgKind child) {
  std::vector<std::uint32_t> bearers;
  if (!slice.meter.empty() && slice.meter != meter_id) return bearers;
  if (catalogue.meters_of_id(meter_id).empty()) return bearers;
  for (std::size_t rank = slice.org_first; rank < std::min(slice.org_end, orgs.size()); ++rank) {
    const Org& org = *orgs[rank].org;
    const bool may = child == OrgKind::sub_org ? org.kind != OrgKind::sub_org : org.kind == OrgKind::production;
    if (may) bearers.push_back(static_cast<std::uint32_t>(rank));
  }
  return bearers;
}

/// The charge for each org of the kind `child`, on the first days of the bearers' billing periods.
class HeadCharges {
 public:
  HeadCharges(const Sources& sources, const ReportOrgs& orgs, const Slice& slice)
      : sources_(sources), orgs_(orgs), slice_(slice), book_(sources.catalogue) {}

  void add(std::string_view meter_id, OrgKind child, std::vector<OrgCharge>& charges) {
    const auto bearers = bearers_of(sources_.catalogue, orgs_, slice_, meter_id, child);
    if (bearers.empty()) return;
    const Families families = families_of(sources_.catalogue, child);
    for (const std::uint32_t rank : bearers) {
      const auto family = families.find(orgs_[rank].org->id);
      if (family != families.end()) add_of(rank, meter_id, family->second, charges);
    }
  }

 private:
  void add_of(std::uint32_t rank, std::string_view meter_id, std::span<const Org* const> children,
              std::vector<OrgCharge>& charges) {
    const ReportOrg& bearer = orgs_[rank];
    const Day last = std::min(slice_.last, sources_.last_made_day());
    for (Day day = slice_.first; day <= last; day = day.plus(1)) {
      if (billing_period_on(*bearer.org, day).first != day || !bearer.is_on(day)) continue;
      const auto heads = std::ranges::count_if(children, [&](const Org* child) {
        return child->parent_on(day) == bearer.org->id && child->status_on(day) != OrgStatus::deleted;
      });
      const Meter* meter = heads == 0 ? nullptr : charge_on(sources_.catalogue, *bearer.org, meter_id, day);
      if (meter == nullptr) continue;
      OrgCharge charge{.day = day, .org = rank, .meter = meter, .rated = {}};
      charge.rated.quantity = Total(Decimal::from_integer(heads));
      const std::vector<Rate>& tiers = *book_.rates_on(*meter, *bearer.org, day).tiers;
      if (!tiers.empty()) charge.rated.rate = tiers.front().ipu_per_unit;
      charge.rated.consumption.add(charge.rated.quantity, charge.rated.rate, meter->divisor);
      charges.push_back(std::move(charge));
    }
  }

  const Sources& sources_;
  const ReportOrgs& orgs_;
  const Slice& slice_;
  RateBook book_;
};

/// The sandbox orgs whose totals production orgs of the slice show.
class Sandboxes {
 public:
  Sandboxes(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice)
      : catalogue_(catalogue), orgs_(orgs), slice_(slice) {
    for (const std::uint32_t rank : bearers_of(catalogue, orgs, slice, sandbox_ipu_usage, OrgKind::sandbox)) {
      bearers_.emplace(orgs[rank].org->id, rank);
    }
  }

  /// Rank of the production org, which is one of them.
  [[nodiscard]] std::uint32_t bearer(std::string_view org) const { return bearers_.at(org); }
  [[nodiscard]] const Meter* meter_on(std::uint32_t rank, Day day) const {
    return charge_on(catalogue_, *orgs_[rank].org, sandbox_ipu_usage, day);
  }

  /// With the days on which their production org is in the report and bears them.
  [[nodiscard]] ReportOrgs orgs() const {
    ReportOrgs sandboxes;
    if (bearers_.empty()) return sandboxes;
    for (const Org* org : catalogue_.orgs()) {
      if (org->kind != OrgKind::sandbox) continue;
      ReportOrg sandbox{.org = org, .days = {}};
      for (Day day = slice_.first; day <= slice_.last; day = day.plus(1)) {
        const auto bearer = bearers_.find(org->parent_on(day));
        if (bearer == bearers_.end() || !orgs_[bearer->second].is_on(day)) continue;
        if (meter_on(bearer->second, day) == nullptr) continue;
        if (sandbox.days.empty() || sandbox.days.back().end != day) sandbox.days.push_back({day, day});
        sandbox.days.back().end = day.plus(1);
      }
      if (!sandbox.days.empty()) sandboxes.push_back(std::move(sandbox));
    }
    return sandboxes;
  }

 private:
  const catalog::Snapshot& catalogue_;
  const ReportOrgs& orgs_;
  const Slice& slice_;
  std::unordered_map<std::string_view, std::uint32_t> bearers_;  ///< ranks by org id
};

/// What production orgs bear of their sandbox orgs.
class SandboxTotals {
 public:
  SandboxTotals(const Sources& sources, const ReportOrgs& orgs, const Slice& slice)
      : sources_(sources), orgs_(orgs), slice_(slice) {}

  Status add(std::vector<OrgCharge>& charges) {
    const Sandboxes sandboxes(sources_.catalogue, orgs_, slice_);
    const ReportOrgs borne = sandboxes.orgs();
    for (std::size_t first = 0; first < borne.size(); first += sandboxes_at_once) {
      Slice some{.first = slice_.first, .last = slice_.last, .org_first = first, .meter = {}};
      some.org_end = std::min(first + sandboxes_at_once, borne.size());
      if (auto may = sources_.may_go_on(); !may) return may;
      if (auto added = add_up(borne, some); !added) return added;
    }
    for (const auto& [key, total] : totals_) {
      const auto& [day, parent] = key;
      const std::uint32_t rank = sandboxes.bearer(parent);
      charges.push_back({day, rank, sandboxes.meter_on(rank, day), {.quantity = {}, .consumption = total, .rate = {}}});
    }
    return {};
  }

 private:
  Status add_up(const ReportOrgs& sandboxes, const Slice& some) {
    std::vector<OrgCharge> heads;
    HeadCharges(sources_, sandboxes, some).add(sub_organizations, OrgKind::sub_org, heads);
    for (const OrgCharge& charge : heads) add_row(*sandboxes[charge.org].org, charge.day, charge.rated.consumption);
    return own_rows(sources_, sandboxes, some, [&](std::uint32_t, const SummaryRow& row) -> Status {
      add_row(*row.org, row.day, row.rated.consumption);
      return {};
    });
  }

  void add_row(const Org& sandbox, Day day, const Consumption& consumption) {
    totals_[{day, sandbox.parent_on(day)}] += consumption;
  }

  const Sources& sources_;
  const ReportOrgs& orgs_;
  const Slice& slice_;
  std::map<std::pair<Day, std::string_view>, Consumption> totals_;  ///< by day and org id
};

}  // namespace

ReportOrgs sandboxes_borne(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice) {
  return Sandboxes(catalogue, orgs, slice).orgs();
}

Result<std::vector<OrgCharge>> org_charges(const Sources& sources, const ReportOrgs& orgs, const Slice& slice) {
  std::vector<OrgCharge> charges;
  HeadCharges heads(sources, orgs, slice);
  heads.add(sub_organizations, OrgKind::sub_org, charges);
  heads.add(sandbox_organizations, OrgKind::sandbox, charges);
  if (auto added = SandboxTotals(sources, orgs, slice).add(charges); !added) return fail(std::move(added));
  std::ranges::sort(charges, {}, [](const OrgCharge& charge) {
    return std::tuple(charge.day, charge.org, std::string_view(charge.meter->id));
  });
  return charges;
}

}  // namespace meterport::queries
