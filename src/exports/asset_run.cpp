// How the files of kind asset are planned. Their rows come by meter first, days and orgs after: what is more than one
// slice is cut meter by meter.
#include <utility>

#include "exports/job_run.h"

namespace meterport::exports {

Result<std::vector<queries::Slice>> JobRun::plan_assets() {
  const std::string& meter = stored_.job.spec.meter;
  auto slices = slices_of(orgs_, meter, Order::days_first, context_.slice_records_max);
  if (!slices || slices->size() <= 1 || !meter.empty()) return slices;
  return plan_by_meter(0, orgs_.size(), context_.slice_records_max);
}

/// Of the orgs from rank `org_first` to `org_end`, exclusive.
Result<std::vector<queries::Slice>> JobRun::plan_by_meter(std::size_t org_first, std::size_t org_end,
                                                          std::uint64_t records_max) {
  const queries::ReportOrgs orgs(orgs_.begin() + static_cast<std::ptrdiff_t>(org_first),
                                 orgs_.begin() + static_cast<std::ptrdiff_t>(org_end));
  auto meters = queries_->meters_in_use(snapshot_, orgs, first_, last_);
  if (!meters) return unreadable(std::move(meters));
  std::vector<queries::Slice> all;
  for (const std::string& meter : *meters) {
    if (watch_.is_interrupted()) return interrupted();
    auto slices = slices_of(orgs, meter, Order::days_first, records_max);
    if (!slices) return slices;
    for (queries::Slice& slice : *slices) {
      slice.org_first += org_first;
      slice.org_end += org_first;
      all.push_back(std::move(slice));
    }
  }
  return all;
}

/// An org that has several slices of its own is cut anew; one with a single slice, alone or with others, is read whole.
Status JobRun::plan_large_orgs_by_meter(std::uint64_t records_max) {
  if (!stored_.job.spec.meter.empty()) return {};
  std::vector<queries::Slice> planned;
  for (std::size_t i = 0; i < org_slices_.size();) {
    const std::size_t rank = org_slices_[i].org_first;
    std::size_t end = i + 1;
    while (end < org_slices_.size() && org_slices_[end].org_first == rank) ++end;
    if (end - i == 1) {
      planned.push_back(std::move(org_slices_[i]));
    } else {
      auto slices = plan_by_meter(rank, rank + 1, records_max);
      if (!slices) return fail(std::move(slices));
      planned.insert(planned.end(), slices->begin(), slices->end());
    }
    i = end;
  }
  org_slices_ = std::move(planned);
  return {};
}

}  // namespace meterport::exports
