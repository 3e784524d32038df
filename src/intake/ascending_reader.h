// Private to intake: single records of the log by ascending position. Those near each other are read in one go, where
// ledger::read_at would find and unpack the sealed block anew for each.
#pragma once

#include <fmt/format.h>

#include <memory>

#include "ledger/log.h"

namespace meterport::intake {

class AscendingReader {
 public:
  explicit AscendingReader(ledger::Log& log) : log_(log) {}

  /// Positions may repeat; one before the last costs a new start. The record is valid until the next call; not_found
  /// as read_at.
  Result<ledger::StoredRecord> at(ledger::Position position) {
    if (reader_ && record_.position == position) return record_;
    if (!reader_ || position < record_.position || position - record_.position > walk_max) {
      reader_ = log_.read_from(position);
      record_ = {};
    }
    do {
      const Result<bool> found = reader_->next(record_);
      if (!found) {
        reader_.reset();
        return fail(found);
      }
      if (!*found || record_.position > position) {
        reader_.reset();
        return fail(ErrorKind::not_found, fmt::format("there is no ledger record {}", position));
      }
    } while (record_.position < position);
    return record_;
  }

 private:
  /// About as many records as a sealed block holds: walking over them costs less than a new start.
  static constexpr ledger::Position walk_max = 2'048;

  ledger::Log& log_;
  std::unique_ptr<ledger::LogReader> reader_;
  ledger::StoredRecord record_;
};

}  // namespace meterport::intake
