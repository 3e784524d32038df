#include "base/limbs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace meterport::limbs {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr int limb_bits = 64;
constexpr int scale = 18;
constexpr Limb one_scaled = 1'000'000'000'000'000'000;

/// Shifts by less than a limb; what leaves at the big end is zero by the caller's choice.
void shift_left(std::span<Limb> a, int bits) {
  if (bits == 0) return;
  for (std::size_t i = a.size(); i-- > 0;) {
    a[i] = a[i] << bits | (i > 0 ? a[i - 1] >> (limb_bits - bits) : 0);
  }
}

void shift_right(std::span<Limb> a, int bits) {
  if (bits == 0) return;
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = a[i] >> bits | (i + 1 < a.size() ? a[i + 1] << (limb_bits - bits) : 0);
  }
}

/// Step D4: a -= digit x b; true when that went below zero.
bool subtract_product(std::span<Limb> a, std::span<const Limb> b, Limb digit) {
  Limb carry = 0;
  bool borrow = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Wide product = Wide{digit} * (i < b.size() ? b[i] : 0) + carry;
    carry = static_cast<Limb>(product >> limb_bits);
    const Wide difference = Wide{a[i]} - static_cast<Limb>(product) - Limb{borrow};
    a[i] = static_cast<Limb>(difference);
    borrow = difference >> limb_bits != 0;
  }
  return borrow;
}

/// (high x 2^64 + low) / divisor for high < divisor, so that the quotient fits.
Limb divide_two(Limb high, Limb low, Limb divisor, Limb& remainder) {
#if defined(__x86_64__)
  // One instruction; the compiler's own 128-bit division is a call of several times its cost.
  Limb quotient = 0;
  __asm__("divq %[divisor]" : "=a"(quotient), "=d"(remainder) : "a"(low), "d"(high), [divisor] "r"(divisor) : "cc");
  return quotient;
#else
  const Wide head = Wide{high} << limb_bits | low;
  remainder = static_cast<Limb>(head % divisor);
  return static_cast<Limb>(head / divisor);
#endif
}

/// Algorithm D, step D3: the next digit of the quotient, at most one too large.
Limb guess_digit(std::span<const Limb> top_of_a, std::span<const Limb> b) {
  const std::size_t n = b.size();
  const Wide head = Wide{top_of_a[n]} << limb_bits | top_of_a[n - 1];
  const Limb lead = b[n - 1];
  Limb unused = 0;
  Wide digit = top_of_a[n] >= lead ? ~Limb{0} : divide_two(top_of_a[n], top_of_a[n - 1], lead, unused);
  Wide rest = head - digit * lead;
  while (rest >> limb_bits == 0 && digit * b[n - 2] > (rest << limb_bits | top_of_a[n - 2])) {
    --digit;
    rest += lead;
  }
  return static_cast<Limb>(digit);
}

constexpr std::array<char, 200> digit_pairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

/// Nine digits with leading zeros.
void write_nine(char* out, std::uint32_t value) {
  for (char* at = out + 7; at > out; at -= 2, value /= 100) std::memcpy(at, &digit_pairs[value % 100 * 2], 2);
  out[0] = static_cast<char>('0' + value);
}

/// Eighteen digits with leading zeros.
void write_eighteen(char* out, Limb value) {
  static constexpr Limb half = 1'000'000'000;
  write_nine(out, static_cast<std::uint32_t>(value / half));
  write_nine(out + 9, static_cast<std::uint32_t>(value % half));
}

/// All digits of an integer, from the big end; uses `value` up.
void append_integer(std::string& out, std::span<Limb> value) {
  value = significant(value);
  std::array<char, 20> digits;
  if (value.size() <= 1) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.empty() ? 0 : value[0]).ptr;
    out.append(digits.data(), end);
    return;
  }
  const Limb low = divide_by_limb(value, one_scaled);
  append_integer(out, value);
  write_eighteen(digits.data(), low);
  out.append(digits.data(), scale);
}

void append_fraction(std::string& out, Limb fraction, int min_decimals) {
  if (fraction == 0 && min_decimals <= 0) return;
  std::array<char, scale + 1> text{'.'};
  write_eighteen(text.data() + 1, fraction);
  int count = scale;
  while (count > min_decimals && text[static_cast<std::size_t>(count)] == '0') --count;
  out.append(text.data(), static_cast<std::size_t>(count) + 1);
  if (count < min_decimals) out.append(static_cast<std::size_t>(min_decimals - count), '0');
}

}  // namespace

