#include "dialects/here/dates.h"

#include <gtest/gtest.h>

namespace meterport::here {
namespace {

Instant at(std::string_view text) {
  return parse_instant(text).value();
}
Instant start(std::string_view text) {
  return parse_date(text, DateOf::start).value();
}

TEST(Dates, EveryFormOfOneInstantIsTheSame) {
  const Instant wanted = at("2021-07-01T10:39:51Z");
  for (const char* text :
       {"2021-07-01T10:39:51", "2021-07-01T10:39:51Z", "2021-07-01T12:39:51+02:00", "2021-07-01T12:39:51 02:00",
        "2021-07-01T12:39:51+0200", "2021-07-01T05:09:51-0530", "2021-07-01T10:39:51.000", "2021-07-01T10:39:51.000Z",
        "2021-07-01'T'10:39:51", "2021-07-01'T'10:39:51Z", "2021-07-01 10:39:51"}) {
    EXPECT_EQ(start(text), wanted) << text;
  }
}

TEST(Dates, ABareDayIsItsFirstOrItsLastSecond) {
  EXPECT_EQ(start("2021-07-01"), at("2021-07-01T00:00:00Z"));
  EXPECT_EQ(parse_date("2021-07-01", DateOf::end).value(), at("2021-07-01T23:59:59Z"));
}

TEST(Dates, WhatIsFinerThanAMicrosecondIsCutOff) {
  EXPECT_EQ(start("2021-07-01T10:39:51.123456789Z"), at("2021-07-01T10:39:51.123456Z"));
  EXPECT_EQ(start("2021-07-01T12:39:51.1234567+02:00"), at("2021-07-01T10:39:51.123456Z"));
}

TEST(Dates, WhatIsNoDateIsRefused) {
  for (const char* text :
       {"", "2021", "2021-07", "2021-13-01", "2021-02-30T00:00:00", "2021-07-01T24:00:00", "yesterday",
        "2021-07-01T10:39", "2021-07-01T10:39:51+2", "1625135991", "2021-07-01''10:39:51"}) {
    EXPECT_FALSE(parse_date(text, DateOf::start)) << text;
  }
}

TEST(Dates, AnEndOnTheHourDoesNotIncludeTheHourThatBegins) {
  const auto covered = [](std::string_view from, std::string_view to) { return covered_period(at(from), at(to)); };
  EXPECT_EQ(covered("2021-07-01T10:39:51Z", "2021-07-01T23:59:59Z"),
            (Period{at("2021-07-01T10:00:00Z"), at("2021-07-02T00:00:00Z")}));
  EXPECT_EQ(covered("2021-07-01T10:00:00Z", "2021-07-01T23:00:00Z"),
            (Period{at("2021-07-01T10:00:00Z"), at("2021-07-01T23:00:00Z")}));
  EXPECT_EQ(covered("2021-07-01T10:00:00Z", "2021-07-01T23:00:00.5Z").to, at("2021-07-02T00:00:00Z"));
  EXPECT_EQ(covered("2021-07-01T10:00:00Z", "2021-07-01T10:00:00Z"),
            (Period{at("2021-07-01T10:00:00Z"), at("2021-07-01T10:00:00Z")}));
  EXPECT_EQ(covered("1969-12-31T23:30:00Z", "1969-12-31T23:30:00Z").from, at("1969-12-31T23:00:00Z"));
}

TEST(Dates, ArePrintedPlainlyOrWithQuotes) {
  EXPECT_EQ(print_date(at("2022-03-01T00:00:00.9Z")), "2022-03-01T00:00:00");
  EXPECT_EQ(print_date(at("2022-03-01T00:00:00Z"), true), "2022-03-01'T'00:00:00");
  EXPECT_EQ(reprint_date("2022-03-01T00:00:00", true), "2022-03-01'T'00:00:00");
  EXPECT_EQ(reprint_date("2022-03-01T00:00:00", false), "2022-03-01T00:00:00");
  EXPECT_EQ(reprint_date("", true), "");
}

}  // namespace
}  // namespace meterport::here
