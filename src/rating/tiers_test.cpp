#include "rating/tiers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace meterport::rating {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

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

/// Data Integration of the contract: 0.16 to 2,000 hours, 0.025 above.
const std::vector<Rate>& data_integration() {
  static const std::vector<Rate> tiers = [] {
    std::vector<Rate> table = {rate("0.16"), rate("0.025")};
    table[1].tier_from = decimal("2000");
    return table;
  }();
  return tiers;
}

TierCounter counter_at(std::string_view used) {
  return TierCounter(Total(decimal(used)));
}

/// "consumption at rate of the last unit".
std::string rated_from(std::string_view used, std::string_view quantity) {
  const auto rated = counter_at(used).add(Total(decimal(quantity)), decimal("1"), data_integration());
  EXPECT_EQ(rated.quantity.to_text(), decimal(quantity).to_text());
  return rated.consumption.to_text() + " at " + rated.rate.to_text();
}

/// "[from - to] quantity x rate = consumption", lowest first.
std::vector<std::string> parts_from(std::string_view used, std::string_view quantity, std::span<const Rate> tiers,
                                    std::string_view divisor = "1") {
  std::vector<std::string> parts;
  counter_at(used).add_by_tier(Total(decimal(quantity)), decimal(divisor), tiers, [&](const TierPart& part) {
    parts.push_back("[" + part.tier_from.to_text() + " - " + (part.tier_to ? part.tier_to->to_text() : "") + "] " +
                    part.quantity.to_text() + " x " + part.rate.to_text() + " = " + part.consumption.to_text());
  });
  return parts;
}
using Texts = std::vector<std::string>;

TEST(Tiers, ChargeEachUnitByTheTierItFallsInto) {
  EXPECT_EQ(rated_from("0", "1999.5"), "319.92 at 0.16");
  EXPECT_EQ(rated_from("1999.5", "1"), "0.0925 at 0.025");
  EXPECT_EQ(rated_from("0", "3000"), "345 at 0.025");
  EXPECT_EQ(rated_from("2500", "100"), "2.5 at 0.025");
}

TEST(Tiers, TheLastUnitOfAFullTierIsStillItsOwn) {
  EXPECT_EQ(rated_from("0", "2000"), "320 at 0.16");
  EXPECT_EQ(rated_from("2000", "0.0001"), "0.0000025 at 0.025");
}

TEST(Tiers, NegativeUsageWalksBackDown) {
  EXPECT_EQ(rated_from("2100", "-50"), "-1.25 at 0.025");
  EXPECT_EQ(rated_from("2100", "-100"), "-2.5 at 0.025");  // the last unit walked back is the first above 2,000
  EXPECT_EQ(rated_from("2100", "-200"), "-18.5 at 0.16");
  EXPECT_EQ(rated_from("2000", "-1"), "-0.16 at 0.16");
}

TEST(Tiers, BelowZeroTheFirstTierHolds) {
  EXPECT_EQ(rated_from("10", "-30"), "-4.8 at 0.16");
  EXPECT_EQ(rated_from("-20", "20"), "3.2 at 0.16");
  EXPECT_EQ(rated_from("-20", "2030"), "323.45 at 0.025");
}

TEST(Tiers, UsageOfZeroHasTheRateOfTheNextUnit) {
  EXPECT_EQ(rated_from("1999", "0"), "0 at 0.16");
  EXPECT_EQ(rated_from("2000", "0"), "0 at 0.025");
  EXPECT_EQ(rated_from("-1", "0"), "0 at 0.16");
}

TEST(Tiers, PartsComeLowestFirstWhicheverWayTheUsageGoes) {
  EXPECT_EQ(parts_from("1999", "2", data_integration()),
            (Texts{"[0 - 2000] 1 x 0.16 = 0.16", "[2000 - ] 1 x 0.025 = 0.025"}));
  EXPECT_EQ(parts_from("2001", "-2", data_integration()),
            (Texts{"[0 - 2000] -1 x 0.16 = -0.16", "[2000 - ] -1 x 0.025 = -0.025"}));
  EXPECT_EQ(parts_from("2000", "0", data_integration()), Texts{"[2000 - ] 0 x 0.025 = 0"});
  EXPECT_EQ(parts_from("0", "5", {}), Texts{"[0 - ] 5 x 0 = 0"});
  EXPECT_EQ(parts_from("0", "5", std::vector<Rate>{rate("2")}), Texts{"[0 - ] 5 x 2 = 10"});
}

TEST(Tiers, BoundsAreInScalarsAndUsageInUnits) {
  EXPECT_EQ(parts_from("1999000000", "2000000", data_integration(), "1000000"),
            (Texts{"[0 - 2000] 1000000 x 0.16 = 0.16", "[2000 - ] 1000000 x 0.025 = 0.025"}));
}

