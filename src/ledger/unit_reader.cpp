#include "ledger/unit_reader.h"

#include <fmt/format.h>

namespace meterport::ledger {

Result<UnitReader> UnitReader::open(Segment& segment, Position from) {
  auto source = segment.open_source();
  if (!source) return fail(std::move(source));
  const auto state = (*source)->seek(from);
  if (!state) return fail(state);
  return UnitReader(std::move(*source), *state, segment_name(segment.first(), SegmentState::sealed).substr(0, 16));
}

Result<bool> UnitReader::next() {
  while (true) {
    switch (parse()) {
      case Parse::ok:
        if (!is_head_) return true;
        if (auto s = check_head(); !s) return fail(std::move(s));
        return true;
      case Parse::incomplete: {
        const std::size_t rest = bytes_.size() - at_;
        const auto more = source_->refill(at_);
        if (!more) return fail(more);
        bytes_ = *more;
        at_ = 0;
        if (bytes_.size() > rest) break;
        if (rest != 0) return damaged("ends inside a record");
        return false;
      }
      case Parse::damaged:
        return damaged("does not match its checksum");
      case Parse::new_version:
        return fail_new_version(fmt::format("ledger batch at position {}", state_.next));
    }
  }
}

void UnitReader::skip_to(Position from) {
  const auto state = source_->seek_ahead(from);
  if (!state) return;
  state_ = *state;
  bytes_ = {};
  at_ = 0;
}

Parse UnitReader::parse() {
  const std::string_view rest = bytes_.substr(at_);
  is_head_ = state_.records_left == 0;
  if (is_head_) {
    if (rest.empty()) return Parse::incomplete;
    const Parse p = parse_head(rest, head_);
    if (p == Parse::ok) at_ += head_bytes;
    return p;
  }
  frame_state_ = parse_frame(rest, frame_);
  if (frame_state_ != Parse::ok && frame_state_ != Parse::new_version) return frame_state_;
  at_ += frame_.bytes.size();
  ++state_.next;
  --state_.records_left;
  return Parse::ok;
}

Status UnitReader::check_head() {
  if (head_.first != state_.next) return damaged("is out of order");
  state_ = {head_.first, head_.records, head_.commit_time, head_.arrival_time};
  return {};
}

std::unexpected<Error> UnitReader::damaged(std::string_view what) const {
  return fail_damaged(segment_, fmt::format("what is stored at position {} {}", state_.next, what));
}

}  // namespace meterport::ledger
