// Consumption (base/decimal.h): exact sums of quotients.
#include <algorithm>
#include <array>
#include <span>

#include "base/decimal.h"
#include "base/limbs.h"

namespace meterport {
namespace {

using Limb = limbs::Limb;
using Natural = std::vector<Limb>;  // any size, little end first

std::array<Limb, 2> limbs_of(Decimal positive) {
  return {static_cast<Limb>(positive.scaled()), static_cast<Limb>(positive.scaled() >> 64)};
}

Natural product(std::span<const Limb> a, std::span<const Limb> b) {
  Natural out(a.size() + b.size());
  limbs::multiply(a, b, out);
  return out;
}

void add_to(Natural& a, std::span<const Limb> b) {
  a.resize(std::max(a.size(), b.size()) + 1);
  // The limb just made takes the carry.
  (void)limbs::add(a, b);
}

/// Rounds numerator / denominator half-even into `quotient`. All as limbs::divide wants them.
void divide_half_even(std::span<Limb> numerator, std::span<Limb> denominator, std::span<Limb> quotient) {
  limbs::divide(numerator, denominator, quotient);
  const bool is_odd = (quotient[0] & 1) != 0;
  if (limbs::rounds_up_half_even(is_odd, numerator.first(denominator.size()), denominator)) {
    // The quotient of numbers below the limb of slack leaves room for the carry.
    (void)limbs::add(quotient, std::array<Limb, 1>{1});
  }
}

}  // namespace

/// The sum x 1e18 as (up - down) / denominator.
struct Consumption::Fraction {
  Natural up;
  Natural down;
  Natural denominator;
};

void Consumption::add(const Total& quantity, Decimal rate, Decimal divisor) {
  add_term(Term{divisor, product_of(quantity.scaled(), rate.scaled())});
}

Consumption& Consumption::operator+=(const Consumption& other) {
  // By index and by value: `other` may be this very object.
  add_term(Term(other.first_));
  for (std::size_t i = 0, count = other.more_.size(); i < count; ++i) add_term(Term(other.more_[i]));
  return *this;
}

void Consumption::add_term(const Term& term) {
  if (term.product.is_zero()) return;
  if (first_.divisor.is_zero()) first_.divisor = term.divisor;
  if (first_.divisor == term.divisor) {
    first_.product += term.product;
    return;
  }
  const auto known = std::ranges::find(more_, term.divisor, &Term::divisor);
  if (known == more_.end()) {
    more_.push_back(term);
  } else {
    known->product += term.product;
  }
}

Consumption::Fraction Consumption::as_fraction() const {
  Fraction sum{{}, {}, {1}};
  const auto include = [&sum](const Term& term) {
    const auto divisor = limbs_of(term.divisor);
    const auto by = limbs::significant(std::span<const Limb>(divisor));
    const Natural extended = product(term.product.magnitude(), sum.denominator);
    sum.up = product(sum.up, by);
    sum.down = product(sum.down, by);
    add_to(term.product.is_negative() ? sum.down : sum.up, extended);
    sum.denominator = product(sum.denominator, by);
  };
  include(first_);
  for (const Term& term : more_) include(term);
  return sum;
}

bool Consumption::is_zero() const {
  if (more_.empty()) return first_.product.is_zero();
  const Fraction sum = as_fraction();
  return limbs::compare(sum.up, sum.down) == 0;
}

void Consumption::append_text(std::string& out, int min_decimals) const {
  if (more_.empty()) {
    if (first_.product.is_zero()) return Total().append_text(out, min_decimals);
    // product / 1e36 / (divisor / 1e18), in units of 1e-18: the powers of ten cancel.
    std::array<Limb, 7> numerator{};
    const Int384::Limbs magnitude = first_.product.magnitude();
    std::ranges::copy(magnitude, numerator.begin());
    auto divisor = limbs_of(first_.divisor);
    std::array<Limb, 7> quotient;
    divide_half_even(numerator, limbs::significant(std::span<Limb>(divisor)), quotient);
    return limbs::append_scaled_text(out, first_.product.is_negative(), quotient, min_decimals);
  }
  Fraction sum = as_fraction();
  const bool is_negative = limbs::compare(sum.up, sum.down) < 0;
  Natural& larger = is_negative ? sum.down : sum.up;
  const Natural& smaller = is_negative ? sum.up : sum.down;
  const std::size_t used = limbs::significant(std::span<const Limb>(larger)).size();
  limbs::subtract(larger, limbs::significant(std::span<const Limb>(smaller)));
  larger.resize(std::max(used, sum.denominator.size()) + 1);
  Natural quotient(larger.size());
  divide_half_even(larger, limbs::significant(std::span<Limb>(sum.denominator)), quotient);
  limbs::append_scaled_text(out, is_negative, quotient, min_decimals);
}

std::string Consumption::to_text(int min_decimals) const {
  std::string out;
  append_text(out, min_decimals);
  return out;
}

}  // namespace meterport
