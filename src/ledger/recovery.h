// Private to ledger: what open does with the folder it finds (docs/formats/ledger-log.md 6).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "ledger/segment.h"

namespace meterport::ledger {

struct Recovered {
  LedgerId ledger{};
  std::shared_ptr<SegmentList> segments = std::make_shared<SegmentList>();
  std::vector<std::shared_ptr<ActiveSegment>> to_seal;  ///< full ones whose seal was not finished
  std::shared_ptr<ActiveSegment> tail;                  ///< the one to append to
  std::uint64_t tail_capacity = 0;
  ChainPoint end;               ///< after the last durable batch
  std::uint64_t cut_bytes = 0;  ///< of a torn tail
};

/// A new ledger in an empty folder; else checks and mends. internal: damaged, and nothing was changed.
Result<Recovered> recover(FileSystem& files, const std::string& folder, std::uint64_t segment_bytes, Random& random);

/// An active segment file with its header, synced, its name durable. `file`: one named spare_name to be renamed, or
/// null to make one.
Result<std::shared_ptr<ActiveSegment>> create_active(FileSystem& files, const std::string& folder,
                                                     const FileHeader& header, std::uint64_t bytes,
                                                     std::unique_ptr<File> file);

}  // namespace meterport::ledger
