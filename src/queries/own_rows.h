// Private to queries: the SUMMARY rows that an org has of its own records: usage, and usage 0 of meters that have a row
// every day. Rows that come of the tree of orgs are in org_charges.h.
#pragma once

#include <cstdint>
#include <functional>

#include "queries/queries.h"
#include "queries/sources.h"

namespace meterport::queries {

/// By date, org rank, meter id; `each` gets the org's rank, too. Holds the slice's day sums in memory.
Status own_rows(const Sources& sources, const ReportOrgs& orgs, const Slice& slice,
                const std::function<Status(std::uint32_t, const SummaryRow&)>& each);

}  // namespace meterport::queries
