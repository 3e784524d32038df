#include "base/wide_int.h"

#include <algorithm>
#include <span>

#include "base/limbs.h"

namespace meterport {
namespace {

using Limb = limbs::Limb;
using Pair = std::array<Limb, 2>;

Pair magnitude_of(Int128 value) {
  __extension__ using Unsigned128 = unsigned __int128;
  const Unsigned128 magnitude = value < 0 ? -static_cast<Unsigned128>(value) : static_cast<Unsigned128>(value);
  return {static_cast<Limb>(magnitude), static_cast<Limb>(magnitude >> 64)};
}

}  // namespace

template <std::size_t limb_count>
WideInt<limb_count> WideInt<limb_count>::from(bool is_negative, const Limbs& magnitude) {
  WideInt wide;
  wide.limbs_ = magnitude;
  return is_negative ? wide.negated() : wide;
}

template <std::size_t limb_count>
bool WideInt<limb_count>::multiply(Int128 factor, WideInt& out) const {
  std::array<Limb, limb_count + 2> full;
  limbs::multiply(magnitude(), magnitude_of(factor), full);
  Limbs low;
  std::copy_n(full.begin(), limb_count, low.begin());
  const bool negative = is_negative() != (factor < 0);
  out = from(negative, low);
  const bool has_more = full[limb_count] != 0 || full[limb_count + 1] != 0;
  return !has_more && (out.is_zero() || out.is_negative() == negative);
}

template <std::size_t limb_count>
WideInt<limb_count> WideInt<limb_count>::divide(Int128 divisor, Int128& remainder) const {
  std::array<Limb, limb_count + 1> rest{};
  const Limbs dividend = magnitude();
  std::ranges::copy(dividend, rest.begin());
  Pair by = magnitude_of(divisor);
  std::array<Limb, limb_count + 1> quotient;
  limbs::divide(rest, limbs::significant(std::span<Limb>(by)), quotient);
  const Int128 magnitude_left = static_cast<Int128>(rest[1]) << 64 | rest[0];
  remainder = is_negative() ? -magnitude_left : magnitude_left;
  Limbs low;
  std::copy_n(quotient.begin(), limb_count, low.begin());
  return from(is_negative(), low);
}

template <std::size_t limb_count>
std::string WideInt<limb_count>::to_text() const {
  Limbs rest = magnitude();
  std::string reversed;
  do {
    reversed += static_cast<char>('0' + limbs::divide_by_limb(rest, 10));
  } while (rest != Limbs{});
  if (is_negative()) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

template class WideInt<4>;
template class WideInt<6>;

Int384 product_of(const Int256& a, Int128 b) {
  Int384::Limbs magnitude;
  limbs::multiply(a.magnitude(), magnitude_of(b), magnitude);
  return Int384::from(a.is_negative() != (b < 0), magnitude);
}

}  // namespace meterport