TEST(Tiers, TheCounterGoesOnOverDaysAndTables) {
  TierCounter counter;
  EXPECT_EQ(counter.add(Total(decimal("1500")), decimal("1"), data_integration()).consumption.to_text(), "240");
  EXPECT_EQ(counter.add(Total(decimal("400")), decimal("1"), {}).consumption.to_text(), "0");
  counter.add_by_tier(Total(decimal("50")), decimal("1"), std::vector<Rate>{rate("3")}, [](const TierPart&) {});
  EXPECT_EQ(counter.add(Total(decimal("100")), decimal("1"), data_integration()).consumption.to_text(), "9.25");
  EXPECT_EQ(counter.used().to_text(), "2050");
}

/// The integral of the rate from 0 to `end`, tier by tier over the numbers themselves.
cpp_rational integral(const cpp_rational& end, const std::vector<std::pair<cpp_rational, cpp_rational>>& tiers) {
  if (end < 0) return end * tiers.front().second;
  cpp_rational sum = 0;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const bool ends = i + 1 < tiers.size() && tiers[i + 1].first < end;
    if (tiers[i].first < end) sum += ((ends ? tiers[i + 1].first : end) - tiers[i].first) * tiers[i].second;
  }
  return sum;
}

cpp_rational exact(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return cpp_rational(cpp_int(std::string(text)));
  std::string digits(text);
  digits.erase(point, 1);
  digits.erase(0, std::min(digits.find_first_not_of("-0"), digits.size() - 1));  // a leading 0 would mean octal
  const cpp_int scale = boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(text.size() - point - 1));
  const cpp_rational value(cpp_int(digits), scale);
  return text.front() == '-' ? cpp_rational(-value) : value;
}

TEST(Tiers, RandomWalksCostTheIntegralOfTheRate) {
  std::mt19937 random(20240903);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  for (int round = 0; round < 300; ++round) {
    const std::string divisor = std::vector<std::string>{"1", "100", "2.5", "1000000", "0.125"}[below(5)];
    std::vector<Rate> tiers;
    std::vector<std::pair<cpp_rational, cpp_rational>> model;
    unsigned from = 0;
    for (unsigned i = 0, count = 1 + below(4); i < count; ++i, from += 1 + below(5)) {
      const std::string start = std::to_string(from) + (from == 0 ? "" : "." + std::to_string(1 + below(9)));
      const std::string ipu = "0." + std::to_string(1 + below(9'999));
      tiers.push_back(rate(ipu));
      tiers.back().tier_from = decimal(start);
      model.emplace_back(exact(start), exact(ipu));
    }
    TierCounter counter, by_tier;
    cpp_rational at = 0;
    for (int step = 0; step < 12; ++step) {
      // Steps of a half scalar, so that walks end on bounds, too, or of any length.
      const Total quantity = below(2) == 0
                                 ? *Total::exact_product(decimal(divisor), decimal(std::to_string(below(9)) + ".5"))
                                 : Total(decimal(std::to_string(below(4'000'000)) + "." + std::to_string(below(99))));
      const Total q = below(3) == 0 ? quantity.negated() : below(8) == 0 ? Total() : quantity;
      const cpp_rational then = at + exact(q.to_text()) / exact(divisor);
      const cpp_rational cost = integral(then, model) - integral(at, model);
      const auto rated = counter.add(q, decimal(divisor), tiers);
      // What is printed has 18 decimals.
      const cpp_rational off = exact(rated.consumption.to_text()) - cost;
      ASSERT_LE(abs(off) * 2, cpp_rational(1, boost::multiprecision::pow(cpp_int(10), 18u)));

      Total parts;
      Consumption consumption;
      Decimal first_rate, last_rate;
      int count = 0;
      by_tier.add_by_tier(q, decimal(divisor), tiers, [&](const TierPart& part) {
        if (count++ == 0) first_rate = part.rate;
        last_rate = part.rate;
        parts += part.quantity;
        consumption += part.consumption;
        ASSERT_EQ(part.quantity.is_negative(), q.is_negative());
        ASSERT_EQ(part.quantity.is_zero(), q.is_zero());
      });
      ASSERT_EQ(parts, q);
      ASSERT_EQ(consumption.to_text(), rated.consumption.to_text());
      ASSERT_EQ(rated.rate, q.is_negative() ? first_rate : last_rate);
      at = then;
    }
    ASSERT_EQ(counter.used(), by_tier.used());
  }
}

}  // namespace
}  // namespace meterport::rating
