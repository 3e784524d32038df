// Private to ledger: turns a full active segment into a sealed one (docs/formats/ledger-log.md 1.3 and 7).
#pragma once

#include <memory>
#include <string>

#include "ledger/segment.h"

namespace meterport::ledger {

/// Verifies the segment (CRCs, chain) and writes, syncs and renames its sealed form; the folder is synced. The active
/// file is left to the caller to remove. internal: the segment is damaged, nothing was put in place.
Result<std::shared_ptr<SealedSegment>> seal_segment(FileSystem& files, const std::string& folder,
                                                    ActiveSegment& segment);

}  // namespace meterport::ledger
