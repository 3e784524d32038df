#include "queries/zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

namespace meterport::queries {
namespace {

using std::chrono::seconds;
constexpr seconds hour = std::chrono::hours(1);

date::sys_seconds to_sys(Instant time) {
  return date::sys_seconds(seconds(floor_to_second(time).us / Instant::us_per_second));
}
Instant to_instant(date::sys_seconds time) {
  return Instant{time.time_since_epoch().count() * Instant::us_per_second};
}

/// The last full hour of clocks of this offset at or before `time`.
date::sys_seconds floor_to_hour(date::sys_seconds time, seconds offset) {
  return date::floor<std::chrono::hours>(time + offset) - offset;
}

/// A stretch of one offset, without changes of name in between; as far as it matters inside [from, to).
struct Offset {
  date::sys_seconds begin, end;
  seconds offset;
};

Offset offset_at(const date::time_zone* zone, date::sys_seconds time, date::sys_seconds to) {
  if (zone == nullptr) return {.begin = date::sys_seconds::min(), .end = date::sys_seconds::max(), .offset = {}};
  const date::sys_info info = zone->get_info(time);
  Offset stretch{.begin = info.begin, .end = info.end, .offset = info.offset};
  while (stretch.begin > time - hour) {
    const date::sys_info before = zone->get_info(stretch.begin - seconds(1));
    if (before.offset != stretch.offset) break;
    stretch.begin = before.begin;
  }
  while (stretch.end < to + hour) {
    const date::sys_info after = zone->get_info(stretch.end);
    if (after.offset != stretch.offset) break;
    stretch.end = after.end;
  }
  return stretch;
}

Day next_month(Day first) {
  const CivilDate date = civil_of(first);
  return day_from(date.month == 12 ? CivilDate{.year = date.year + 1, .month = 1, .day = 1}
                                   : CivilDate{.year = date.year, .month = date.month + 1, .day = 1});
}
Day month_of(Day day) {
  const CivilDate date = civil_of(day);
  return day_from({.year = date.year, .month = date.month, .day = 1});
}

}  // namespace

Result<Zone> Zone::find(const std::string& name) {
  if (name == "UTC") return Zone(nullptr);
  try {
    return Zone(date::locate_zone(name));
  } catch (const std::exception& e) {
    return fail(ErrorKind::invalid,
                fmt::format("tz: \"{}\" is not the name of a time zone, such as Europe/Budapest", name), e.what(),
                "tz");
  }
}

Day Zone::day_at(Instant time) const {
  if (zone_ == nullptr) return day_of(time);
  const date::sys_seconds second = to_sys(time);
  const auto local = second + zone_->get_info(second).offset;
  return Day{static_cast<std::int32_t>(date::floor<date::days>(local).time_since_epoch().count())};
}

Instant Zone::start_of(Day day) const {
  if (zone_ == nullptr) return meterport::start_of(day);
  const date::local_seconds midnight{date::local_days(date::days(day.days))};
  const date::local_info info = zone_->get_info(midnight);
  if (info.result == date::local_info::nonexistent) return to_instant(info.first.end);
  return to_instant(date::sys_seconds(midnight.time_since_epoch()) - info.first.offset);
}

std::vector<Instant> Zone::hours(Period period) const {
  const date::sys_seconds from = to_sys(period.from), to = to_sys(period.to.plus_us(Instant::us_per_second - 1));
  std::vector<Instant> starts;
  Offset stretch = offset_at(zone_, from, to);
  date::sys_seconds start = std::max(stretch.begin, floor_to_hour(from, stretch.offset));
  while (true) {
    starts.push_back(to_instant(start));
    if (start >= to) return starts;
    start = floor_to_hour(start, stretch.offset) + hour;
    if (start < stretch.end) continue;
    start = stretch.end;
    stretch = offset_at(zone_, start, to);
  }
}

std::vector<Instant> Zone::windows(Window window, Period period) const {
  if (window == Window::hour) return hours(period);
  const bool by_month = window == Window::month;
  // A date may come back where clocks are set back over midnight: its window is the one of its first 00:00.
  Day day = day_at(period.from).plus(1);
  if (by_month) day = month_of(day);
  while (start_of(day) > period.from) day = by_month ? month_of(day.plus(-1)) : day.plus(-1);
  std::vector<Instant> starts;
  while (true) {
    // A date that clocks jumped over begins where the next one does.
    if (const Instant start = start_of(day); starts.empty() || start > starts.back()) starts.push_back(start);
    if (starts.back() >= period.to) return starts;
    day = by_month ? next_month(day) : day.plus(1);
  }
}

}  // namespace meterport::queries
