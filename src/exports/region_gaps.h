// Private to exports: what a job says of regions whose usage it lacks. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/snapshot.h"
#include "exports/exports.h"

namespace meterport::exports {

/// As a row holds them: `[{"region":"us","orgs":["acme-us"],"reason":"refused the connection"}]`; none: empty.
std::string gaps_json(const std::vector<Gap>& gaps);
/// internal: it is none of gaps_json().
Result<std::vector<Gap>> parse_gaps(std::string_view json);

/// A sentence on one gap: how many of the job's orgs (`orgs_of_job`), why, and which by the ids that wires print. The
/// catalogue is that of the snapshot.
std::string gap_text(const Gap& gap, std::size_t orgs_of_job, bool all_linked, const catalog::Snapshot& catalogue);
/// A region's reason inside brackets: "it refused the connection".
std::string reason_clause(std::string_view reason);

/// The job as others see it: while it may still be filled in, its error says so.
Job with_outlook(Job job, Instant now);

}  // namespace meterport::exports
