// Private to exports: what a run shares with others, who read how far it is and ask it to end. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "exports/exports.h"

namespace meterport::exports {

class RunWatch {
 public:
  std::atomic<std::uint64_t> slices_done{0}, slices{0}, rows{0}, bytes{0};
  std::atomic<bool> is_cancelled{false};  ///< set by others: end as CANCELLED
  std::atomic<bool> must_stop{false};     ///< set by others: leave it to a later runner
  std::atomic<bool> has_parts{false};     ///< parts of other regions may lie in the folder
  std::atomic<bool> has_place{true};      ///< changed by RunPlaces alone

  [[nodiscard]] bool is_interrupted() const { return is_cancelled || must_stop; }
  /// As Progress::waiting_for; empty: for nothing any more.
  void wait_for(std::string what) {
    const std::lock_guard lock(mutex_);
    waiting_for_ = std::move(what);
  }
  [[nodiscard]] Progress progress() const {
    const std::lock_guard lock(mutex_);
    return {slices_done, slices, rows, bytes, waiting_for_};
  }

 private:
  mutable std::mutex mutex_;
  std::string waiting_for_;
};

/// The places of those that run at the same time. Thread-safe.
class RunPlaces {
 public:
  virtual ~RunPlaces() = default;
  /// The run waits for other regions: its place is another's meanwhile.
  virtual void give(RunWatch& watch) = 0;
  /// Waits until there is a place again, or the run is interrupted.
  virtual void take_back(RunWatch& watch) = 0;
};

/// What a run answers that was asked to end.
inline std::unexpected<Error> interrupted() {
  return fail(ErrorKind::busy, "The export was interrupted.");
}
/// For errors of what an export reads: their own text is safe, but says nothing of the export.
template <class T>
std::unexpected<Error> unreadable(Result<T>&& result) {
  Error error = std::move(result.error());
  error.text = "The export could not be made: " + error.text;
  return std::unexpected(std::move(error));
}

}  // namespace meterport::exports