std::span<const Limb> significant(std::span<const Limb> a) {
  while (!a.empty() && a.back() == 0) a = a.first(a.size() - 1);
  return a;
}

std::span<Limb> significant(std::span<Limb> a) {
  return a.first(significant(std::span<const Limb>(a)).size());
}

int compare(std::span<const Limb> a, std::span<const Limb> b) {
  a = significant(a);
  b = significant(b);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

bool add(std::span<Limb> a, std::span<const Limb> b) {
  bool carry = false;
  for (std::size_t i = 0; i < a.size() && (carry || i < b.size()); ++i) {
    const Wide sum = Wide{a[i]} + (i < b.size() ? b[i] : 0) + Limb{carry};
    a[i] = static_cast<Limb>(sum);
    carry = sum >> limb_bits != 0;
  }
  return carry;
}

void subtract(std::span<Limb> a, std::span<const Limb> b) {
  bool borrow = false;
  for (std::size_t i = 0; i < a.size() && (borrow || i < b.size()); ++i) {
    const Wide difference = Wide{a[i]} - (i < b.size() ? b[i] : 0) - Limb{borrow};
    a[i] = static_cast<Limb>(difference);
    borrow = difference >> limb_bits != 0;
  }
}

void multiply(std::span<const Limb> a, std::span<const Limb> b, std::span<Limb> out) {
  std::ranges::fill(out, Limb{0});
  a = significant(a);
  b = significant(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    Limb carry = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const Wide sum = Wide{a[i]} * b[j] + out[i + j] + carry;
      out[i + j] = static_cast<Limb>(sum);
      carry = static_cast<Limb>(sum >> limb_bits);
    }
    out[i + b.size()] = carry;
  }
}

Limb divide_by_limb(std::span<Limb> a, Limb b) {
  Limb remainder = 0;
  a = significant(a);
  for (std::size_t i = a.size(); i-- > 0;) {
    if (remainder == 0) {
      remainder = a[i] % b;
      a[i] /= b;
    } else {
      a[i] = divide_two(remainder, a[i], b, remainder);
    }
  }
  return remainder;
}

void divide(std::span<Limb> a, std::span<Limb> b, std::span<Limb> quotient) {
  std::ranges::fill(quotient, Limb{0});
  const std::size_t n = b.size();
  if (n == 1) {
    const Limb remainder = divide_by_limb(a, b[0]);
    std::ranges::copy(a, quotient.begin());
    std::ranges::fill(a, Limb{0});
    a[0] = remainder;
    return;
  }
  const std::size_t used = significant(a).size();
  if (used < n) return;
  const int shift = std::countl_zero(b[n - 1]);
  shift_left(a, shift);
  shift_left(b, shift);
  for (std::size_t j = used - n + 1; j-- > 0;) {
    const std::span<Limb> part = a.subspan(j, n + 1);
    Limb digit = guess_digit(part, b);
    if (subtract_product(part, b, digit)) {
      --digit;
      // The carry out of the sum cancels the borrow of the subtraction.
      (void)add(part, b);
    }
    quotient[j] = digit;
  }
  shift_right(a, shift);
  shift_right(b, shift);
}

bool rounds_up_half_even(bool quotient_is_odd, std::span<Limb> remainder, std::span<const Limb> divisor) {
  const bool top = !remainder.empty() && remainder.back() >> (limb_bits - 1) != 0;
  if (top) return true;
  shift_left(remainder, 1);
  const int twice_to_divisor = compare(remainder, divisor);
  return twice_to_divisor > 0 || (twice_to_divisor == 0 && quotient_is_odd);
}

void append_scaled_text(std::string& out, bool is_negative, std::span<Limb> magnitude, int min_decimals) {
  magnitude = significant(magnitude);
  if (is_negative && !magnitude.empty()) out += '-';
  const Limb fraction = divide_by_limb(magnitude, one_scaled);
  append_integer(out, magnitude);
  append_fraction(out, fraction, min_decimals);
}

}  // namespace meterport::limbs
