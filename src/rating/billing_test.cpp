#include "rating/billing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace meterport::rating {
namespace {

Decimal decimal(std::string_view text) {
  return Decimal::parse(text).value();
}
Instant at(std::string_view text) {
  return parse_instant(text).value();
}
BillingRule rule(std::string_view free, std::string_view block, bool hourly = true) {
  return {.free_per_month = decimal(free), .block_size = decimal(block), .hourly = hourly};
}
std::string added(Biller& biller, std::string_view time, std::string_view quantity) {
  return biller.add(at(time), Total(decimal(quantity))).to_text();
}

TEST(Biller, X15) {
  Biller biller(rule("1000", "100"));
  EXPECT_EQ(added(biller, "2024-05-03T10:10:00Z", "250"), "0");
  EXPECT_EQ(added(biller, "2024-05-03T10:20:00Z", "250"), "0");
  EXPECT_EQ(added(biller, "2024-05-03T11:00:00Z", "1010"), "600");
}

TEST(Biller, RoundsEachHourUpAndAsksForABlockOnce) {
  Biller biller(rule("0", "10"));
  EXPECT_EQ(added(biller, "2024-05-03T10:00:00Z", "0.000000000000000001"), "10");
  EXPECT_EQ(added(biller, "2024-05-03T10:59:59.999999Z", "9"), "0");
  EXPECT_EQ(added(biller, "2024-05-03T11:00:00Z", "1"), "10");
  EXPECT_EQ(added(biller, "2024-05-03T12:00:00Z", "0"), "0");
}

TEST(Biller, NotHourlyRoundsTheMonth) {
  Biller biller(rule("5", "10", false));
  EXPECT_EQ(added(biller, "2024-05-01T00:00:00Z", "1"), "5");
  EXPECT_EQ(added(biller, "2024-05-31T23:59:59Z", "9"), "0");
  EXPECT_EQ(added(biller, "2024-05-31T23:59:59Z", "1"), "10");
}

TEST(Biller, TheAllowanceComesBackWithTheUtcMonth) {
  Biller biller(rule("5", "0"));
  EXPECT_EQ(added(biller, "2024-02-29T23:59:59.999999Z", "7.5"), "2.5");
  EXPECT_EQ(added(biller, "2024-03-01T00:00:00Z", "7.5"), "2.5");
  EXPECT_EQ(added(biller, "2024-03-01T00:30:00Z", "1"), "1");
}

TEST(Biller, AReversalTakesBackWhatWasBilledAndNoMore) {
  Biller biller(rule("5", "0"));
  EXPECT_EQ(added(biller, "2024-03-01T00:00:00Z", "8"), "3");
  EXPECT_EQ(added(biller, "2024-03-01T01:00:00Z", "-8"), "-3");
  EXPECT_EQ(added(biller, "2024-03-01T02:00:00Z", "6"), "1");
  Biller nothing_free(rule("0", "10"));
  EXPECT_EQ(added(nothing_free, "2024-03-01T00:00:00Z", "-12"), "0") << "negative hours count against later ones";
  EXPECT_EQ(added(nothing_free, "2024-03-01T01:00:00Z", "15"), "10");
}

TEST(Biller, PartsAddUpToTheMonthsBillWhateverTheyAre) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    const BillingRule tried = {.free_per_month = Decimal::from_integer(random() % 40),
                               .block_size = Decimal::from_scaled(Int128{random() % 4} * 700'000'000'000'000'000),
                               .hourly = random() % 2 == 0};
    Biller by_record(tried), by_hour(tried);
    std::map<std::int64_t, std::vector<Total>> hours;
    for (int i = 0; i < 30; ++i) {
      const auto quantity = Decimal::from_scaled((Int128{random() % 1'000} - 200) * 12'345'678'901'234'567);
      hours[random() % 12].emplace_back(quantity);
    }
    Total records_sum, hours_sum;
    for (const auto& [hour, quantities] : hours) {
      const Instant start = at("2024-03-01T00:00:00Z").plus_seconds(hour * 3'600);
      Total sum;
      for (const Total& quantity : quantities) {
        records_sum += by_record.add(start.plus_seconds(5), quantity);
        sum += quantity;
      }
      hours_sum += by_hour.add(start, sum);
      ASSERT_EQ(records_sum, hours_sum);
      ASSERT_FALSE(records_sum.is_negative());
    }
  }
}

TEST(BillingStart, IsTheFirstOfTheUtcMonth) {
  EXPECT_EQ(billing_start(at("2024-02-29T23:00:00Z")), at("2024-02-01T00:00:00Z"));
  EXPECT_EQ(billing_start(at("2024-03-01T00:00:00Z")), at("2024-03-01T00:00:00Z"));
  EXPECT_EQ(billing_start(at("1969-12-31T23:00:00Z")), at("1969-12-01T00:00:00Z"));
}

}  // namespace
}  // namespace meterport::rating
