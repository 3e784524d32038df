// Whose usage a report shows, and on which days: the tree of each day decides (informatica.md 10). Plain values; the
// catalogue snapshot whose orgs they point to must outlive them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/instant.h"
#include "model/organization.h"

namespace meterport::queries {

/// Whole UTC days, half-open.
struct DaySpan {
  Day first, end;
  friend constexpr bool operator==(const DaySpan&, const DaySpan&) = default;
};

struct ReportOrg {
  const Org* org = nullptr;
  std::vector<DaySpan> days;  ///< ascending, apart from each other; within the report's period

  /// A report over the org has its rows of that day.
  [[nodiscard]] bool is_on(Day day) const {
    return std::ranges::any_of(days, [day](const DaySpan& span) { return day >= span.first && day < span.end; });
  }
};

/// In the order of the print; an org's rank is its place here.
using ReportOrgs = std::vector<ReportOrg>;

}  // namespace meterport::queries
