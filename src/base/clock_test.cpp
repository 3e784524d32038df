#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file_system.h"
#include "base/test_folder.h"

namespace meterport {
namespace {

TEST(AdjustableClock, JumpsBothWays) {
  AdjustableClock clock;
  clock.set_offset_us(-Instant::us_per_day);
  EXPECT_LT(clock.now(), system_clock().now());
  clock.advance_us(2 * Instant::us_per_day);
  EXPECT_GT(clock.now(), system_clock().now());
}

// The clock is chosen once a process, so the whole story is one test.
TEST(ClockFromEnvironment, FollowsTheFileOfTheTestHook) {
  const TestFolder folder;
  const std::string path = folder / "offset";
  ::setenv("METERPORT_TEST_CLOCK_FILE", path.c_str(), 1);
  const Clock& clock = clock_from_environment();
  const auto offset_days = [&] {
    const std::int64_t us = clock.now().us - system_clock().now().us;
    return (us + Instant::us_per_day / 2) / Instant::us_per_day;
  };
  // The hook looks at the file every 5 ms of real time: ask until it has.
  const auto comes_to = [&](std::int64_t days) {
    const Instant deadline = system_clock().now().plus_seconds(30);
    while (offset_days() != days && system_clock().now() < deadline) {
    }
    return offset_days();
  };

  EXPECT_EQ(offset_days(), 0) << "no file yet";
  ASSERT_TRUE(replace_file(system_files(), path, "259200\n"));
  EXPECT_EQ(comes_to(3), 3);
  ASSERT_TRUE(replace_file(system_files(), path, "not a number"));
  EXPECT_EQ(offset_days(), 3) << "kept";
  ASSERT_TRUE(replace_file(system_files(), path, "0"));
  EXPECT_EQ(comes_to(0), 0);
  ::unsetenv("METERPORT_TEST_CLOCK_FILE");
}

}  // namespace
}  // namespace meterport
