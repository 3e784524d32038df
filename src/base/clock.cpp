#include "base/clock.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/file_system.h"

namespace meterport {
namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const override {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
  }
};

/// The test hook's clock: an AdjustableClock whose offset follows a file.
class FileOffsetClock final : public Clock {
 public:
  explicit FileOffsetClock(std::string path) : path_(std::move(path)) {}

  Instant now() const override {
    follow_file();
    return clock_.now();
  }

 private:
  static constexpr std::int64_t look_every_us = 5'000;

  void follow_file() const {
    // A steady clock: the throttle must not stop when the operator sets the wall clock back.
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    const std::int64_t now_us = std::chrono::duration_cast<std::chrono::microseconds>(steady).count();
    if (now_us < look_again_us_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    read_offset();
    look_again_us_.store(now_us + look_every_us, std::memory_order_relaxed);
  }

  // The content, not the file's times: those are too coarse (one tick) to notice two changes in a row.
  void read_offset() const {
    const auto text = read_file(system_files(), path_);
    if (!text) return;
    std::int64_t seconds = 0;
    const char* end = text->data() + text->size();
    if (std::from_chars(text->data(), end, seconds).ec == std::errc{}) {
      clock_.set_offset_us(seconds * Instant::us_per_second);
    }
  }

  const std::string path_;
  mutable AdjustableClock clock_;
  mutable std::atomic<std::int64_t> look_again_us_{0};
  mutable std::mutex mutex_;
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Instant AdjustableClock::now() const {
  return system_clock().now().plus_us(offset_us_);
}

Clock& clock_from_environment() {
  static const std::unique_ptr<Clock> hooked = []() -> std::unique_ptr<Clock> {
    const char* path = std::getenv("METERPORT_TEST_CLOCK_FILE");
    if (path == nullptr || *path == '\0') return nullptr;
    return std::make_unique<FileOffsetClock>(path);
  }();
  return hooked ? *hooked : system_clock();
}

}  // namespace meterport
