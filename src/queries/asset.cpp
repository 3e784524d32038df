// ASSET: one row per meter, day, org, asset, place, environment and tier.
#include "queries/queries.h"
#include "queries/rater.h"

namespace meterport::queries {

Status Queries::asset_rows(const Snapshot&, const catalog::Snapshot&, const ReportOrgs&, const Slice&,
                           const std::function<Status(const AssetRow&)>&) {
  return fail(ErrorKind::not_supported, "asset rows are not there yet");
}

}  // namespace meterport::queries
