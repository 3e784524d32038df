// Private to ledger: reads an active segment at open, when nothing about its bytes may be taken for granted.
#pragma once

#include <vector>

#include "ledger/segment.h"

namespace meterport::ledger {

/// What an active file holds.
struct ActiveScan {
  std::vector<BatchMark> marks;  ///< valid batches from the start
  ChainPoint end;                ///< after them
  std::uint64_t end_offset = 0;
  std::uint64_t last_group_offset = 0;  ///< where the last sync group begins
  std::uint64_t dirty_end = 0;          ///< beyond it there are only zeros; end_offset if right from there
  bool is_damaged_middle = false;       ///< a group that was begun after a sync lies behind the first bad byte
};

/// `header`: of the file, or as it must be when the file's own is unreadable (then `has_header` is false and any valid
/// batch means damage).
Result<ActiveScan> scan_active(File& file, const FileHeader& header, bool has_header);

}  // namespace meterport::ledger
