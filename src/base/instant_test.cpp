#include "base/instant.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace meterport {
namespace {

std::string read(std::string_view text, bool default_utc = false) {
  const Result<Instant> t = parse_instant(text, default_utc);
  return t ? format_rfc3339(*t) : "refused";
}

Day day(std::string_view text) {
  const Result<Day> parsed = parse_day(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Day{});
}

TEST(Instant, ReadsRfc3339) {
  EXPECT_EQ(read("2024-09-03T10:30:00Z"), "2024-09-03T10:30:00Z");
  EXPECT_EQ(read("2024-09-03t10:30:00z"), "2024-09-03T10:30:00Z");
  EXPECT_EQ(read("2024-09-03 10:30:00Z"), "2024-09-03T10:30:00Z");
  EXPECT_EQ(read("2024-09-03T10:30:00.5Z"), "2024-09-03T10:30:00.5Z");
  EXPECT_EQ(read("2024-09-03T10:30:00.123456000000000Z"), "2024-09-03T10:30:00.123456Z");
  EXPECT_EQ(read("2024-09-03T00:30:00+02:00"), "2024-09-02T22:30:00Z");
  EXPECT_EQ(read("2024-12-31T23:59:59.999999-00:01"), "2025-01-01T00:00:59.999999Z");
  EXPECT_EQ(read("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(read("2024-09-03T10:30:00-00:00"), "2024-09-03T10:30:00Z");
  EXPECT_EQ(parse_instant("1970-01-01T00:00:01.000002Z")->us, 1'000'002);
}

TEST(Instant, RefusesWhatIsNoInstant) {
  for (const char* text : {"",
                           "2024",
                           "2024-09-03",
                           "2024-09-03T",
                           "2024-09-03T10:30Z",
                           "2024-09-03T10:30:00",
                           "2024-09-03T24:00:00Z",
                           "2024-09-03T10:60:00Z",
                           "2016-12-31T23:59:60Z",
                           "2024-02-30T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-09-00T00:00:00Z",
                           "2024-9-3T10:30:00Z",
                           "2024-09-03T10:30:00.Z",
                           "2024-09-03T10:30:00,5Z",
                           "2024-09-03T10:30:00+0200",
                           "2024-09-03T10:30:00+02",
                           "2024-09-03T10:30:00+24:00",
                           "2024-09-03T10:30:00+02:60",
                           "2024-09-03T10:30:00ZZ",
                           " 2024-09-03T10:30:00Z",
                           "2024-09-03T10:30:00Z ",
                           "2024-09-03_10:30:00Z",
                           "0000-01-01T00:00:00Z",
                           "+2024-09-03T10:30:00Z",
                           "0001-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01"}) {
    EXPECT_EQ(read(text), "refused") << text;
  }
}

TEST(Instant, RefusesFinerThanMicroseconds) {
  EXPECT_EQ(read("2024-09-03T10:30:00.1234567Z"), "refused");
  EXPECT_EQ(read("2024-09-03T10:30:00.0000000000001Z"), "refused");
  EXPECT_NE(parse_instant("2024-09-03T10:30:00.1234567Z").error().text.find("microseconds"), std::string::npos);
}

TEST(Instant, MissingOffsetIsUtcOnlyWhereAllowed) {
  EXPECT_EQ(read("2024-09-03 10:30:00", true), "2024-09-03T10:30:00Z");
  EXPECT_EQ(read("2024-09-03T10:30:00.25", true), "2024-09-03T10:30:00.25Z");
  EXPECT_EQ(read("2024-09-03T10:30:00+01:00", true), "2024-09-03T09:30:00Z");
  EXPECT_EQ(read("2024-09-03T10:30", true), "refused");
  EXPECT_EQ(read("2024-09-03", true), "refused");
  EXPECT_EQ(read("", true), "refused");
}

TEST(Instant, KnowsTheEdgesOfItsYears) {
  EXPECT_EQ(read("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(read("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
}

TEST(Instant, TextRoundTripsAnywhere) {
  std::mt19937_64 random(21);
  const std::int64_t first = parse_instant("0001-01-01T00:00:00Z")->us;
  const std::int64_t last = parse_instant("9999-12-31T23:59:59.999999Z")->us;
  std::uniform_int_distribution<std::int64_t> any(first, last);
  for (int i = 0; i < 20'000; ++i) {
    const Instant t{any(random)};
    ASSERT_EQ(parse_instant(format_rfc3339(t)), t);
    ASSERT_EQ(parse_instant(format_seconds_z(t)), floor_to_second(t));
    ASSERT_LE(start_of(day_of(t)), t);
    ASSERT_LT(t, start_of(day_of(t).plus(1)));
  }
}

TEST(Instant, FloorsBefore1970) {
  const Instant t{-1};
  EXPECT_EQ(day_of(t), Day{-1});
  EXPECT_EQ(floor_to_second(t).us, -1'000'000);
  EXPECT_EQ(format_seconds_z(t), "1969-12-31T23:59:59Z");
  EXPECT_EQ(day_of(Instant{0}), Day{0});
}

TEST(Day, ReadsAndPrintsDates) {
  EXPECT_EQ(format_day(day("2024-09-03")), "2024-09-03");
  EXPECT_EQ(day("1970-01-01"), Day{0});
  EXPECT_EQ(day("2000-02-29").plus(1), day("2000-03-01"));
  EXPECT_EQ(day_from({2024, 2, 29}), day("2024-02-29"));
  EXPECT_EQ(civil_of(day("2024-02-29")).month, 2U);
  for (const char* text : {"", "2024-02-30", "1900-02-29", "2024-2-1", "20240201", "2024-02-01T00:00:00Z", "0000-01-01",
                           "2024-02-01 ", "2024/02/01"}) {
    EXPECT_FALSE(parse_day(text).has_value()) << text;
  }
}

std::string period_of(std::string_view in, unsigned anchor) {
  const BillingPeriod period = billing_period_of(day(in), anchor);
  return format_day(period.first) + " to " + format_day(period.next_first);
}

// Crosswalk X10: February in a leap year and a common one.
TEST(BillingPeriod, StartsOnTheAnchorOrTheLastDay) {
  EXPECT_EQ(period_of("2024-02-10", 1), "2024-02-01 to 2024-03-01");
  EXPECT_EQ(period_of("2024-02-19", 20), "2024-01-20 to 2024-02-20");
  EXPECT_EQ(period_of("2024-02-20", 20), "2024-02-20 to 2024-03-20");
  EXPECT_EQ(period_of("2024-02-28", 29), "2024-01-29 to 2024-02-29");
  EXPECT_EQ(period_of("2024-02-29", 29), "2024-02-29 to 2024-03-29");
  EXPECT_EQ(period_of("2023-02-27", 29), "2023-01-29 to 2023-02-28");
  EXPECT_EQ(period_of("2023-02-28", 29), "2023-02-28 to 2023-03-29");
  EXPECT_EQ(period_of("2024-02-29", 30), "2024-02-29 to 2024-03-30");
  EXPECT_EQ(period_of("2023-03-29", 30), "2023-02-28 to 2023-03-30");
  EXPECT_EQ(period_of("2024-02-28", 31), "2024-01-31 to 2024-02-29");
  EXPECT_EQ(period_of("2024-03-30", 31), "2024-02-29 to 2024-03-31");
  EXPECT_EQ(period_of("2024-04-30", 31), "2024-04-30 to 2024-05-31");
  EXPECT_EQ(period_of("2023-12-31", 31), "2023-12-31 to 2024-01-31");
  EXPECT_EQ(period_of("2024-01-05", 15), "2023-12-15 to 2024-01-15");
}

TEST(BillingPeriod, HaveNeitherGapNorOverlap) {
  for (unsigned anchor = 1; anchor <= 31; ++anchor) {
    BillingPeriod current = billing_period_of(day("2022-12-01"), anchor);
    for (Day d = day("2022-12-01"); d < day("2025-02-01"); d = d.plus(1)) {
      const BillingPeriod period = billing_period_of(d, anchor);
      ASSERT_LE(period.first, d);
      ASSERT_LT(d, period.next_first);
      if (d >= current.next_first) {
        ASSERT_EQ(period.first, current.next_first) << "anchor " << anchor << ", day " << format_day(d);
      } else {
        ASSERT_EQ(period.first, current.first);
        ASSERT_EQ(period.next_first, current.next_first);
      }
      current = period;
    }
  }
}

}  // namespace
}  // namespace meterport
