// Private to queries: the SUMMARY rows that come of the tree of orgs (informatica.md laws A4, A5), where the catalogue
// has their meters, of category ORGS:
//   Sub Organizations: on the first day of its billing period, an org with sub-orgs pays for each that is not deleted.
//   Sandbox Organizations: likewise a production org for its sandbox orgs.
//   Sandbox Organizations IPU Usage: a production org bears what its sandbox orgs' own SUMMARY rows of the day add up
//   to.
// The first two end with the snapshot's day; the third has every day on which a sandbox org has a row, also a later
// one. They fill no tiers: the first one holds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "queries/queries.h"
#include "queries/sources.h"

namespace meterport::queries {

inline constexpr std::string_view sub_organizations = "5Ariu53Z8gobF4KYsmTg4Z";
inline constexpr std::string_view sandbox_organizations = "2z4IqaoycKEextVpoCisuL";
inline constexpr std::string_view sandbox_ipu_usage = "c6vq9jira786LE0O2UReWT";

struct OrgCharge {
  Day day;
  std::uint32_t org = 0;  ///< rank
  const Meter* meter = nullptr;
  rating::RatedQuantity rated;
};

/// Those of the slice, by day, org rank, meter id: at most a few for each org and day. An org's sandbox orgs count
/// whether or not they are in the report.
Result<std::vector<OrgCharge>> org_charges(const Sources& sources, const ReportOrgs& orgs, const Slice& slice);

/// The sandbox orgs whose usage these rows need, with the days on which the slice's production orgs bear them.
ReportOrgs sandboxes_borne(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice);

}  // namespace meterport::queries
