// Private to queries: a slice as a warehouse query, and what maps its codes back to the plan's orgs.
#pragma once

#include <optional>
#include <vector>

#include "queries/queries.h"

namespace meterport::queries {

/// Orgs of a plan by their dictionary code.
class OrgCodes {
 public:
  /// Orgs [first, end) of the plan; ranks are places in `orgs`.
  OrgCodes(const loading::Dictionaries& dictionaries, const ReportOrgs& orgs, std::size_t first, std::size_t end);
  OrgCodes(const loading::Dictionaries& dictionaries, const std::vector<const Org*>& orgs);
  /// Those that have usage at all.
  [[nodiscard]] const std::vector<warehouse::Code>& codes() const { return codes_; }
  [[nodiscard]] std::uint32_t rank_of(warehouse::Code code) const { return rank_by_code_[code]; }

 private:
  void add(const loading::Dictionaries& dictionaries, const Org& org, std::size_t rank);

  std::vector<warehouse::Code> codes_;
  std::vector<std::uint32_t> rank_by_code_;
};

/// busy when the snapshot's records are not all loaded yet: a sum would lack some.
Status require_loaded(const loading::Loader& loader, const Snapshot& snapshot);

/// By org, meter and day; nothing when no fact can match.
std::optional<warehouse::SumQuery> query_of(const Snapshot& snapshot, const loading::Dictionaries& dictionaries,
                                            const OrgCodes& orgs, const Slice& slice);

}  // namespace meterport::queries
