// Seam for time. Everything that reads the wall clock or waits takes a Clock, so tests can jump it. All clocks here
// are thread-safe; now() may go backwards when the operator (or a test) sets the time back.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/instant.h"

namespace meterport {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

Clock& system_clock();

/// The system clock plus an offset that a test may set (the server's test hook, METERPORT_TEST_CLOCK_FILE, uses it
/// too).
class AdjustableClock final : public Clock {
 public:
  Instant now() const override;
  void advance_us(std::int64_t us) { offset_us_ += us; }
  void set_offset_us(std::int64_t us) { offset_us_ = us; }

 private:
  std::atomic<std::int64_t> offset_us_{0};
};

/// Test hook: when METERPORT_TEST_CLOCK_FILE names a file, that file's content (a whole number of seconds, may be
/// negative) is added to the system time. The file is looked at again at most every 5 ms, so a test can jump the clock
/// of a running server; a file that is missing or holds no number leaves the offset as it was (at first: 0). Without
/// the variable: system_clock().
Clock& clock_from_environment();

}  // namespace meterport
