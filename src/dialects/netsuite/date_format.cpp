#include "dialects/netsuite/date_format.h"

#include <array>
#include <cstddef>

#include "http/text.h"

namespace meterport::netsuite {
namespace {

constexpr std::array<std::string_view, 12> months = {"January",   "February", "March",    "April",
                                                     "May",       "June",     "July",     "August",
                                                     "September", "October",  "November", "December"};
constexpr std::size_t short_name_size = 3;

/// Takes up to `digits_max` digits off the front, at least `digits_min`.
bool take_number(std::string_view& text, std::size_t digits_min, std::size_t digits_max, int& out) {
  std::size_t n = 0;
  out = 0;
  for (; n < digits_max && n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) out = out * 10 + (text[n] - '0');
  text.remove_prefix(n);
  return n >= digits_min;
}

bool take_month_name(std::string_view& text, bool is_short, int& out) {
  for (std::size_t m = 0; m < months.size(); ++m) {
    const std::string_view name = is_short ? months[m].substr(0, short_name_size) : months[m];
    if (!http::same_ignoring_case(text.substr(0, name.size()), name)) continue;
    text.remove_prefix(name.size());
    out = static_cast<int>(m) + 1;
    return true;
  }
  return false;
}

bool take_word(std::string_view& format, std::string_view word) {
  if (!format.starts_with(word)) return false;
  format.remove_prefix(word.size());
  return true;
}

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool is_real(int year, int month, int day) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const int in_month = days[static_cast<std::size_t>(month) - 1] + (month == 2 && is_leap(year) ? 1 : 0);
  return day <= in_month;
}

}  // namespace

std::optional<Day> parse_date(std::string_view text, std::string_view format) {
  int year = -1, month = -1, day = -1;
  while (!format.empty()) {
    bool fits = true;
    if (take_word(format, "YYYY")) {
      fits = take_number(text, 4, 4, year);
    } else if (take_word(format, "MONTH")) {
      fits = take_month_name(text, false, month);
    } else if (take_word(format, "Mon")) {
      fits = take_month_name(text, true, month);
    } else if (take_word(format, "MM") || take_word(format, "M")) {
      fits = take_number(text, 1, 2, month);
    } else if (take_word(format, "DD") || take_word(format, "D")) {
      fits = take_number(text, 1, 2, day);
    } else {
      fits = !text.empty() && text.front() == format.front();
      format.remove_prefix(1);
      if (fits) text.remove_prefix(1);
    }
    if (!fits) return std::nullopt;
  }
  if (!text.empty() || year < 0 || !is_real(year, month, day)) return std::nullopt;
  return day_from({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
}

}  // namespace meterport::netsuite
