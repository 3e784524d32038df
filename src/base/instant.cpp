#include "base/instant.h"

#include <array>
#include <chrono>
#include <cstddef>

namespace meterport {
namespace {

constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

/// Reads fixed-width parts of a text from the left; the first misfit makes every later read fail too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    if (rest_.size() < count) return misfit();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return misfit();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void require(std::string_view any_of) {
    if (!take(any_of)) misfit();
  }

  int misfit() {
    good_ = false;
    rest_ = {};
    return 0;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

constexpr Day day_of_year_month_day(std::chrono::year_month_day ymd) {
  return Day{static_cast<std::int32_t>(std::chrono::sys_days(ymd).time_since_epoch().count())};
}

constexpr Day first_day = day_of_year_month_day(std::chrono::year(1) / 1 / 1);
constexpr Day last_day = day_of_year_month_day(std::chrono::year(9999) / 12 / 31);

/// Year 1 to 9999 and a day that exists; else a misfit.
Day scan_day(Scanner& in) {
  const int year = in.digits(4);
  in.require("-");
  const int month = in.digits(2);
  in.require("-");
  const int day = in.digits(2);
  const std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1 || !ymd.ok()) {
    in.misfit();
    return {};
  }
  return day_of_year_month_day(ymd);
}

/// Hours, minutes, seconds as microseconds. A leap second (60) has no place on the UTC scale and is a misfit.
std::int64_t scan_clock(Scanner& in) {
  const int hour = in.digits(2);
  in.require(":");
  const int minute = in.digits(2);
  in.require(":");
  const int second = in.digits(2);
  if (hour > 23 || minute > 59 || second > 59) in.misfit();
  return (std::int64_t{hour} * 3600 + minute * 60 + second) * Instant::us_per_second;
}

/// The digits after the point as microseconds; `exact` is false when one beyond the sixth is not zero.
std::int64_t scan_fraction(Scanner& in, bool& exact) {
  std::int64_t weight_us = Instant::us_per_second / 10;
  std::int64_t us = 0;
  do {
    const int digit = in.digits(1);
    us += digit * weight_us;
    exact = exact && (weight_us > 0 || digit == 0);
    weight_us /= 10;
  } while (in.peek() >= '0' && in.peek() <= '9');
  return us;
}

/// What has to be taken off the local time to get UTC.
std::int64_t scan_offset(Scanner& in, bool default_utc) {
  if (in.take("Zz")) return 0;
  if (in.at_end() && in.good() && default_utc) return 0;
  const bool is_west = in.peek() == '-';
  in.require("+-");
  const int hours = in.digits(2);
  in.require(":");
  const int minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.misfit();
  const std::int64_t us = (std::int64_t{hours} * 3600 + minutes * 60) * Instant::us_per_second;
  return is_west ? -us : us;
}

void append_digits(std::string& out, int value, std::size_t count) {
  std::array<char, 10> digits;
  for (std::size_t i = count; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits.data(), count);
}

void append_seconds(std::string& out, Instant t) {
  append_day(out, day_of(t));
  const auto second = static_cast<int>((t.us - start_of(day_of(t)).us) / Instant::us_per_second);
  out += 'T';
  append_digits(out, second / 3600, 2);
  out += ':';
  append_digits(out, second / 60 % 60, 2);
  out += ':';
  append_digits(out, second % 60, 2);
}

/// The anchor's day in a month: the month's last day where it is shorter.
Day anchor_in(std::chrono::year_month month, unsigned anchor_day) {
  const std::chrono::year_month_day last(month / std::chrono::last);
  const std::chrono::day anchor(anchor_day);
  return day_of_year_month_day(anchor < last.day() ? month / anchor : last);
}

}  // namespace

Day day_of(Instant t) {
  return Day{static_cast<std::int32_t>(floor_divide(t.us, Instant::us_per_day))};
}

Instant start_of(Day day) {
  return Instant{std::int64_t{day.days} * Instant::us_per_day};
}

Instant floor_to_hour(Instant t) {
  return Instant{floor_divide(t.us, Instant::us_per_hour) * Instant::us_per_hour};
}
Instant floor_to_second(Instant t) {
  return Instant{floor_divide(t.us, Instant::us_per_second) * Instant::us_per_second};
}

CivilDate civil_of(Day day) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(day.days))};
  return {int{ymd.year()}, unsigned{ymd.month()}, unsigned{ymd.day()}};
}

Day day_from(CivilDate date) {
  return day_of_year_month_day(std::chrono::year(date.year) / std::chrono::month(date.month) /
                               std::chrono::day(date.day));
}

Result<Day> parse_day(std::string_view text) {
  Scanner in(text);
  const Day day = scan_day(in);
  if (!in.good() || !in.at_end()) return fail(ErrorKind::invalid, "must be a date like 2024-09-03");
  return day;
}

Result<Instant> parse_instant(std::string_view text, bool default_utc) {
  Scanner in(text);
  const Day day = scan_day(in);
  in.require("Tt ");
  std::int64_t us = start_of(day).us + scan_clock(in);
  bool exact = true;
  if (in.take(".")) us += scan_fraction(in, exact);
  us -= scan_offset(in, default_utc);
  if (!in.good() || !in.at_end()) {
    return fail(ErrorKind::invalid, default_utc
                                        ? "must be a time like 2024-09-03T10:30:00Z (RFC 3339; no offset means UTC)"
                                        : "must be a time with offset like 2024-09-03T10:30:00Z (RFC 3339)");
  }
  if (!exact) return fail(ErrorKind::invalid, "must not be finer than microseconds (6 decimals of a second)");
  const Instant t{us};
  if (t < start_of(first_day) || t >= start_of(last_day.plus(1))) {
    return fail(ErrorKind::invalid, "must lie in the years 0001 to 9999, in UTC");
  }
  return t;
}

void append_day(std::string& out, Day day) {
  const CivilDate date = civil_of(day);
  append_digits(out, date.year, 4);
  out += '-';
  append_digits(out, static_cast<int>(date.month), 2);
  out += '-';
  append_digits(out, static_cast<int>(date.day), 2);
}

std::string format_day(Day day) {
  std::string out;
  append_day(out, day);
  return out;
}

std::string format_seconds_z(Instant t) {
  std::string out;
  append_seconds(out, t);
  out += 'Z';
  return out;
}

std::string format_rfc3339(Instant t) {
  std::string out;
  append_seconds(out, t);
  const auto fraction_us = static_cast<int>(t.us - floor_to_second(t).us);
  if (fraction_us != 0) {
    out += '.';
    append_digits(out, fraction_us, 6);
    out.erase(out.find_last_not_of('0') + 1);
  }
  out += 'Z';
  return out;
}

BillingPeriod billing_period_of(Day day, unsigned anchor_day) {
  const CivilDate date = civil_of(day);
  const std::chrono::year_month month = std::chrono::year(date.year) / std::chrono::month(date.month);
  const Day anchor = anchor_in(month, anchor_day);
  if (day < anchor) return {anchor_in(month - std::chrono::months(1), anchor_day), anchor};
  return {anchor, anchor_in(month + std::chrono::months(1), anchor_day)};
}

}  // namespace meterport
