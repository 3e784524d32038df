#include "dialects/netsuite/addressing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dialects/netsuite/test_usages.h"

namespace meterport::netsuite {
namespace {

/// "subscription:line" of what the account's usage with these members addresses, or what is said of it.
std::string address(std::string_view members, std::string_view account = "acme") {
  const std::string usage = fmt::format(R"({{{},"quantity":5,"date":"1/3/2018"}})", members);
  const auto given = read_given_usage(tree_of(usage), "M/D/YYYY");
  if (!given) return "not read: " + given.error().text;
  const auto found = find_addressed_line(*accounts(), account, *given);
  if (!found) return told(found.error(), usage);
  EXPECT_EQ(found->subscription->org, account) << "of no other account";
  EXPECT_EQ(found->subscription->line(found->line->number), found->line) << "the line is one of the subscription";
  return fmt::format("{}:{}", found->subscription->id, found->line->number);
}

std::string no_subscription(std::string_view property) {
  return fmt::format("SUBSCRIPTION_NOT_FOUND /{0} Subscription record isn't found using the {0} property.", property);
}
std::string several(std::string_view what, std::string_view property) {
  return fmt::format("MULTIPLE_RECORDS_FOUND /{1} Multiple records found for {0} using the {1} property.", what,
                     property);
}
std::string no_field(std::string_view property, std::string_view field) {
  return fmt::format("FIELD_DOES_NOT_EXIST /{}/fieldId The field {} doesn't exist.", property, field);
}
constexpr std::string_view no_line_found =
    "SUBSCRIPTION_LINE_NOT_FOUND /sbLineLookup Subscription Line record isn't found using the sbLineLookup property.";
constexpr std::string_view subscriptions_differ =
    "MULTIPLE_VALUES_NOT_MATCH /subscription Multiple values of subscription don't match.";
constexpr std::string_view lines_differ = "MULTIPLE_VALUES_NOT_MATCH /line Multiple values of line don't match.";

TEST(Addressing, N30_EachWayAloneIsEnough) {
  EXPECT_EQ(address(R"("subscriptionId":1,"line":3)"), "1:3");
  EXPECT_EQ(address(R"("subscriptionId":"1","line":"4")"), "1:4");
  EXPECT_EQ(address(R"("subscriptionName":"Ems SP 001","line":3)"), "1:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":"1001"},"line":4)"), "1:4");
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"line_service","value":"1234"})"), "1:3");
}

TEST(Addressing, N29_TheAliasIsASubscriptionIdToo) {
  EXPECT_EQ(address(R"("subscription":2,"line":3)"), "2:3");
  EXPECT_EQ(address(R"("subscription":"2","line":3)"), "2:3");
  EXPECT_EQ(address(R"("subscription":"0002","line":3)"), no_subscription("subscription")) << "another id than 2";
  EXPECT_EQ(address(R"("subscription":2,"subscriptionId":2,"line":3)"), "2:3");
  EXPECT_EQ(address(R"("subscription":2,"subscriptionId":1,"line":3)"), subscriptions_differ);
  EXPECT_EQ(address(R"("subscription":9,"line":3)"), no_subscription("subscription"));
}

TEST(Addressing, ValuesAndIdsAreComparedAsText) {
  EXPECT_EQ(address(R"("subscriptionId":1.0,"line":3.0)"), "1:3");
  EXPECT_EQ(address(R"("subscriptionId":"1","line":"003")"), "1:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":1001},"line":3)"), "1:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":1002.50},"line":3)"), "2:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":"1002.50"},"line":3)"), "2:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":1002.5},"line":3)"), no_subscription("sbLookup"));
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"is_big","value":true},"line":3)"), "1:3");
  EXPECT_EQ(address(R"("subscriptionName":"ems sp 001","line":3)"), no_subscription("subscriptionName"));
}

TEST(Addressing, TheBuiltInFieldsCanBeLookedUp) {
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"internalid","value":2},"line":3)"), "2:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"name","value":"Second"},"line":3)"), "2:3");
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"customer","value":"Ems"},"line":3)"), "1:3");
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"internalid","value":302})"), "1:4");
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"item","value":"Volume"})"), "1:4");
}

TEST(Addressing, N32_WhatIsUnknownIsNamedByItsProperty) {
  EXPECT_EQ(address(R"("subscriptionId":999,"line":3)"), no_subscription("subscriptionId"));
  EXPECT_EQ(address(fmt::format(R"("subscriptionId":{},"line":3)", std::string(300, '1'))),
            no_subscription("subscriptionId"));
  EXPECT_EQ(address(R"("subscriptionName":"No such","line":3)"), no_subscription("subscriptionName"));
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":"1003"},"line":3)"), no_subscription("sbLookup"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"line_service","value":"9"})"), no_line_found);
  // Other ids are not reachable by number, but by name.
  EXPECT_EQ(address(R"("subscriptionName":"Contract X","line":1)"), "contract-x:1");
}

TEST(Addressing, N33_WhatTwoShareIsAmbiguous) {
  EXPECT_EQ(address(R"("subscriptionName":"Twin","line":1)"), several("Subscription", "subscriptionName"));
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"service","value":"2000"},"line":1)"),
            several("Subscription", "sbLookup"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"line_service","value":"3000"})"),
            several("Subscription Line", "sbLineLookup"));
  // Another way does not make it one of the two.
  EXPECT_EQ(address(R"("subscriptionId":3,"subscriptionName":"Twin","line":1)"),
            several("Subscription", "subscriptionName"));
  EXPECT_EQ(address(R"("subscriptionId":3,"line":1)"), "3:1");
}

