// What a region may have of this one (regions.h). Everything else answers as what does not exist. Pure functions, any
// thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/instant.h"
#include "catalog/snapshot.h"
#include "regions/messages.h"

namespace meterport::regions {

/// Each org's ledger is here, and on some day of what is shown it was of a tenant at home in the caller's region or
/// under an org whose ledger is there.
bool may_have_part(const catalog::Snapshot& catalogue, std::string_view own, std::string_view caller,
                   const queries::PartRequest& request);
/// Likewise, on some day of the period or on that of the instant: totals over linked orgs take the tree of then.
bool may_have_totals(const catalog::Snapshot& catalogue, std::string_view own, std::string_view caller,
                     const TotalsCall& call);

}  // namespace meterport::regions
