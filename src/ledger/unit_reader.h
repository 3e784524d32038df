// Private to ledger: walks the units (batch heads and record frames) of one segment, checking CRCs and order.
#pragma once

#include <memory>

#include "ledger/segment.h"

namespace meterport::ledger {

class UnitReader {
 public:
  /// Begins at a unit boundary at or before `from`.
  static Result<UnitReader> open(Segment& segment, Position from);

  /// Goes to the next unit; false: none for now, call again later. internal: damaged.
  Result<bool> next();
  /// Passes over units before that position where that saves reading them; next() may still give some of them.
  void skip_to(Position from);

  // The unit next() went to; views are valid until the next call.
  [[nodiscard]] bool is_head() const { return is_head_; }
  [[nodiscard]] const BatchHead& head() const { return head_; }  ///< the last one seen
  [[nodiscard]] const Frame& frame() const { return frame_; }
  [[nodiscard]] Parse frame_state() const { return frame_state_; }  ///< ok or new_version
  [[nodiscard]] std::string_view bytes() const {
    return is_head_ ? bytes_.substr(at_ - head_bytes, head_bytes) : frame_.bytes;
  }
  [[nodiscard]] Position position() const {
    return state_.next - (is_head_ ? 0 : 1);
  }  ///< of the frame; of a head: its first
  /// After the unit.
  [[nodiscard]] const StreamState& state() const { return state_; }

 private:
  UnitReader(std::unique_ptr<UnitSource> source, StreamState state, std::string segment)
      : source_(std::move(source)), state_(state), segment_(std::move(segment)) {}
  Parse parse();
  Status check_head();
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  std::unique_ptr<UnitSource> source_;
  StreamState state_;
  std::string segment_;  ///< its name, for error texts
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool is_head_ = false;
  BatchHead head_;
  Frame frame_;
  Parse frame_state_ = Parse::ok;
};

}  // namespace meterport::ledger
