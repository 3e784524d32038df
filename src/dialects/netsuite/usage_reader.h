// From the usages of an operation to records (crosswalk 1.4): the reader of the kind "netsuite". It comes out the same
// whenever it is asked, as Operations wants it.
#pragma once

#include "intake/operations/operations.h"

namespace meterport::netsuite {

/// Operation::note of one that takes negative quantities.
inline constexpr std::string_view negative_note = "negative";

Result<RecordBatch> read_usages(const intake::ReadContext& context, const intake::ItemChunk& chunk);

}  // namespace meterport::netsuite
