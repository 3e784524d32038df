// Private to queries: asking other regions for what a synchronous answer needs, all at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "queries/part.h"

namespace meterport::queries {

/// Asks each region once, on a thread of its own, and does `own` meanwhile on this one. When that is done and the
/// budget is over, those that are not are told to end. The error of `own`, else of the first region:
/// region_unavailable, `region "us" does not answer: <why>`.
Status ask_regions(const std::vector<std::string>& regions, std::int64_t budget_ms,
                   const std::function<Status(std::size_t region, const PartCall& call)>& ask,
                   const std::function<Status()>& own);

}  // namespace meterport::queries
