// Fetching a part from another region: the same request again and again while it is in the making, then the file, which
// is verified whole. One attempt; errors as Outgoing.
//
// Thread-safe; waits.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "queries/part.h"
#include "regions/outgoing.h"

namespace meterport::regions {

/// Writes the part to `path`, or nothing; its bytes. Ends when nothing got on for limits.timeout_ms.
Result<std::uint64_t> fetch_part(const Outgoing& outgoing, FileSystem& files, Clock& clock, const Region& peer,
                                 const queries::PartRequest& request, const std::string& path,
                                 const queries::PartCall& limits);

}  // namespace meterport::regions
