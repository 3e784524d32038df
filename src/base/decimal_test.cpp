// Decimals against Boost.Multiprecision as the oracle, and the cases where a rule is easily got wrong.
#include "base/decimal.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <string>
#include <vector>

namespace meterport {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

const cpp_int e18("1000000000000000000");

Decimal decimal(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Decimal());
}

Total total(std::string_view text) {
  return Total(decimal(text));
}

std::string error_of(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  if (parsed) return "read as " + parsed->to_text();
  switch (parsed.error()) {
    case DecimalError::bad_format:
      return "bad_format";
    case DecimalError::out_of_range:
      return "out_of_range";
    case DecimalError::not_exact:
      return "not_exact";
  }
  return "?";
}

cpp_int oracle(Int128 value) {
  const bool negative = value < 0;
  cpp_int out = 0;
  for (int shift = 96; shift >= 0; shift -= 32) {
    out = (out << 32) + static_cast<std::uint32_t>((negative ? -value : value) >> shift);
  }
  return negative ? cpp_int(-out) : out;
}

/// What the text of value / 1e18 should be.
std::string text_of_scaled(const cpp_int& scaled, int min_decimals) {
  const cpp_int magnitude = abs(scaled);
  std::string fraction = cpp_int(magnitude % e18).str();
  fraction.insert(0, 18 - fraction.size(), '0');
  while (static_cast<int>(fraction.size()) > min_decimals && !fraction.empty() && fraction.back() == '0') {
    fraction.pop_back();
  }
  while (static_cast<int>(fraction.size()) < min_decimals) fraction += '0';
  std::string out = (scaled < 0 ? "-" : "") + cpp_int(magnitude / e18).str();
  return fraction.empty() ? out : out + "." + fraction;
}

cpp_int half_even(const cpp_rational& value) {
  const cpp_int over = abs(numerator(value));
  const cpp_int under = denominator(value);
  cpp_int quotient = over / under;
  const cpp_int twice = (over % under) * 2;
  if (twice > under || (twice == under && quotient % 2 != 0)) ++quotient;
  return value < 0 ? cpp_int(-quotient) : quotient;
}

