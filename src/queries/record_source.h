// Where Queries::records() finds whole records: in the ledger, or in a part store's file of them.
//
// A source: any thread; must outlive its readers. A reader: one thread.
#pragma once

#include <memory>

#include "base/error.h"
#include "ledger/log.h"
#include "ledger/record.h"

namespace meterport::queries {

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Of ascending positions; as ledger::RecordFetcher. The record's views are valid until the next call.
  virtual Result<ledger::StoredRecord> at(ledger::Position position) = 0;
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual std::unique_ptr<RecordReader> open() = 0;
};

/// Those of the log, which must outlive it.
std::unique_ptr<RecordSource> records_of(ledger::Log& log);

}  // namespace meterport::queries
