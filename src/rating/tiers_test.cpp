#include "rating/tiers.h"

#include <gtest/gtest.h>

#include <vector>

namespace meterport::rating {
namespace {

Decimal decimal(std::string_view text) {
  return Decimal::parse(text).value();
}

Rate rate(std::string_view ipu) {
  return {.valid_from = {}, .org = {}, .tier_from = {}, .ipu_per_unit = decimal(ipu)};
}

RatedQuantity rate_one(const Total& quantity, Decimal divisor, std::span<const Rate> tiers) {
  return TierCounter().add(quantity, divisor, tiers);
}

TEST(RateFlat, MultipliesScalarUnitsWithTheRate) {
  const std::vector<Rate> tiers = {rate("0.16")};
  const auto rated = rate_one(Total(decimal("12.5")), decimal("1"), tiers);
  EXPECT_EQ(rated.consumption.to_text(12), "2.000000000000");
  EXPECT_EQ(rated.rate.to_text(6), "0.160000");
  EXPECT_EQ(rated.quantity.to_text(10), "12.5000000000");
}

TEST(RateFlat, DividesByTheScalarsDivisorExactly) {
  const std::vector<Rate> tiers = {rate("9.5")};
  EXPECT_EQ(rate_one(Total(decimal("1")), decimal("1000000"), tiers).consumption.to_text(), "0.0000095");
  // A third is rounded once, at print.
  auto third = rate_one(Total(decimal("1")), decimal("3"), std::vector<Rate>{rate("1")}).consumption;
  EXPECT_EQ(third.to_text(), "0.333333333333333333");
  third += rate_one(Total(decimal("2")), decimal("3"), std::vector<Rate>{rate("1")}).consumption;
  EXPECT_EQ(third.to_text(), "1");
}

TEST(RateFlat, NegativeQuantitiesConsumeNegatively) {
  EXPECT_EQ(rate_one(Total(decimal("-4")), decimal("1"), std::vector<Rate>{rate("0.25")}).consumption.to_text(), "-1");
}

TEST(RateFlat, WithoutARateNothingIsConsumed) {
  const auto rated = rate_one(Total(decimal("7")), decimal("1"), {});
  EXPECT_TRUE(rated.consumption.is_zero());
  EXPECT_TRUE(rated.rate.is_zero());
  EXPECT_EQ(rated.quantity.to_text(), "7");
}

TEST(RateFlat, TheFirstTierHoldsForAllOfTheDay) {
  std::vector<Rate> tiers = {rate("0.16"), rate("0.025")};
  tiers[1].tier_from = decimal("2000");
  EXPECT_EQ(rate_one(Total(decimal("3000")), decimal("1"), tiers).consumption.to_text(), "480");
}

}  // namespace
}  // namespace meterport::rating
