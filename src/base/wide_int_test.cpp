// Wide integers against Boost.Multiprecision, with limbs that make carries and the rare branches of long division.
#include "base/wide_int.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>

namespace meterport {
namespace {

using boost::multiprecision::cpp_int;

template <std::size_t limb_count>
cpp_int oracle(const WideInt<limb_count>& value) {
  cpp_int out = 0;
  for (std::size_t i = limb_count; i-- > 0;) out = (out << 64) + value.limbs()[i];
  if (value.is_negative()) out -= cpp_int(1) << (64 * limb_count);
  return out;
}

cpp_int oracle(Int128 value) {
  return oracle(Int256::from(value));
}

class Values {
 public:
  explicit Values(std::uint64_t seed) : engine_(seed) {}

  /// Mostly limbs of only zeros or ones, or nearly: that is where carries run.
  std::uint64_t limb() {
    switch (engine_() % 6) {
      case 0:
        return 0;
      case 1:
        return ~std::uint64_t{0};
      case 2:
        return std::uint64_t{1} << 63;
      case 3:
        return engine_() % 3;
      default:
        return engine_();
    }
  }

  Int128 narrow() { return static_cast<Int128>(limb() >> (engine_() % 64)) << 64 | limb(); }
  Int128 narrow_signed() { return engine_() % 2 == 0 ? narrow() : ~narrow(); }

  template <class Wide>
  Wide wide() {
    typename Wide::Limbs magnitude{};
    const std::size_t used = engine_() % (magnitude.size() + 1);
    for (std::size_t i = 0; i < used; ++i) magnitude[i] = limb();
    magnitude.back() >>= 1;
    return Wide::from(engine_() % 2 == 0, magnitude);
  }

 private:
  std::mt19937_64 engine_;
};

template <class Wide>
void expect_arithmetic_of_oracle(std::uint64_t seed) {
  Values values(seed);
  const cpp_int bound = cpp_int(1) << (64 * typename Wide::Limbs{}.size() - 1);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = values.wide<Wide>();
    const auto b = values.wide<Wide>();
    EXPECT_EQ(a.to_text(), oracle(a).str());
    EXPECT_EQ(a < b, oracle(a) < oracle(b));
    EXPECT_EQ(oracle(a.negated()), -oracle(a));
    const cpp_int sum = oracle(a) + oracle(b);
    if (sum < bound && sum >= -bound) {
      Wide got = a;
      EXPECT_EQ(oracle(got += b), sum);
      EXPECT_EQ(oracle(got -= b), oracle(a));
    }
    const Int128 factor = values.narrow_signed();
    Wide product;
    const cpp_int expected = oracle(a) * oracle(factor);
    EXPECT_EQ(a.multiply(factor, product), expected < bound && expected >= -bound);
    if (expected < bound && expected >= -bound) {
      EXPECT_EQ(oracle(product), expected);
    }
    const Int128 divisor = values.narrow();
    if (divisor <= 0) continue;
    Int128 remainder = 0;
    EXPECT_EQ(oracle(a.divide(divisor, remainder)), oracle(a) / oracle(divisor));
    EXPECT_EQ(oracle(remainder), oracle(a) % oracle(divisor));
  }
}

TEST(WideInt, Computes256BitsLikeTheOracle) {
  expect_arithmetic_of_oracle<Int256>(11);
}

TEST(WideInt, Computes384BitsLikeTheOracle) {
  expect_arithmetic_of_oracle<Int384>(12);
}

TEST(WideInt, ProductsAlwaysFit) {
  Values values(13);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = values.wide<Int256>();
    const Int128 b = values.narrow_signed();
    EXPECT_EQ(oracle(product_of(a, b)), oracle(a) * oracle(b));
  }
}

TEST(WideInt, TellsWhenAProductDoesNotFit) {
  Int256 big = Int256::from(1);
  for (int i = 0; i < 254; ++i) big += big;
  Int256 out;
  EXPECT_TRUE(big.multiply(1, out));
  EXPECT_FALSE(big.multiply(2, out));
  EXPECT_TRUE(big.multiply(-2, out));
  EXPECT_FALSE(big.multiply(4, out));
}

}  // namespace
}  // namespace meterport
