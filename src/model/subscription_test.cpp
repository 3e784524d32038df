#include "model/subscription.h"

#include <gtest/gtest.h>

namespace meterport {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

TEST(SubscriptionNames, EachReadsBackWhatItPrints) {
  for (int i = 0; i <= static_cast<int>(SubscriptionStatus::closed); ++i) {
    const auto status = static_cast<SubscriptionStatus>(i);
    EXPECT_EQ(parse_subscription_status(to_string(status)), status);
  }
  for (int i = 0; i <= static_cast<int>(LineType::recurring); ++i) {
    const auto type = static_cast<LineType>(i);
    EXPECT_EQ(parse_line_type(to_string(type)), type);
  }
  EXPECT_EQ(to_string(SubscriptionStatus::pending_activation), "pending-activation");
  EXPECT_EQ(to_string(LineType::one_time), "one-time");
  EXPECT_FALSE(parse_subscription_status("Active"));
  EXPECT_FALSE(parse_line_type(""));
}

TEST(Term, HoldsBothItsDaysAndIsOpenWhereNoneIsGiven) {
  const Term always;
  EXPECT_TRUE(always.contains(day(1970, 1, 1)));
  const Term year{day(2024, 1, 1), day(2024, 12, 31)};
  EXPECT_FALSE(year.contains(day(2023, 12, 31)));
  EXPECT_TRUE(year.contains(day(2024, 1, 1)));
  EXPECT_TRUE(year.contains(day(2024, 12, 31)));
  EXPECT_FALSE(year.contains(day(2025, 1, 1)));
  const Term from{day(2024, 1, 1), std::nullopt}, up_to{std::nullopt, day(2024, 1, 1)};
  EXPECT_TRUE(from.contains(day(2100, 1, 1)));
  EXPECT_FALSE(from.contains(day(2023, 12, 31)));
  EXPECT_TRUE(up_to.contains(day(1970, 1, 1)));
  EXPECT_FALSE(up_to.contains(day(2024, 1, 2)));
}

TEST(Subscription, ALineTakesFromItsSubscriptionWhatItDoesNotSay) {
  Subscription subscription;
  subscription.org = "acme";
  subscription.status = SubscriptionStatus::suspended;
  subscription.term = {day(2024, 1, 1), day(2024, 12, 31)};
  subscription.lines.resize(2);
  subscription.lines[0].number = 1;
  SubscriptionLine& own = subscription.lines[1];
  own.number = 7;
  own.org = "acme-eu";
  own.status = SubscriptionStatus::active;
  own.term = Term{day(2025, 1, 1), std::nullopt};

  ASSERT_EQ(subscription.line(1), subscription.lines.data());
  ASSERT_EQ(subscription.line(7), &own);
  EXPECT_EQ(subscription.line(2), nullptr);
  const SubscriptionLine& plain = subscription.lines[0];
  EXPECT_EQ(subscription.org_of(plain), "acme");
  EXPECT_EQ(subscription.status_of(plain), SubscriptionStatus::suspended);
  EXPECT_EQ(subscription.term_of(plain).end, day(2024, 12, 31));
  EXPECT_EQ(subscription.org_of(own), "acme-eu");
  EXPECT_EQ(subscription.status_of(own), SubscriptionStatus::active);
  EXPECT_FALSE(subscription.term_of(own).end) << "a term of its own replaces the subscription's as a whole";
}

}  // namespace
}  // namespace meterport
