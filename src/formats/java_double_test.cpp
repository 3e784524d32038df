#include "formats/java_double.h"

#include <gtest/gtest.h>

#include <random>

namespace meterport::formats {
namespace {

std::string printed(Decimal value) {
  std::string out;
  append_java_double(out, value);
  return out;
}
std::string printed(std::string_view text) {
  return printed(Decimal::parse(text).value());
}

TEST(JavaDouble, PlainFromAThousandthToTenMillion) {
  EXPECT_EQ(printed("0"), "0.0");
  EXPECT_EQ(printed("0.5"), "0.5");
  EXPECT_EQ(printed("3"), "3.0");
  EXPECT_EQ(printed("-3"), "-3.0");
  EXPECT_EQ(printed("0.001"), "0.001");
  EXPECT_EQ(printed("0.0010"), "0.001");
  EXPECT_EQ(printed("9999999"), "9999999.0");
  EXPECT_EQ(printed("9999999.999999999999999999"), "9999999.999999999999999999");
  EXPECT_EQ(printed("100"), "100.0");
  EXPECT_EQ(printed("-0.001"), "-0.001");
}

TEST(JavaDouble, WithAnExponentBeyond) {
  EXPECT_EQ(printed("0.000833"), "8.33E-4");
  EXPECT_EQ(printed("0.000999999999999999"), "9.99999999999999E-4");
  EXPECT_EQ(printed("-0.0001"), "-1.0E-4");
  EXPECT_EQ(printed("0.000000000000000001"), "1.0E-18");
  EXPECT_EQ(printed("12345678"), "1.2345678E7");
  EXPECT_EQ(printed("10000000"), "1.0E7");
  EXPECT_EQ(printed("-10000000.5"), "-1.00000005E7");
  EXPECT_EQ(printed("999999999999999999.999999999999999999"), "9.99999999999999999999999999999999999E17");
}

/// Digit by digit: the decimal moved until one digit stands before the point.
std::string slow_model(Decimal value) {
  if (value.is_zero()) return "0.0";
  const std::string sign = value.is_negative() ? "-" : "";
  Int128 scaled = value.is_negative() ? -value.scaled() : value.scaled();
  std::string digits;
  for (; scaled > 0; scaled /= 10)
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(scaled % 10)));
  const int exponent = static_cast<int>(digits.size()) - 1 - 18;
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  if (exponent < -3 || exponent >= 7) {
    std::string rest = digits.substr(1);
    if (rest.empty()) rest = "0";
    return sign + digits.substr(0, 1) + "." + rest + "E" + std::to_string(exponent);
  }
  for (int i = exponent; i < 0; ++i) digits.insert(digits.begin(), '0');
  const std::size_t whole = exponent < 0 ? 1 : static_cast<std::size_t>(exponent) + 1;
  while (digits.size() <= whole) digits += '0';
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

TEST(JavaDouble, AgreesWithTheSlowModelOnRandomValues) {
  std::mt19937_64 random(20'240'903);
  for (int i = 0; i < 20'000; ++i) {
    Int128 scaled = 0;
    for (std::uint64_t digits = random() % 36 + 1; digits > 0; --digits)
      scaled = scaled * 10 + static_cast<int>(random() % 10);
    for (std::uint64_t zeros = random() % 10; zeros > 0 && scaled != 0; --zeros) {
      if (scaled < Int128{1} << 100) scaled *= 10;
    }
    const Decimal value = Decimal::from_scaled(random() % 2 == 0 ? scaled : -scaled);
    ASSERT_EQ(printed(value), slow_model(value)) << value.to_text();
  }
}

}  // namespace
}  // namespace meterport::formats
