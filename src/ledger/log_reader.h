// Private to ledger: LogReader over the segment list.
#pragma once

#include <memory>
#include <optional>

#include "ledger/log.h"
#include "ledger/unit_reader.h"

namespace meterport::ledger {

class SegmentLogReader final : public LogReader {
 public:
  SegmentLogReader(std::shared_ptr<SegmentList> segments, Position from)
      : segments_(std::move(segments)), next_(from == 0 ? 1 : from) {}

  Result<bool> next(StoredRecord& record) override;
  void skip_to(Position from) override;

 private:
  /// False: the segment that will hold the next record is not there yet.
  Result<bool> enter_segment();

  std::shared_ptr<SegmentList> segments_;
  Position next_;  ///< the first position not yet given out
  std::shared_ptr<Segment> segment_;
  std::optional<UnitReader> units_;
};

/// Checks everything there is to check (heads, chain, digests) over all segments.
Result<ChainReport> verify_segments(const SegmentList& segments);

}  // namespace meterport::ledger
