#include "base/decimal.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/limbs.h"

namespace meterport {
namespace {

using Limb = limbs::Limb;

constexpr int scale = Decimal::decimals_max;
constexpr Limb one_scaled = 1'000'000'000'000'000'000;

constexpr std::array<Limb, scale + 1> powers_of_ten = [] {
  std::array<Limb, scale + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::array<Limb, 2> magnitude_of(Decimal value) {
  __extension__ using Unsigned128 = unsigned __int128;
  const auto bits = static_cast<Unsigned128>(value.scaled());
  const Unsigned128 magnitude = value.is_negative() ? -bits : bits;
  return {static_cast<Limb>(magnitude), static_cast<Limb>(magnitude >> 64)};
}

/// The parts of a JSON number; digits without the point, `exponent` as written.
struct NumberText {
  bool is_negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  const auto stop = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(stop - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// An exponent beyond this moves any text that fits in memory out of range, so larger ones need not be told apart.
constexpr std::int64_t exponent_bound = 1'000'000'000'000;

bool take_exponent(std::string_view& text, std::int64_t& exponent) {
  text.remove_prefix(1);
  const bool is_down = text.starts_with('-');
  if (is_down || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = take_digits(text);
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), exponent_bound);
  if (is_down) exponent = -exponent;
  return !digits.empty();
}

bool split_number(std::string_view text, NumberText& parts) {
  parts.is_negative = text.starts_with('-');
  if (parts.is_negative) text.remove_prefix(1);
  parts.whole = take_digits(text);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole[0] == '0')) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
    if (parts.fraction.empty()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    if (!take_exponent(text, parts.exponent)) return false;
  }
  return text.empty();
}

/// Any number, also long ones and those with exponent: finds the first and last digit that count and where the
/// point falls between them.
std::expected<Decimal, DecimalError> parse_any(std::string_view text) {
  NumberText parts;
  if (!split_number(text, parts)) return std::unexpected(DecimalError::bad_format);
  const auto whole_digits = static_cast<std::int64_t>(parts.whole.size());
  const auto all_digits = whole_digits + static_cast<std::int64_t>(parts.fraction.size());
  const auto digit_at = [&](std::int64_t i) {
    return i < whole_digits ? parts.whole[static_cast<std::size_t>(i)]
                            : parts.fraction[static_cast<std::size_t>(i - whole_digits)];
  };
  std::int64_t first = 0;
  while (first < all_digits && digit_at(first) == '0') ++first;
  if (first == all_digits) return Decimal();
  std::int64_t last = all_digits - 1;
  while (digit_at(last) == '0') --last;
  const std::int64_t point = whole_digits + parts.exponent;
  if (point - first > Decimal::integer_digits_max) return std::unexpected(DecimalError::out_of_range);
  if (last + 1 - point > scale) return std::unexpected(DecimalError::not_exact);
  Int128 scaled = 0;
  for (std::int64_t i = first; i < point + scale; ++i) scaled = scaled * 10 + (i <= last ? digit_at(i) - '0' : 0);
  return Decimal::from_scaled(parts.is_negative ? -scaled : scaled);
}

}  // namespace

std::expected<Decimal, DecimalError> Decimal::parse(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const digits = at;
  Limb whole = 0;
  while (at != end && is_digit(*at) && at - digits <= integer_digits_max) whole = whole * 10 + Limb(*at++ - '0');
  const auto whole_digits = at - digits;
  if (whole_digits == 0 || whole_digits > integer_digits_max || (*digits == '0' && whole_digits > 1)) {
    return parse_any(text);
  }
  Limb fraction = 0;
  if (at != end) {
    const char* const point = at;
    if (*at++ != '.') return parse_any(text);
    while (at != end && is_digit(*at) && at - point <= scale) fraction = fraction * 10 + Limb(*at++ - '0');
    const auto decimals = at - point - 1;
    if (at != end || decimals == 0) return parse_any(text);
    fraction *= powers_of_ten[static_cast<std::size_t>(scale - decimals)];
  }
  const Int128 scaled = static_cast<Int128>(whole) * static_cast<Int128>(one_scaled) + static_cast<Int128>(fraction);
  return from_scaled(negative ? -scaled : scaled);
}

void Decimal::append_text(std::string& out, int min_decimals) const {
  std::array<Limb, 2> magnitude = magnitude_of(*this);
  limbs::append_scaled_text(out, is_negative(), magnitude, min_decimals);
}

std::string Decimal::to_text(int min_decimals) const {
  std::string out;
  append_text(out, min_decimals);
  return out;
}

Total Total::from_sums(Int128 whole, Int128 fraction_1e18) {
  // Any Int128 x 1e18 fits into 256 bits, so the flag cannot be false.
  Int256 scaled;
  (void)Int256::from(whole).multiply(static_cast<Int128>(one_scaled), scaled);
  scaled += Int256::from(fraction_1e18);
  return from_scaled(scaled);
}

std::optional<Total> Total::exact_product(Decimal a, Decimal b) {
  Int256 product;
  Int128 remainder = 0;
  if (!Int256::from(a.scaled()).multiply(b.scaled(), product)) return std::nullopt;
  const Int256 scaled = product.divide(static_cast<Int128>(one_scaled), remainder);
  if (remainder != 0) return std::nullopt;
  return from_scaled(scaled);
}

Total Total::rounded_up_to(Decimal block) const {
  Int128 remainder = 0;
  // The truncating quotient is already the upper one for a negative value.
  (void)scaled_.divide(block.scaled(), remainder);
  Int256 rounded = scaled_;
  rounded -= Int256::from(remainder);
  if (remainder > 0) rounded += Int256::from(block.scaled());
  return from_scaled(rounded);
}

std::optional<Decimal> Total::to_decimal() const {
  static constexpr Int128 bound = static_cast<Int128>(one_scaled) * static_cast<Int128>(one_scaled);
  if (scaled_ >= Int256::from(bound) || scaled_ <= Int256::from(-bound)) return std::nullopt;
  return Decimal::from_scaled(static_cast<Int128>(scaled_.limbs()[1]) << 64 | scaled_.limbs()[0]);
}

void Total::append_text(std::string& out, int min_decimals) const {
  Int256::Limbs magnitude = scaled_.magnitude();
  limbs::append_scaled_text(out, is_negative(), magnitude, min_decimals);
}

std::string Total::to_text(int min_decimals) const {
  std::string out;
  append_text(out, min_decimals);
  return out;
}

void Total::append_rounded_text(std::string& out, int decimals, int min_decimals) const {
  const Limb unit = powers_of_ten[static_cast<std::size_t>(scale - decimals)];
  std::array<Limb, 5> rounded{};
  Int256::Limbs magnitude = scaled_.magnitude();
  const Limb remainder = limbs::divide_by_limb(magnitude, unit);
  if (unit > 1 && remainder >= unit - remainder) (void)limbs::add(magnitude, std::array<Limb, 1>{1});
  limbs::multiply(magnitude, std::array<Limb, 1>{unit}, rounded);
  limbs::append_scaled_text(out, is_negative(), rounded, min_decimals);
}

}  // namespace meterport
