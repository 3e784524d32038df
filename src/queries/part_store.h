// The usage of one piece of work over several regions: a warehouse of its own that parts are loaded into, and queries
// over it. What they answer is what one ledger with all these records would have answered.
//
// Loading: one thread, then fixed; reading as Queries. Removes its files at the end.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "catalog/catalog.h"
#include "queries/part.h"
#include "queries/queries.h"

namespace meterport::queries {

class PartStore {
 public:
  /// In the file `path` (and beside it), which must not exist; empty: in memory.
  static Result<std::unique_ptr<PartStore>> create(FileSystem& files, catalog::Catalog& catalog, Clock& clock,
                                                   const std::string& path);
  virtual ~PartStore() = default;
  /// A sink for one part; its codes are that part's own. Use one after the other.
  [[nodiscard]] virtual std::unique_ptr<PartSink> sink() = 0;
  /// After the last part: everything can be read.
  virtual Status finish() = 0;
  /// Queries over what was loaded; not for pin(), totals() and billed_page(). Lives as long as this.
  [[nodiscard]] virtual Queries& queries() = 0;
  /// The job's snapshot with this store's positions.
  [[nodiscard]] virtual Snapshot snapshot(const Snapshot& of_job) const = 0;
};

/// What a report reads, by region.
struct RegionShare {
  std::string region;
  PartRequest request;
};
/// Empty regions are left out; the own one, if it has a share, comes first, the others by name. `orgs` as the job's
/// report has them; orgs that it reads besides (sandbox orgs whose total it shows) are added. The catalogue is that of
/// the snapshot.
std::vector<RegionShare> shares_of(const ExportSpec& spec, Instant as_of, const catalog::Snapshot& catalogue,
                                   const ReportOrgs& orgs, std::string_view own_region);

}  // namespace meterport::queries
