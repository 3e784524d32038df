#include "dialects/here/dates.h"

#include <algorithm>

namespace meterport::here {
namespace {

constexpr std::int64_t last_second_of_day = 86'399;
constexpr std::size_t fraction_digits_max = 6;
constexpr std::size_t day_length = 10;
constexpr std::string_view quoted_t = "'T'";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The forms that RFC 3339 does not have, as those it has.
std::string normal_form(std::string_view given) {
  std::string text(given);
  if (const auto at = text.find(quoted_t); at != std::string::npos) text.replace(at, quoted_t.size(), "T");
  const auto colon = text.find(':');
  if (colon == std::string::npos) return text;
  // A '+' in a query reads as a blank.
  if (const auto blank = text.find(' ', colon); blank != std::string::npos) text[blank] = '+';
  const auto sign = text.find_first_of("+-", colon);
  // An offset without colon.
  if (sign != std::string::npos && text.size() == sign + 5 && text.find(':', sign) == std::string::npos) {
    text.insert(sign + 3, ":");
  }
  // What is finer than a microsecond means nothing here.
  if (const auto dot = text.find('.', colon); dot != std::string::npos) {
    const auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(), is_digit);
    const auto digits = static_cast<std::size_t>(end - text.begin()) - dot - 1;
    if (digits > fraction_digits_max) text.erase(dot + 1 + fraction_digits_max, digits - fraction_digits_max);
  }
  return text;
}

}  // namespace

Result<Instant> parse_date(std::string_view text, DateOf which) {
  if (text.size() == day_length) {
    auto day = parse_day(text);
    if (!day) return fail(std::move(day));
    return start_of(*day).plus_seconds(which == DateOf::end ? last_second_of_day : 0);
  }
  return parse_instant(normal_form(text), true);
}

Period covered_period(Instant start, Instant end) {
  const Instant last = floor_to_hour(end);
  return {floor_to_hour(start), last == end ? end : last.plus_us(Instant::us_per_hour)};
}

std::string print_date(Instant t, bool is_quoted) {
  std::string text = format_seconds_z(t);
  text.pop_back();
  return reprint_date(text, is_quoted);
}

std::string reprint_date(std::string_view plain, bool is_quoted) {
  std::string text(plain);
  if (is_quoted && text.size() > day_length && text[day_length] == 'T') text.replace(day_length, 1, quoted_t);
  return text;
}

}  // namespace meterport::here
