// Private to queries: the reader behind Queries::billed_usage(), with its bounds open to tests.
#pragma once

#include <memory>
#include <vector>

#include "queries/billed_plan.h"

namespace meterport::queries {

struct BilledRequest {
  Snapshot snapshot;
  catalog::SnapshotPtr catalogue;
  std::vector<const Org*> orgs;
  Period period;
  BilledUsageSpec spec;
};
/// busy: the snapshot is not loaded. `warehouse` and `loader` must outlive the reader.
Result<std::unique_ptr<BilledUsage>> open_billed_usage(warehouse::Warehouse& warehouse, const loading::Loader& loader,
                                                       const BilledRequest& request, const BilledLimits& limits = {});

}  // namespace meterport::queries