TEST(Addressing, N34_ALineTheSubscriptionLacks) {
  const std::string begin = "INVALID_KEY_OR_REF /line Invalid usagesubscriptionline reference key Ems SP 001: ";
  EXPECT_EQ(address(R"("subscriptionId":1,"line":5)"), begin + "5.");
  EXPECT_EQ(address(R"("subscriptionId":1,"line":"005")"), begin + "005.");
  EXPECT_EQ(address(R"("subscriptionId":1,"line":0)"), begin + "0.");
  EXPECT_EQ(address(R"("subscriptionId":1,"line":5.0)"), begin + "5.0.");
  const std::string huge(40, '3');
  EXPECT_EQ(address(fmt::format(R"("subscriptionId":1,"line":{})", huge)), begin + huge + ".");
  EXPECT_EQ(address(R"("subscriptionName":"Second","line":7)"),
            "INVALID_KEY_OR_REF /line Invalid usagesubscriptionline reference key Second: 7.");
}

TEST(Addressing, N35_AFieldThatNothingCarries) {
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"nope","value":"1"},"line":3)"), no_field("sbLookup", "nope"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"nope","value":"1"})"), no_field("sbLineLookup", "nope"));
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"Service","value":"1001"},"line":3)"), no_field("sbLookup", "Service"));
  // A line's field is none of the subscriptions', and the other way round.
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"line_service","value":"1234"},"line":3)"),
            no_field("sbLookup", "line_service"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"service","value":"1001"})"), no_field("sbLineLookup", "service"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"customer","value":"Ems"})"), no_field("sbLineLookup", "customer"));
}

TEST(Addressing, N31_AllWaysMustAgree) {
  const std::string_view by_service = R"("sbLookup":{"fieldId":"service","value":"1001"})";
  const std::string_view by_line = R"("sbLineLookup":{"fieldId":"line_service","value":"1234"})";
  EXPECT_EQ(
      address(fmt::format(R"("subscriptionId":1,"subscription":"1","subscriptionName":"Ems SP 001",{},{},"line":3)",
                          by_service, by_line)),
      "1:3");
  EXPECT_EQ(address(fmt::format(R"("subscriptionId":2,{},"line":3)", by_service)), subscriptions_differ);
  EXPECT_EQ(address(fmt::format(R"("subscriptionName":"Second",{},"line":3)", by_service)), subscriptions_differ);
  EXPECT_EQ(address(fmt::format(R"("subscriptionId":2,{},"line":3)", by_line)), subscriptions_differ)
      << "subscription 2 has a line 3 as well";
  EXPECT_EQ(address(fmt::format(R"({},"line":4)", by_line)), lines_differ);
  EXPECT_EQ(address(fmt::format(R"({},"line":"0")", by_line)), lines_differ);
  EXPECT_EQ(address(fmt::format(R"({},"line":"003")", by_line)), "1:3");
}

TEST(Addressing, N53_AnotherAccountsAreUnknown) {
  EXPECT_EQ(address(R"("subscriptionId":77,"line":1)"), no_subscription("subscriptionId"));
  EXPECT_EQ(address(R"("subscriptionName":"Only of the other","line":1)"), no_subscription("subscriptionName"));
  EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"internalid","value":"777"})"), no_line_found);
  EXPECT_EQ(address(R"("sbLookup":{"fieldId":"only_other","value":"9"},"line":3)"), no_field("sbLookup", "only_other"));
  EXPECT_EQ(address(R"("subscriptionId":1,"line":5)"),
            "INVALID_KEY_OR_REF /line Invalid usagesubscriptionline reference key Ems SP 001: 5.");
  // What both have is found by each, and is no collision.
  for (const std::string_view account : {"acme", "other"}) {
    EXPECT_EQ(address(R"("subscriptionName":"Ems SP 001","line":3)", account), "1:3");
    EXPECT_EQ(address(R"("sbLineLookup":{"fieldId":"line_service","value":"1234"})", account), "1:3");
  }
  EXPECT_EQ(address(R"("subscriptionId":77,"line":1)", "other"), "77:1");
  EXPECT_EQ(address(R"("subscriptionId":1,"line":3)", "nobody"), no_subscription("subscriptionId"));
}

// Section 5: field ids, resolve, agreement, line number. Each usage breaks two of them.
TEST(Addressing, OfTwoErrorsTheEarlierCheckWins) {
  EXPECT_EQ(address(R"("subscriptionId":999,"sbLookup":{"fieldId":"nope","value":"1"},"line":3)"),
            no_field("sbLookup", "nope"));
  EXPECT_EQ(address(R"("subscriptionName":"Twin","sbLineLookup":{"fieldId":"nope","value":"1"})"),
            no_field("sbLineLookup", "nope"));
  EXPECT_EQ(
      address(R"("subscriptionId":1,"subscriptionName":"Second","sbLookup":{"fieldId":"nope","value":"1"},"line":99)"),
      no_field("sbLookup", "nope"));
  EXPECT_EQ(address(R"("subscriptionId":1,"subscriptionName":"Second","subscription":999,"line":3)"),
            no_subscription("subscription"));
  EXPECT_EQ(address(R"("subscriptionId":1,"subscription":2,"sbLineLookup":{"fieldId":"line_service","value":"9"})"),
            no_line_found);
  EXPECT_EQ(address(R"("subscriptionId":1,"subscription":2,"subscriptionName":"Twin","line":3)"),
            several("Subscription", "subscriptionName"));
  EXPECT_EQ(address(R"("subscriptionId":999,"line":99)"), no_subscription("subscriptionId"));
  EXPECT_EQ(address(R"("subscriptionId":1,"subscription":2,"line":99)"), subscriptions_differ);
  EXPECT_EQ(address(R"("subscriptionId":2,"line":99,"sbLineLookup":{"fieldId":"line_service","value":"1234"})"),
            subscriptions_differ);
}

}  // namespace
}  // namespace meterport::netsuite
