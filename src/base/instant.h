// Instants (UTC microseconds since 1970) and UTC days. Periods are half-open inside the server.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace meterport {

struct Day {
  std::int32_t days = 0;  ///< days since 1970-01-01
  friend constexpr auto operator<=>(const Day&, const Day&) = default;
  [[nodiscard]] constexpr Day plus(std::int32_t n) const { return Day{days + n}; }
};

struct Instant {
  static constexpr std::int64_t us_per_second = 1'000'000;
  static constexpr std::int64_t us_per_hour = 3'600'000'000;
  static constexpr std::int64_t us_per_day = 86'400'000'000;
  std::int64_t us = 0;  ///< microseconds since 1970-01-01T00:00:00Z
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  [[nodiscard]] constexpr Instant plus_us(std::int64_t n) const { return Instant{us + n}; }
  [[nodiscard]] constexpr Instant plus_seconds(std::int64_t n) const { return Instant{us + n * us_per_second}; }
};

/// Half-open period [from, to).
struct Period {
  Instant from;
  Instant to;
  friend constexpr bool operator==(const Period&, const Period&) = default;
};

/// The UTC day that holds the instant (floor, also before 1970).
Day day_of(Instant t);
/// 00:00:00Z of the day.
Instant start_of(Day day);
/// Start of the UTC hour that holds the instant.
Instant floor_to_hour(Instant t);
/// Cut to the whole second (floor).
Instant floor_to_second(Instant t);

struct CivilDate {
  int year;
  unsigned month;  ///< 1..12
  unsigned day;    ///< 1..31
};
CivilDate civil_of(Day day);
/// `date` must be a real date.
Day day_from(CivilDate date);

/// "2024-09-03".
Result<Day> parse_day(std::string_view text);
/// RFC 3339 with 'T' or blank, fraction of any length (beyond microseconds: refused unless zeros), offset or Z.
/// `default_utc`: a missing offset counts as UTC instead of being an error.
Result<Instant> parse_instant(std::string_view text, bool default_utc = false);

std::string format_day(Day day);          ///< 2024-09-03
std::string format_seconds_z(Instant t);  ///< 2024-09-03T10:30:00Z, cut to the second
std::string format_rfc3339(Instant t);    ///< 2024-09-03T10:30:00Z or ...:00.123456Z, trailing zeros cut
void append_day(std::string& out, Day day);

/// Monthly billing periods with an anchor day 1..31 (crosswalk 4.3): in shorter months the last day.
struct BillingPeriod {
  Day first;
  Day next_first;  ///< exclusive end
  friend constexpr bool operator==(const BillingPeriod&, const BillingPeriod&) = default;
};
BillingPeriod billing_period_of(Day day, unsigned anchor_day);

}  // namespace meterport
