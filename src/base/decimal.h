// Exact decimals. No binary floating point touches a quantity, a rate or a sum.
//
// Decimal: a value with at most 18 integer digits and 18 decimals (a quantity, a rate, a divisor).
// Total: a sum of Decimals (256 bits, 18 decimals). A ledger holds fewer than 2^64 records, so |total| < 2^64 x 1e18
//   and the scaled sum needs 184 of the 256 bits.
// Consumption: an exact sum of quantity x rate / divisor, rounded once, at print. A product of such a total and any
//   Decimal needs 304 bits, 2^64 of them 368 of the 384 kept. So no catalogue has to bound rates or divisors for the
//   sake of this arithmetic: whatever Decimal::parse accepts is safe (divisors > 0), and nothing rounds unasked.
// All are plain values: any thread may use its own; none is shared while it changes.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wide_int.h"

namespace meterport {

enum class DecimalError { bad_format, out_of_range, not_exact };

class Decimal {
 public:
  static constexpr int integer_digits_max = 18;
  static constexpr int decimals_max = 18;

  constexpr Decimal() = default;

  /// Reads a JSON number (RFC 8259 section 6), plain or with exponent ("2", "-0.50", "1e-7"), and nothing around it:
  /// no blanks, no leading '+' or needless zeros, no ".5" or "5.", no NaN. "-0" is zero.
  /// bad_format: not a number; out_of_range: more than 18 integer digits; not_exact: more than 18 decimals (leading
  /// and trailing zeros do not count; where both apply, out_of_range).
  static std::expected<Decimal, DecimalError> parse(std::string_view text);

  static constexpr Decimal from_scaled(Int128 value_1e18) {
    Decimal d;
    d.scaled_ = value_1e18;
    return d;
  }
  static constexpr Decimal from_integer(std::int64_t value) {
    return from_scaled(Int128{value} * 1'000'000'000'000'000'000);
  }
  /// From the warehouse's pair; both parts carry the sign.
  static constexpr Decimal from_parts(std::int64_t whole, std::int64_t fraction_1e18) {
    return from_scaled(Int128{whole} * 1'000'000'000'000'000'000 + fraction_1e18);
  }

  /// Integer part, truncated towards zero; carries the sign.
  [[nodiscard]] constexpr std::int64_t whole() const {
    return static_cast<std::int64_t>(scaled_ / 1'000'000'000'000'000'000);
  }
  /// The rest in units of 1e-18; carries the sign, |fraction| < 1e18.
  [[nodiscard]] constexpr std::int64_t fraction() const {
    return static_cast<std::int64_t>(scaled_ % 1'000'000'000'000'000'000);
  }
  [[nodiscard]] constexpr Int128 scaled() const { return scaled_; }
  [[nodiscard]] constexpr bool is_zero() const { return scaled_ == 0; }
  [[nodiscard]] constexpr bool is_negative() const { return scaled_ < 0; }

  /// Plain notation, no exponent, at least `min_decimals` decimals, more only where the value has them:
  /// 2 -> "2" (0), "2.0000000000" (10). Zero is never "-0".
  [[nodiscard]] std::string to_text(int min_decimals = 0) const;
  void append_text(std::string& out, int min_decimals = 0) const;

  friend constexpr auto operator<=>(const Decimal&, const Decimal&) = default;

 private:
  Int128 scaled_ = 0;
};

/// A sum of Decimals: plain sums of records and of their reversals.
class Total {
 public:
  constexpr Total() = default;
  constexpr explicit Total(Decimal value) : scaled_(Int256::from(value.scaled())) {}
  /// From the warehouse's two sums (hugeint SUM(whole), SUM(fraction)).
  static Total from_sums(Int128 whole, Int128 fraction_1e18);
  static constexpr Total from_scaled(const Int256& value_1e18) {
    Total total;
    total.scaled_ = value_1e18;
    return total;
  }
  /// a x b where that has at most 18 decimals (a tier's start in scalars x the divisor), else nothing.
  static std::optional<Total> exact_product(Decimal a, Decimal b);

  constexpr Total& operator+=(const Total& other) {
    scaled_ += other.scaled_;
    return *this;
  }
  constexpr Total& operator-=(const Total& other) {
    scaled_ -= other.scaled_;
    return *this;
  }
  friend constexpr Total operator+(Total a, const Total& b) { return a += b; }
  friend constexpr Total operator-(Total a, const Total& b) { return a -= b; }
  [[nodiscard]] constexpr Total negated() const { return from_scaled(scaled_.negated()); }
  /// The least whole multiple of `block` (> 0) that is not below the value.
  [[nodiscard]] Total rounded_up_to(Decimal block) const;
  /// Nothing where the value has more than 18 integer digits.
  [[nodiscard]] std::optional<Decimal> to_decimal() const;

  [[nodiscard]] constexpr const Int256& scaled() const { return scaled_; }
  [[nodiscard]] constexpr bool is_zero() const { return scaled_.is_zero(); }
  [[nodiscard]] constexpr bool is_negative() const { return scaled_.is_negative(); }
  [[nodiscard]] std::string to_text(int min_decimals = 0) const;  ///< as Decimal's
  void append_text(std::string& out, int min_decimals = 0) const;
  /// At most `decimals` (0..18) decimals, half away from zero (contract HERE, section on usage rows), no trailing
  /// zeros beyond `min_decimals`. Zero, also after rounding, is never "-0".
  void append_rounded_text(std::string& out, int decimals, int min_decimals = 0) const;

  friend constexpr bool operator==(const Total&, const Total&) = default;
  friend constexpr auto operator<=>(const Total& a, const Total& b) { return a.scaled_ <=> b.scaled_; }

 private:
  Int256 scaled_;  ///< value x 1e18
};

/// Exact sum of quantity x rate / divisor. Terms of different divisors are kept apart, so nothing is rounded early.
class Consumption {
 public:
  /// divisor > 0.
  void add(const Total& quantity, Decimal rate, Decimal divisor);
  Consumption& operator+=(const Consumption& other);
  /// Whether the exact sum is zero (a print of "0" may also be a tiny value).
  [[nodiscard]] bool is_zero() const;
  /// Half-even at the 18th decimal (contract informatica A1), at least `min_decimals`, trailing zeros beyond
  /// that are cut. Zero, also after rounding, is never "-0".
  [[nodiscard]] std::string to_text(int min_decimals = 0) const;
  void append_text(std::string& out, int min_decimals = 0) const;

 private:
  struct Term {
    Decimal divisor;  ///< zero = no term
    Int384 product;   ///< quantity x rate x 1e36
  };
  struct Fraction;

  void add_term(const Term& term);
  [[nodiscard]] Fraction as_fraction() const;  ///< all terms over one denominator

  Term first_;              ///< nearly always the only one, so it costs no allocation
  std::vector<Term> more_;  ///< of other divisors, distinct
};

}  // namespace meterport
