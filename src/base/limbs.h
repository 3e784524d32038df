// Arithmetic on unsigned magnitudes: spans of 64-bit limbs, little end first. The engine room of wide_int and
// decimal; nobody else's business. Sizes are the caller's promise, as each function says; nothing allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace meterport::limbs {

using Limb = std::uint64_t;

/// The part without zero limbs at the big end; empty for zero.
std::span<const Limb> significant(std::span<const Limb> a);
std::span<Limb> significant(std::span<Limb> a);
/// -1, 0 or 1 for a < b, a = b, a > b, whatever the sizes.
int compare(std::span<const Limb> a, std::span<const Limb> b);
/// a += b; a is at least as long as b; returns the carry out of a.
bool add(std::span<Limb> a, std::span<const Limb> b);
/// a -= b; a >= b and at least as long.
void subtract(std::span<Limb> a, std::span<const Limb> b);
/// a x b into `out`, which has a.size() + b.size() limbs.
void multiply(std::span<const Limb> a, std::span<const Limb> b, std::span<Limb> out);
/// a /= b in place; returns the remainder; b > 0.
Limb divide_by_limb(std::span<Limb> a, Limb b);
/// Long division (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D). `a` becomes the remainder. It has one
/// zero limb of slack at the big end; `b` is significant() and not empty, is shifted meanwhile and restored;
/// `quotient` has a.size() limbs.
void divide(std::span<Limb> a, std::span<Limb> b, std::span<Limb> quotient);
/// Whether a quotient is to be rounded away from zero, half-even: 0 <= remainder < divisor, both of one size;
/// `remainder` is used up.
bool rounds_up_half_even(bool quotient_is_odd, std::span<Limb> remainder, std::span<const Limb> divisor);
/// Appends magnitude / 1e18 in plain notation, at least `min_decimals` decimals and no needless zeros beyond them; a
/// zero has no sign. Uses `magnitude` up.
void append_scaled_text(std::string& out, bool is_negative, std::span<Limb> magnitude, int min_decimals);

}  // namespace meterport::limbs
