#include <algorithm>
#include <span>

#include "ledger/segment.h"

namespace meterport::ledger {
namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;

class ActiveSource final : public UnitSource {
 public:
  explicit ActiveSource(std::shared_ptr<ActiveSegment> segment) : segment_(std::move(segment)) {}

  Result<StreamState> seek(Position from) override { return go_to(segment_->mark_of(from)); }

  std::optional<StreamState> seek_ahead(Position from) override {
    const BatchMark mark = segment_->mark_of(from);
    if (mark.offset < offset_ + have_) return std::nullopt;
    return go_to(mark);
  }

  Result<std::string_view> refill(std::size_t consumed) override {
    offset_ += consumed;
    start_ += consumed;
    have_ -= consumed;
    // Nothing was consumed: the next unit is larger than what was read.
    want_ = consumed == 0 && have_ > 0 ? std::max(want_, have_) * 2 : chunk_bytes;
    const std::uint64_t durable = segment_->durable_bytes() - offset_;
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(durable, want_));
    if (size <= have_) return std::string_view(buffer_).substr(start_, have_);
    buffer_.resize(size);
    const auto got = segment_->file().read_at(offset_, buffer_);
    if (!got) return fail(got);
    start_ = 0;
    have_ = *got;
    return std::string_view(buffer_).substr(0, have_);
  }

 private:
  StreamState go_to(const BatchMark& mark) {
    offset_ = mark.offset;
    start_ = have_ = 0;
    return {mark.first, 0, mark.commit_time, {}};
  }

  std::shared_ptr<ActiveSegment> segment_;
  std::uint64_t offset_ = 0;  ///< in the file, of the view
  std::size_t start_ = 0;     ///< in buffer_, of the view
  std::size_t have_ = 0;      ///< bytes of the view
  std::size_t want_ = chunk_bytes;
  std::string buffer_;
};

}  // namespace

std::optional<Position> ActiveSegment::complete_last() const {
  if (!is_complete_.load(std::memory_order_acquire)) return std::nullopt;
  return last_.load(std::memory_order_acquire);
}

std::optional<Instant> ActiveSegment::first_commit() const {
  const std::scoped_lock lock(mutex_);
  if (marks_.empty()) return std::nullopt;
  return marks_.front().commit_time;
}

Result<Position> ActiveSegment::position_at(Instant t) {
  const std::scoped_lock lock(mutex_);
  const auto after = std::ranges::upper_bound(marks_, t, {}, &BatchMark::commit_time);
  return after == marks_.end() ? last_.load(std::memory_order_acquire) : after->first - 1;
}

Result<std::unique_ptr<UnitSource>> ActiveSegment::open_source() {
  return std::make_unique<ActiveSource>(shared_from_this());
}

void ActiveSegment::publish(std::span<const BatchMark> marks, Position last, std::uint64_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    marks_.insert(marks_.end(), marks.begin(), marks.end());
    last_.store(last, std::memory_order_release);
  }
  durable_bytes_.store(bytes, std::memory_order_release);
}

BatchMark ActiveSegment::mark_of(Position position) const {
  const std::scoped_lock lock(mutex_);
  const auto after = std::ranges::upper_bound(marks_, position, {}, &BatchMark::first);
  if (after == marks_.begin()) return {first(), file_header_bytes, {}};
  return *std::prev(after);
}

}  // namespace meterport::ledger
