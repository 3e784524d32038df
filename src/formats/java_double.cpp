#include "formats/java_double.h"

#include <algorithm>
#include <string_view>

namespace meterport::formats {
namespace {

/// Digits that stand before the point of the least value with an exponent, 1e7, and zeros behind the point of the
/// least plain one, 1e-3.
constexpr std::size_t whole_digits_max = 7;
constexpr std::size_t leading_zeros_max = 2;

/// First digit, point, the others, at least one; `digits` begins and ends with a digit that is no zero.
void append_scientific(std::string& out, std::string_view digits, int exponent) {
  out += digits[0];
  out += '.';
  out += digits.size() > 1 ? digits.substr(1) : "0";
  out += 'E';
  out += std::to_string(exponent);
}

}  // namespace

void append_java_double(std::string& out, Decimal value) {
  std::string text = value.to_text();
  std::string_view rest = text;
  if (value.is_negative()) {
    out += '-';
    rest.remove_prefix(1);
  }
  const std::size_t point = std::min(rest.find('.'), rest.size());
  const std::string_view whole = rest.substr(0, point);
  const std::string_view fraction = point < rest.size() ? rest.substr(point + 1) : std::string_view();
  const std::size_t zeros = std::min(fraction.find_first_not_of('0'), fraction.size());
  const bool is_small = whole == "0" && zeros > leading_zeros_max && !fraction.empty();
  if (is_small) return append_scientific(out, fraction.substr(zeros), -static_cast<int>(zeros) - 1);
  if (whole.size() > whole_digits_max) {
    std::string digits(whole);
    digits += fraction;
    digits.erase(digits.find_last_not_of('0') + 1);
    return append_scientific(out, digits, static_cast<int>(whole.size()) - 1);
  }
  out += rest;
  if (fraction.empty()) out += ".0";
}

}  // namespace meterport::formats
