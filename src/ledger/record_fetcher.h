// Records of the log by ascending position. Those near each other are read in one go, where read_at would find and
// unpack the sealed block anew for each; what lies between those far from each other is not read.
//
// One thread, any thread; the log must outlive it.
#pragma once

#include <memory>

#include "ledger/log.h"

namespace meterport::ledger {

class RecordFetcher {
 public:
  explicit RecordFetcher(Log& log) : log_(log) {}

  /// Positions may repeat; one before the last costs a new start. not_found: beyond the durable end, or of a kind that
  /// a later format brought. internal: damage, as LogReader::next. The record's views are valid until the next call.
  Result<StoredRecord> at(Position position);

 private:
  Log& log_;
  std::unique_ptr<LogReader> reader_;  ///< none: nothing was read yet, or the last call found no more
  Position asked_ = 0;
  StoredRecord record_;  ///< at or after `asked_`
};

}  // namespace meterport::ledger
