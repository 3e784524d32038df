#include <fmt/format.h>

#include <algorithm>

#include "ledger/segment.h"
#include "ledger/unit_reader.h"

namespace meterport::ledger {
namespace {

Position first_of(const std::shared_ptr<Segment>& segment) {
  return segment->first();
}

}  // namespace

void SegmentList::add(std::shared_ptr<Segment> segment) {
  const std::scoped_lock lock(mutex_);
  segments_.push_back(std::move(segment));
}

void SegmentList::replace(std::shared_ptr<Segment> sealed) {
  const std::scoped_lock lock(mutex_);
  const auto place = std::ranges::lower_bound(segments_, sealed->first(), {}, first_of);
  *place = std::move(sealed);
}

std::shared_ptr<Segment> SegmentList::find(Position position) const {
  const std::scoped_lock lock(mutex_);
  const auto after = std::ranges::upper_bound(segments_, position, {}, first_of);
  return after == segments_.begin() ? nullptr : *std::prev(after);
}

std::vector<std::shared_ptr<Segment>> SegmentList::all() const {
  const std::scoped_lock lock(mutex_);
  return segments_;
}

Result<Position> SealedSegment::position_at(Instant t) {
  if (t >= trailer_.last_commit) return trailer_.last;
  if (t < trailer_.first_commit) return trailer_.first - 1;
  const auto entries = table();
  if (!entries) return fail(entries);
  // The last block that begins at or before t, then batch by batch.
  const auto after = std::ranges::upper_bound(**entries, t, {}, &BlockEntry::commit_time);
  auto reader = UnitReader::open(*this, std::prev(after)->first);
  if (!reader) return fail(std::move(reader));
  while (true) {
    const auto more = reader->next();
    if (!more) return fail(more);
    if (!*more) return trailer_.last;
    if (reader->is_head() && reader->head().commit_time > t) return reader->head().first - 1;
  }
}

std::unexpected<Error> fail_damaged(std::string_view segment, std::string_view what) {
  return fail(
      ErrorKind::internal,
      fmt::format("the ledger is damaged in segment {}: {}. This is no interrupted write, so nothing was changed: "
                  "keep a copy of the data directory, restore this segment from a backup, then start again",
                  segment, what));
}

}  // namespace meterport::ledger
