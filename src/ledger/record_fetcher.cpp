#include "ledger/record_fetcher.h"

#include <fmt/format.h>

namespace meterport::ledger {

Result<StoredRecord> RecordFetcher::at(Position position) {
  if (!reader_ || position < asked_) {
    reader_ = log_.read_from(position);
    record_ = {};
  }
  asked_ = position;
  if (record_.position < position) {
    reader_->skip_to(position);
    const Result<bool> found = reader_->next(record_);
    if (!found || !*found) reader_.reset();
    if (!found) return fail(found);
  }
  if (position == 0 || !reader_ || record_.position != position) {
    return fail(ErrorKind::not_found, fmt::format("there is no ledger record {}", position));
  }
  return record_;
}

}  // namespace meterport::ledger
