// What of whose usage a report is made from, by region.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "queries/billed_filter.h"
#include "queries/org_charges.h"
#include "queries/part_store.h"
#include "rating/billing.h"

namespace meterport::queries {

using warehouse::Dimension;

namespace {

bool any_meter(const catalog::Snapshot& catalogue, const std::string& id, bool (*is)(const Meter&)) {
  return std::ranges::any_of(catalogue.meters(),
                             [&](const Meter* meter) { return (id.empty() || meter->id == id) && is(*meter); });
}

bool has_tiers(const Meter& meter) {
  return std::ranges::any_of(meter.rates, [](const Rate& rate) { return !rate.tier_from.is_zero(); });
}

Slice whole_report(const ExportSpec& spec, const ReportOrgs& orgs) {
  return {.first = day_of(spec.period.from),
          .last = day_of(spec.period.to.plus_us(-1)),
          .org_first = 0,
          .org_end = orgs.size(),
          .meter = spec.meter};
}

/// The orgs of the report and those that it shows the totals of.
std::set<const Org*> orgs_read(const ExportSpec& spec, const catalog::Snapshot& catalogue, const ReportOrgs& orgs) {
  std::set<const Org*> all;
  for (const ReportOrg& org : orgs) all.insert(org.org);
  if (spec.kind != ExportKind::summary) return all;
  for (const ReportOrg& org : sandboxes_borne(catalogue, orgs, whole_report(spec, orgs))) all.insert(org.org);
  return all;
}

/// Everything but orgs and period.
PartRequest request_of(const ExportSpec& spec, Instant as_of, const catalog::Snapshot& catalogue) {
  PartRequest request{.as_of = as_of,
                      .grain = PartGrain::day_sums,
                      .orgs = {},
                      .period = spec.period,
                      .shown = spec.period,
                      .meter = spec.meter,
                      .dims = {}};
  switch (spec.kind) {
    case ExportKind::summary:
      // What sandbox orgs add up to is the usage of all their meters.
      if (spec.meter == sandbox_ipu_usage) request.meter.clear();
      request.with_first_days =
          any_meter(catalogue, request.meter, [](const Meter& m) { return m.has_row_every_day(); });
      break;
    case ExportKind::project_folder:
      request.dims = {Dimension::project, Dimension::folder};
      break;
    case ExportKind::asset:
      request.dims = {Dimension::project,    Dimension::folder,           Dimension::asset_name,
                      Dimension::asset_type, Dimension::environment_name, Dimension::environment_type};
      break;
    case ExportKind::job_level:
    case ExportKind::usage:
      request.grain = PartGrain::records;
      break;
    case ExportKind::billed_usage:
      request.grain = PartGrain::facts;
      request.dims = BilledDims(spec.billed).list();
      break;
  }
  std::ranges::sort(request.dims);
  return request;
}

/// From where on usage counts for what the report shows.
class Beginning {
 public:
  Beginning(const ExportSpec& spec, const PartRequest& request, const catalog::Snapshot& catalogue)
      : from_(spec.period.from),
        has_tiers_(request.grain == PartGrain::day_sums && any_meter(catalogue, request.meter, has_tiers)) {
    const auto has_rule = [](const Meter& meter) { return meter.billing.has_value(); };
    if (spec.kind == ExportKind::billed_usage && any_meter(catalogue, {}, has_rule)) {
      from_ = rating::billing_start(from_);
    }
  }
  [[nodiscard]] Instant of(const Org& org) const {
    return has_tiers_ ? start_of(billing_period_start(org, day_of(from_))) : from_;
  }

 private:
  Instant from_;
  const bool has_tiers_;
};

}  // namespace

std::vector<RegionShare> shares_of(const ExportSpec& spec, Instant as_of, const catalog::Snapshot& catalogue,
                                   const ReportOrgs& orgs, std::string_view own_region) {
  const PartRequest common = request_of(spec, as_of, catalogue);
  const Beginning beginning(spec, common, catalogue);
  std::map<std::string, PartRequest, std::less<>> by_region;
  for (const Org* org : orgs_read(spec, catalogue, orgs)) {
    PartRequest& request = by_region.try_emplace(std::string(catalogue.region_of(org->id)), common).first->second;
    request.orgs.push_back(org->id);
    request.period.from = std::min(request.period.from, beginning.of(*org));
  }
  std::vector<RegionShare> shares;
  for (auto& [region, request] : by_region) {
    std::ranges::sort(request.orgs);
    shares.push_back({region, std::move(request)});
  }
  std::ranges::sort(shares, {}, [&](const RegionShare& share) {
    return std::pair(share.region != own_region, std::string_view(share.region));
  });
  return shares;
}

}  // namespace meterport::queries
