#include "http/retry_after.h"

#include <gtest/gtest.h>

#include <limits>

namespace meterport::http {
namespace {

// 1994-11-06T08:49:07Z, half a minute before the date of RFC 9110's examples.
constexpr Instant now{784'111'747LL * Instant::us_per_second};

TEST(RetryAfter, ReadsSecondsAndTheThreeFormsOfAnHttpDate) {
  EXPECT_EQ(retry_after_seconds("120", now), 120);
  EXPECT_EQ(retry_after_seconds("0 ", now), 0);
  EXPECT_EQ(retry_after_seconds("Sun, 06 Nov 1994 08:49:37 GMT", now), 30);
  EXPECT_EQ(retry_after_seconds("Sunday, 06-Nov-94 08:49:37 GMT", now), 30);
  EXPECT_EQ(retry_after_seconds("Sun Nov  6 08:49:37 1994", now), 30);
}

TEST(RetryAfter, ADateGoneByIsNow) {
  EXPECT_EQ(retry_after_seconds("Sun, 06 Nov 1994 08:49:06 GMT", now), 0);
}

TEST(RetryAfter, MoreThanFitsIsAsLongAsCanBe) {
  EXPECT_EQ(retry_after_seconds("99999999999999999999999", now), std::numeric_limits<std::int64_t>::max());
}

TEST(RetryAfter, AnythingElseSaysNothing) {
  for (const char* value : {"", " ", "-1", "1.5", "soon", "12:00", "Sun", "1e3", "0x10", "+5", "Never: 00"}) {
    EXPECT_EQ(retry_after_seconds(value, now), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace meterport::http
