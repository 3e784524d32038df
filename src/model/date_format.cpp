#include "model/date_format.h"

#include <array>
#include <cstddef>

namespace meterport {
namespace {

constexpr std::array<std::string_view, 12> months = {"January",   "February", "March",    "April",
                                                     "May",       "June",     "July",     "August",
                                                     "September", "October",  "November", "December"};
constexpr std::size_t short_name_size = 3;

enum class Part { year, month_name, month_short_name, month, day, itself };

struct Word {
  std::string_view text;
  Part part;
};
/// Longer ones first.
constexpr std::array<Word, 8> words = {{{"YYYY", Part::year},
                                        {"MONTH", Part::month_name},
                                        {"Mon", Part::month_short_name},
                                        {"MON", Part::month_short_name},
                                        {"MM", Part::month},
                                        {"M", Part::month},
                                        {"DD", Part::day},
                                        {"D", Part::day}}};

/// Takes the next part off the format's front.
Word take_word(std::string_view& format) {
  for (const Word& word : words) {
    if (!format.starts_with(word.text)) continue;
    format.remove_prefix(word.text.size());
    return word;
  }
  const Word itself{format.substr(0, 1), Part::itself};
  format.remove_prefix(1);
  return itself;
}

constexpr bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_ignoring_case(std::string_view text, std::string_view begin) {
  if (text.size() < begin.size()) return false;
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (lower(text[i]) != lower(begin[i])) return false;
  }
  return true;
}

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
    if (!starts_ignoring_case(text, name)) continue;
    text.remove_prefix(name.size());
    out = static_cast<int>(m) + 1;
    return true;
  }
  return false;
}

struct Parts {
  int year = -1, month = -1, day = -1;
};

bool take_part(std::string_view& text, const Word& word, Parts& parts) {
  switch (word.part) {
    case Part::year:
      return take_number(text, 4, 4, parts.year);
    case Part::month_name:
    case Part::month_short_name:
      return take_month_name(text, word.part == Part::month_short_name, parts.month);
    case Part::month:
      return take_number(text, 1, 2, parts.month);
    case Part::day:
      return take_number(text, 1, 2, parts.day);
    case Part::itself:
      break;
  }
  if (!text.starts_with(word.text)) return false;
  text.remove_prefix(word.text.size());
  return true;
}

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool is_real(const Parts& date) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.year < 0 || date.month < 1 || date.month > 12 || date.day < 1) return false;
  const bool has_leap_day = date.month == 2 && is_leap(date.year);
  return date.day <= days[static_cast<std::size_t>(date.month) - 1] + (has_leap_day ? 1 : 0);
}

}  // namespace

bool is_date_format(std::string_view format) {
  int years = 0, months_given = 0, days = 0;
  while (!format.empty()) {
    const Word word = take_word(format);
    years += word.part == Part::year ? 1 : 0;
    days += word.part == Part::day ? 1 : 0;
    const bool is_month =
        word.part == Part::month || word.part == Part::month_name || word.part == Part::month_short_name;
    months_given += is_month ? 1 : 0;
    if (word.part == Part::itself && is_letter(word.text.front())) return false;
  }
  return years == 1 && months_given == 1 && days == 1;
}

std::optional<Day> parse_date(std::string_view text, std::string_view format) {
  Parts date;
  while (!format.empty()) {
    if (!take_part(text, take_word(format), date)) return std::nullopt;
  }
  if (!text.empty() || !is_real(date)) return std::nullopt;
  return day_from({date.year, static_cast<unsigned>(date.month), static_cast<unsigned>(date.day)});
}

}  // namespace meterport
