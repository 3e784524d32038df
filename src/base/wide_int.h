// Signed integers of 256 and 384 bits for totals and products. Two's complement, 64-bit limbs, little end first.
//
// Sums wrap silently: callers stay inside the ranges stated in base/decimal.h, which leave whole limbs to spare.
// Values, no shared state: any thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace meterport {

__extension__ using Int128 = __int128;

template <std::size_t limb_count>
class WideInt {
 public:
  using Limbs = std::array<std::uint64_t, limb_count>;

  constexpr WideInt() = default;
  static constexpr WideInt from(Int128 value) {
    WideInt wide;
    wide.limbs_.fill(value < 0 ? ~std::uint64_t{0} : 0);
    wide.limbs_[0] = static_cast<std::uint64_t>(value);
    wide.limbs_[1] = static_cast<std::uint64_t>(value >> 64);
    return wide;
  }
  /// The value with this sign and magnitude; the magnitude's top bit is 0.
  static WideInt from(bool is_negative, const Limbs& magnitude);

  constexpr WideInt& operator+=(const WideInt& other);
  constexpr WideInt& operator-=(const WideInt& other);
  [[nodiscard]] constexpr WideInt negated() const { return WideInt() -= *this; }
  /// Full product; true = it fitted.
  [[nodiscard]] bool multiply(Int128 factor, WideInt& out) const;
  /// Truncating division by a positive divisor; the remainder has the dividend's sign.
  [[nodiscard]] WideInt divide(Int128 divisor, Int128& remainder) const;
  [[nodiscard]] constexpr bool is_negative() const { return (limbs_[limb_count - 1] >> 63) != 0; }
  [[nodiscard]] constexpr bool is_zero() const { return limbs_ == Limbs{}; }
  /// The absolute value, unsigned.
  [[nodiscard]] constexpr Limbs magnitude() const { return is_negative() ? negated().limbs_ : limbs_; }
  /// Plain decimal digits with sign.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] constexpr const Limbs& limbs() const { return limbs_; }

  friend constexpr bool operator==(const WideInt&, const WideInt&) = default;
  friend constexpr std::strong_ordering operator<=>(const WideInt& a, const WideInt& b) {
    if (a.is_negative() != b.is_negative()) return b.is_negative() <=> a.is_negative();
    for (std::size_t i = limb_count; i-- > 0;) {
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
    }
    return std::strong_ordering::equal;
  }

 private:
  Limbs limbs_{};
};

using Int256 = WideInt<4>;
using Int384 = WideInt<6>;

/// Exact, and always fits: 255 + 127 bits of magnitude.
Int384 product_of(const Int256& a, Int128 b);

template <std::size_t limb_count>
constexpr WideInt<limb_count>& WideInt<limb_count>::operator+=(const WideInt& other) {
  bool carry = false;
  for (std::size_t i = 0; i < limb_count; ++i) {
    std::uint64_t sum = 0;
    const bool first = __builtin_add_overflow(limbs_[i], other.limbs_[i], &sum);
    const bool second = __builtin_add_overflow(sum, std::uint64_t{carry}, &limbs_[i]);
    carry = first || second;
  }
  return *this;
}

template <std::size_t limb_count>
constexpr WideInt<limb_count>& WideInt<limb_count>::operator-=(const WideInt& other) {
  bool borrow = false;
  for (std::size_t i = 0; i < limb_count; ++i) {
    std::uint64_t difference = 0;
    const bool first = __builtin_sub_overflow(limbs_[i], other.limbs_[i], &difference);
    const bool second = __builtin_sub_overflow(difference, std::uint64_t{borrow}, &limbs_[i]);
    borrow = first || second;
  }
  return *this;
}

extern template class WideInt<4>;
extern template class WideInt<6>;

}  // namespace meterport