/// Values of every size, with a liking for the edges of the range and of a limb.
class Values {
 public:
  explicit Values(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

  Decimal decimal() {
    static constexpr std::uint64_t bound = 1'000'000'000'000'000'000;
    std::uint64_t whole = below(bound) >> below(64);
    std::uint64_t fraction = below(bound);
    if (below(3) == 0) fraction = fraction / 1'000'000'000'000 * 1'000'000'000'000;
    if (below(8) == 0) whole = bound - 1;
    if (below(8) == 0) fraction = bound - 1;
    if (below(4) == 0) fraction = 0;
    const Int128 scaled = static_cast<Int128>(whole) * static_cast<Int128>(bound) + static_cast<Int128>(fraction);
    return Decimal::from_scaled(below(2) == 0 ? scaled : -scaled);
  }

  Decimal divisor() {
    static constexpr std::string_view usual[] = {"1", "1000", "3600", "1000000", "0.5", "7", "1e-18", "1099511627776"};
    if (below(2) == 0) return *Decimal::parse(usual[below(std::size(usual))]);
    const Decimal any = decimal();
    if (any.is_zero()) return Decimal::from_integer(1);
    return any.is_negative() ? Decimal::from_scaled(-any.scaled()) : any;
  }

 private:
  std::mt19937_64 engine_;
};

TEST(Decimal, ReadsWhatUsersWrite) {
  EXPECT_EQ(decimal("2").to_text(), "2");
  EXPECT_EQ(decimal("-0.50").to_text(), "-0.5");
  EXPECT_EQ(decimal("1e-7").to_text(), "0.0000001");
  EXPECT_EQ(decimal("8.33E-4").to_text(), "0.000833");
  EXPECT_EQ(decimal("1.5e+3").to_text(), "1500");
  EXPECT_EQ(decimal("0").to_text(), "0");
  EXPECT_EQ(decimal("999999999999999999.999999999999999999").to_text(), "999999999999999999.999999999999999999");
  EXPECT_EQ(decimal("-999999999999999999.999999999999999999").to_text(), "-999999999999999999.999999999999999999");
  EXPECT_EQ(decimal("0.000000000000000001").scaled(), 1);
}

TEST(Decimal, ZeroHasNoSign) {
  for (const char* text : {"-0", "-0.0", "0e999999999999999999999", "-0.000e-99", "0.0000000000000000000000000000"}) {
    EXPECT_EQ(decimal(text), Decimal()) << text;
    EXPECT_EQ(decimal(text).to_text(), "0") << text;
  }
  EXPECT_EQ(decimal("-0").to_text(3), "0.000");
}

TEST(Decimal, RefusesWhatIsNoJsonNumber) {
  for (const char* text : {"",
                           "-",
                           "+1",
                           " 1",
                           "1 ",
                           ".5",
                           "5.",
                           "-.5",
                           "01",
                           "-00.5",
                           "1e",
                           "1e+",
                           "e5",
                           "1.e5",
                           "1,5",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "1_000",
                           "1.2.3",
                           "1e5.0",
                           "--1",
                           "1-",
                           "1e5 ",
                           "1e--5",
                           "\xef\xbc\x91",
                           "1234567890123456789012345678901234567890x"}) {
    EXPECT_EQ(error_of(text), "bad_format") << text;
  }
  EXPECT_EQ(error_of(std::string_view("1\0", 2)), "bad_format");
}

TEST(Decimal, KnowsItsEdges) {
  EXPECT_EQ(error_of("1000000000000000000"), "out_of_range");
  EXPECT_EQ(error_of("-1e18"), "out_of_range");
  EXPECT_EQ(error_of("1e99999999999999999999999999"), "out_of_range");
  EXPECT_EQ(error_of("18446744073709551616"), "out_of_range");
  EXPECT_EQ(error_of("0.0000000000000000001"), "not_exact");
  EXPECT_EQ(error_of("1e-19"), "not_exact");
  EXPECT_EQ(error_of("1e-99999999999999999999999999"), "not_exact");
  EXPECT_EQ(error_of("1.0000000000000000001"), "not_exact");
  EXPECT_EQ(error_of("1000000000000000000.0000000000000000001"), "out_of_range");
}

TEST(Decimal, CountsOnlyTheDigitsThatMatter) {
  EXPECT_EQ(decimal("1.00000000000000000000000000000000000").to_text(), "1");
  EXPECT_EQ(decimal("1000000000000000000000000000e-27").to_text(), "1");
  EXPECT_EQ(decimal("0.000000000000000000000000000012345e30").to_text(), "12.345");
  EXPECT_EQ(decimal("999999999999999999000e-3").to_text(), "999999999999999999");
  EXPECT_EQ(decimal("1e17").to_text(), "100000000000000000");
  EXPECT_EQ(decimal("1e-18").scaled(), 1);
  EXPECT_EQ(decimal("0." + std::string(10'000, '0') + "7e10001").to_text(), "7");
}

TEST(Decimal, PrintsAtLeastTheDecimalsAskedFor) {
  EXPECT_EQ(decimal("2").to_text(10), "2.0000000000");
  EXPECT_EQ(decimal("2.5").to_text(1), "2.5");
  EXPECT_EQ(decimal("2.123456").to_text(3), "2.123456");
  EXPECT_EQ(decimal("-0.000000000000000001").to_text(12), "-0.000000000000000001");
  EXPECT_EQ(decimal("7.25").to_text(20), "7.25000000000000000000");
}

TEST(Decimal, SplitsIntoSignedParts) {
  const Decimal value = decimal("-12.000000000000000034");
  EXPECT_EQ(value.whole(), -12);
  EXPECT_EQ(value.fraction(), -34);
  EXPECT_EQ(Decimal::from_parts(value.whole(), value.fraction()), value);
  EXPECT_LT(value, decimal("-12"));
}

TEST(Decimal, TextAndValueAgreeWithTheOracle) {
  Values values(1);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal value = values.decimal();
    const int min_decimals = static_cast<int>(values.below(20));
    const std::string text = value.to_text(min_decimals);
    EXPECT_EQ(text, text_of_scaled(oracle(value.scaled()), min_decimals));
    if (min_decimals <= 18) {
      EXPECT_EQ(decimal(text), value);
    }
    EXPECT_EQ(Decimal::from_parts(value.whole(), value.fraction()), value);
  }
}

TEST(Decimal, ExponentsOnlyMoveThePoint) {
  Values values(2);
  for (int i = 0; i < 5'000; ++i) {
    const Decimal value = values.decimal();
    const std::string digits = oracle(value.scaled()).str();
    EXPECT_EQ(decimal(digits + "e-18"), value);
    EXPECT_EQ(decimal(digits + ".000E-0018"), value);
    if (!value.is_zero()) {
      EXPECT_EQ(decimal(digits + "000e-21"), value);
    }
  }
}

TEST(Total, SumsLikeTheOracle) {
  Values values(3);
  Total sum;
  cpp_int expected = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Decimal value = values.decimal();
    if (values.below(4) == 0) {
      sum -= Total(value);
      expected -= oracle(value.scaled());
    } else {
      sum += Total(value);
      expected += oracle(value.scaled());
    }
    EXPECT_EQ(sum.is_negative(), expected < 0);
    EXPECT_EQ(sum > Total(), expected > 0);
    if (i % 16 == 0) {
      EXPECT_EQ(sum.to_text(i % 19), text_of_scaled(expected, i % 19));
    }
  }
}

TEST(Total, TakesTheWarehousesTwoSums) {
  EXPECT_EQ(Total::from_sums(5, -500'000'000'000'000'000).to_text(), "4.5");
  EXPECT_EQ(Total::from_sums(-1, 0).to_text(2), "-1.00");
  EXPECT_TRUE(Total::from_sums(0, 0).is_zero());
  const Int128 hugest = ~(static_cast<Int128>(1) << 127);
  EXPECT_EQ(Total::from_sums(hugest, hugest).to_text(), text_of_scaled(oracle(hugest) * e18 + oracle(hugest), 0));
  EXPECT_EQ(Total::from_sums(-hugest, -hugest).to_text(), text_of_scaled(-oracle(hugest) * e18 - oracle(hugest), 0));
}

TEST(Total, ReturnsToADecimalWhereItFits) {
  const Decimal most = decimal("999999999999999999.999999999999999999");
  EXPECT_EQ(Total(most).to_decimal(), most);
  EXPECT_EQ((Total() - Total(most)).to_decimal(), decimal("-999999999999999999.999999999999999999"));
  EXPECT_FALSE((Total(most) + total("0.000000000000000001")).to_decimal());
  EXPECT_FALSE((Total(most) + Total(most)).negated().to_decimal());
}

TEST(Total, RoundsUpToWholeBlocks) {
  EXPECT_EQ(total("250").rounded_up_to(decimal("100")).to_text(), "300");
  EXPECT_EQ(total("300").rounded_up_to(decimal("100")).to_text(), "300");
  EXPECT_EQ(total("0.000000000000000001").rounded_up_to(decimal("0.5")).to_text(), "0.5");
  EXPECT_EQ(total("-250").rounded_up_to(decimal("100")).to_text(), "-200");
  EXPECT_EQ(total("-1").rounded_up_to(decimal("100")).to_text(), "0");
  EXPECT_EQ(Total().rounded_up_to(decimal("7")).to_text(), "0");
}

TEST(Total, MultipliesOnlyWhereExact) {
  EXPECT_EQ(Total::exact_product(decimal("2000"), decimal("3600"))->to_text(), "7200000");
  EXPECT_EQ(Total::exact_product(decimal("0.5"), decimal("-0.5"))->to_text(), "-0.25");
  EXPECT_FALSE(Total::exact_product(decimal("1e-10"), decimal("1e-9")));
  const Decimal most = decimal("999999999999999999");
  EXPECT_EQ(Total::exact_product(most, most)->to_text(), "999999999999999998000000000000000001");
}

TEST(Total, RoundsHalfAwayFromZeroWhereAsked) {
  const auto rounded = [](std::string_view text, int decimals) {
    std::string out;
    total(text).append_rounded_text(out, decimals);
    return out;
  };
  EXPECT_EQ(rounded("0.00005", 4), "0.0001");
  EXPECT_EQ(rounded("-0.00005", 4), "-0.0001");
  EXPECT_EQ(rounded("-0.000049999999999999", 4), "0");
  EXPECT_EQ(rounded("1.00025", 4), "1.0003");
  EXPECT_EQ(rounded("1.5", 4), "1.5");
  EXPECT_EQ(rounded("999999999999999999.99999", 4), "1000000000000000000");
  EXPECT_EQ(rounded("0.123456789012345678", 18), "0.123456789012345678");
  EXPECT_EQ(rounded("2.5", 0), "3");
}

TEST(Total, RoundsToFixedDecimalsWhereAsked) {
  const auto fixed = [](std::string_view text) {
    std::string out;
    total(text).append_rounded_text(out, 4, 4);
    return out;
  };
  EXPECT_EQ(fixed("0"), "0.0000");
  EXPECT_EQ(fixed("-0.000049999999999999"), "0.0000");
  EXPECT_EQ(fixed("-0.00005"), "-0.0001");
  EXPECT_EQ(fixed("91932"), "91932.0000");
  EXPECT_EQ(fixed("0.03125"), "0.0313");
  EXPECT_EQ(fixed("1.99995"), "2.0000");
}

std::string consumption(std::string_view quantity, std::string_view rate, std::string_view divisor, int decimals = 0) {
  Consumption sum;
  sum.add(total(quantity), decimal(rate), decimal(divisor));
  return sum.to_text(decimals);
}

TEST(Consumption, MultipliesAndDividesExactly) {
  EXPECT_EQ(consumption("12", "0.25", "1"), "3");
  EXPECT_EQ(consumption("1500", "0.016", "1000", 12), "0.024000000000");
  EXPECT_EQ(consumption("1", "1", "3"), "0.333333333333333333");
  EXPECT_EQ(consumption("2", "1", "3"), "0.666666666666666667");
  EXPECT_EQ(consumption("-2", "1", "3"), "-0.666666666666666667");
  EXPECT_EQ(Consumption().to_text(12), "0.000000000000");
  EXPECT_EQ(consumption("0", "5", "7"), "0");
}

TEST(Consumption, RoundsTiesToEven) {
  const char* tiny = "0.000000000000000001";
  EXPECT_EQ(consumption(tiny, "0.5", "1"), "0");
  EXPECT_EQ(consumption(tiny, "1.5", "1"), "0.000000000000000002");
  EXPECT_EQ(consumption(tiny, "2.5", "1"), "0.000000000000000002");
  EXPECT_EQ(consumption(tiny, "-0.5", "1"), "0");
  EXPECT_EQ(consumption(tiny, "-1.5", "1"), "-0.000000000000000002");
  EXPECT_EQ(consumption(tiny, "-2.5", "1"), "-0.000000000000000002");
  EXPECT_EQ(consumption(tiny, "0.500000000000000001", "1"), "0.000000000000000001");
  EXPECT_EQ(consumption(tiny, "0.499999999999999999", "1"), "0");
  EXPECT_EQ(consumption(tiny, "1e17", "200000000000000000"), "0");
  EXPECT_EQ(consumption("0.999999999999999999", "1.5", "1"), "1.499999999999999998");
}

TEST(Consumption, RoundsOnceAndNotPerTerm) {
  Consumption thirds;
  for (int i = 0; i < 3; ++i) thirds.add(total("1"), decimal("1"), decimal("3"));
  EXPECT_EQ(thirds.to_text(), "1");

  Consumption mixed;
  mixed.add(total("1"), decimal("1"), decimal("3"));
  mixed.add(total("1"), decimal("1"), decimal("6"));
  mixed.add(total("1"), decimal("1"), decimal("2"));
  EXPECT_EQ(mixed.to_text(), "1");

  Consumption gone;
  gone.add(total("1"), decimal("1"), decimal("3"));
  gone.add(total("-2"), decimal("1"), decimal("6"));
  EXPECT_TRUE(gone.is_zero());
  EXPECT_EQ(gone.to_text(2), "0.00");
}

TEST(Consumption, AddsItselfToItself) {
  Consumption sum;
  sum.add(total("1"), decimal("1"), decimal("3"));
  sum.add(total("1"), decimal("1"), decimal("7"));
  sum += sum;
  EXPECT_EQ(sum.to_text(), "0.952380952380952381");
}

TEST(Consumption, HoldsTheLargestValuesThereAre) {
  const Decimal most = decimal("999999999999999999.999999999999999999");
  Total everything(most);
  cpp_int expected = oracle(most.scaled());
  for (int i = 0; i < 64; ++i, expected *= 2) everything += Total(everything);
  Consumption sum;
  sum.add(everything, most, decimal("1e-18"));
  EXPECT_EQ(sum.to_text(), text_of_scaled(expected * oracle(most.scaled()), 0));
}

TEST(Consumption, AgreesWithTheOracleForOneTerm) {
  Values values(4);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal quantity = values.decimal();
    const Decimal rate = values.decimal();
    const Decimal divisor = values.divisor();
    Consumption sum;
    sum.add(Total(quantity), rate, divisor);
    const cpp_int product = oracle(quantity.scaled()) * oracle(rate.scaled());
    const int decimals = static_cast<int>(values.below(20));
    EXPECT_EQ(sum.to_text(decimals),
              text_of_scaled(half_even(cpp_rational(product, oracle(divisor.scaled()))), decimals));
    EXPECT_EQ(sum.is_zero(), product == 0);
  }
}

TEST(Consumption, AgreesWithTheOracleForManyTerms) {
  Values values(5);
  for (int i = 0; i < 2'000; ++i) {
    Consumption left;
    Consumption right;
    cpp_rational expected = 0;
    for (std::uint64_t n = values.below(8); n-- > 0;) {
      const Decimal quantity = values.decimal();
      const Decimal rate = values.decimal();
      const Decimal divisor = values.divisor();
      (values.below(2) == 0 ? left : right).add(Total(quantity), rate, divisor);
      expected += cpp_rational(oracle(quantity.scaled()) * oracle(rate.scaled()), oracle(divisor.scaled()));
    }
    left += right;
    EXPECT_EQ(left.to_text(6), text_of_scaled(half_even(expected), 6));
    EXPECT_EQ(left.is_zero(), expected == 0);
  }
}

}  // namespace
}  // namespace meterport
