// Windows against cases worked out by hand; tests/api/test_usage_windows.py compares them with another library's.
#include "queries/zone.h"

#include <gtest/gtest.h>

#include "queries/total_windows.h"
#include "queries/utc_windows.h"

namespace meterport::queries {
namespace {

Instant at(std::string_view text) {
  return parse_instant(text).value();
}
Zone zone(const std::string& name) {
  return Zone::find(name).value();
}
std::vector<std::string> windows(const std::string& name, Window window, std::string_view from, std::string_view to) {
  std::vector<std::string> out;
  for (const Instant start : zone(name).windows(window, {.from = at(from), .to = at(to)})) {
    out.push_back(format_rfc3339(start).substr(5, 11));
  }
  return out;
}
using Starts = std::vector<std::string>;

TEST(Zone, UnknownNamesAreInvalid) {
  for (const char* name : {"", "Europe/Nowhere", "../etc/passwd", "utc+1"}) {
    const auto found = Zone::find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().kind, ErrorKind::invalid);
    EXPECT_EQ(found.error().field, "tz");
  }
}

TEST(Zone, BudapestHasDaysOf23And25Hours) {
  EXPECT_EQ(windows("Europe/Budapest", Window::day, "2024-03-30T12:00:00Z", "2024-04-01T00:00:00Z"),
            (Starts{"03-29T23:00", "03-30T23:00", "03-31T22:00", "04-01T22:00"}));
  EXPECT_EQ(windows("Europe/Budapest", Window::day, "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"),
            (Starts{"10-26T22:00", "10-27T23:00"}));
  EXPECT_EQ(windows("Europe/Budapest", Window::month, "2024-03-15T00:00:00Z", "2024-04-15T00:00:00Z"),
            (Starts{"02-29T23:00", "03-31T22:00", "04-30T22:00"}));
  EXPECT_EQ(windows("Europe/Budapest", Window::hour, "2024-10-27T00:30:00Z", "2024-10-27T02:00:00Z"),
            (Starts{"10-27T00:00", "10-27T01:00", "10-27T02:00"}));
}

TEST(Zone, HalfHoursAreNotUtcHours) {
  EXPECT_EQ(windows("Asia/Kolkata", Window::hour, "2024-03-01T00:00:00Z", "2024-03-01T01:00:00Z"),
            (Starts{"02-29T23:30", "03-01T00:30", "03-01T01:30"}));
  EXPECT_EQ(windows("Asia/Kolkata", Window::day, "2024-03-01T00:00:00Z", "2024-03-01T01:00:00Z"),
            (Starts{"02-29T18:30", "03-01T18:30"}));
}

TEST(Zone, LordHoweMovesItsClocksByHalfAnHour) {
  // Back: 02:00 (+11) is 01:30 (+10:30) again.
  EXPECT_EQ(windows("Australia/Lord_Howe", Window::hour, "2024-04-06T14:00:00Z", "2024-04-06T16:30:00Z"),
            (Starts{"04-06T14:00", "04-06T15:00", "04-06T15:30", "04-06T16:30"}));
  // On: 02:00 (+10:30) is 02:30 (+11).
  EXPECT_EQ(windows("Australia/Lord_Howe", Window::hour, "2024-10-05T14:30:00Z", "2024-10-05T16:30:00Z"),
            (Starts{"10-05T14:30", "10-05T15:30", "10-05T16:00", "10-05T17:00"}));
}

TEST(Zone, StJohnsWentBackOverMidnight) {
  // 2006-10-29 00:01 (-2:30) was 2006-10-28 23:01 (-3:30) again; the day began once, at its first 00:00.
  EXPECT_EQ(windows("America/St_Johns", Window::day, "2006-10-29T02:40:00Z", "2006-10-29T04:00:00Z"),
            (Starts{"10-29T02:30", "10-30T03:30"}));
  EXPECT_EQ(windows("America/St_Johns", Window::hour, "2006-10-29T02:30:30Z", "2006-10-29T03:30:01Z"),
            (Starts{"10-29T02:30", "10-29T02:31", "10-29T03:30", "10-29T04:30"}));
}

TEST(Zone, ApiaLeftADayOutAndSaoPauloAMidnight) {
  EXPECT_EQ(windows("Pacific/Apia", Window::day, "2011-12-29T12:00:00Z", "2011-12-31T00:00:00Z"),
            (Starts{"12-29T10:00", "12-30T10:00", "12-31T10:00"}));
  EXPECT_EQ(zone("America/Sao_Paulo").start_of(day_from({2018, 11, 4})), at("2018-11-04T03:00:00Z"));
  EXPECT_EQ(zone("America/Sao_Paulo").day_at(at("2018-11-04T02:59:59Z")), day_from({2018, 11, 3}));
}

TEST(Zone, OffsetsMayHaveSeconds) {
  // Liberia, until 1972-01-07: 44:30 behind.
  EXPECT_EQ(zone("Africa/Monrovia").start_of(day_from({1971, 1, 1})), at("1971-01-01T00:44:30Z"));
}

std::vector<warehouse::SumQuery> queries_for(Window window, const char* name, std::string_view to) {
  warehouse::SumQuery query{
      .as_of_position = 1, .orgs = {}, .meters = {}, .from = at("2024-01-10T05:00:00Z"), .to = at(to), .group_by = {}};
  return TotalWindows::over({.from = query.from, .to = query.to}, window, zone(name)).value().queries_for(query);
}

TEST(TotalWindows, WholeUtcDaysAreReadAsDays) {
  constexpr std::string_view to = "2024-04-02T00:00:00Z";
  EXPECT_TRUE(queries_for(Window::day, "UTC", to).at(0).by_day);
  EXPECT_TRUE(queries_for(Window::month, "UTC", to).at(0).by_day);
  EXPECT_TRUE(queries_for(Window::month, "Africa/Abidjan", to).at(0).by_day);
  EXPECT_EQ(queries_for(Window::month, "UTC", to).at(0).step_us, 0);
  EXPECT_FALSE(queries_for(Window::hour, "UTC", to).at(0).by_day);
  EXPECT_EQ(queries_for(Window::hour, "UTC", to).at(0).step_us, Instant::us_per_hour);
  EXPECT_EQ(queries_for(Window::day, "Asia/Kolkata", to).at(0).step_us, Instant::us_per_day);
}

TEST(TotalWindows, ADayOf23HoursIsAskedForByItself) {
  for (const Window window : {Window::day, Window::month}) {
    const auto queries = queries_for(window, "Europe/Budapest", "2024-04-02T00:00:00Z");
    ASSERT_EQ(queries.size(), 3u);
    EXPECT_EQ(queries[0].from, at("2024-01-10T05:00:00Z"));
    EXPECT_EQ(queries[0].step_origin, at("2024-01-09T23:00:00Z"));
    EXPECT_EQ(queries[1].from, at("2024-03-30T23:00:00Z"));
    EXPECT_EQ(queries[1].to, at("2024-03-31T22:00:00Z"));
    EXPECT_EQ(queries[1].step_us, 23 * Instant::us_per_hour);
    EXPECT_EQ(queries[2].to, at("2024-04-02T00:00:00Z"));
  }
  const auto decades = queries_for(Window::day, "Europe/Budapest", "2036-01-01T00:00:00Z");
  ASSERT_EQ(decades.size(), 49u);
  EXPECT_EQ(queries_for(Window::day, "Europe/Budapest", "2037-01-01T00:00:00Z").at(0).step_us, Instant::us_per_hour);
}

TEST(UtcWindows, NumbersFollowOneAnother) {
  for (const Window window : {Window::hour, Window::day, Window::month}) {
    for (const char* text : {"2024-02-29T23:59:59.999999Z", "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"}) {
      const std::int64_t number = utc_window_number(window, at(text));
      EXPECT_LE(utc_window_start(window, number), at(text));
      EXPECT_GT(utc_window_start(window, number + 1), at(text));
      EXPECT_EQ(utc_window_number(window, utc_window_start(window, number + 1)), number + 1);
    }
  }
}

}  // namespace
}  // namespace meterport::queries
