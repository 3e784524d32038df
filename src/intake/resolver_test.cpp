// Records that name a subscription and a line (crosswalk 3.3).
#include "intake/resolver.h"

#include <gtest/gtest.h>

#include "intake/test_intake.h"

namespace meterport::intake {
namespace {

/// acme's lines: 1 is acme-eu's and in its term in 2024, the others differ from it in one thing.
constexpr std::string_view subscriptions = R"({"meters": [{"id":"days","name":"Days"}], "subscriptions": [
  {"id":"1","name":"One","org":"acme","term":{"start":"2024-01-01","end":"2024-12-31"},"lines":[
    {"number":1,"org":"acme-eu","meter":"hours"},
    {"number":2,"meter":"hours"},
    {"number":3,"org":"acme-eu","type":"recurring"},
    {"number":4,"org":"acme-eu","meter":"hours","type":"one-time"},
    {"number":5,"org":"acme-eu","meter":"hours","status":"suspended"},
    {"number":6,"org":"acme-eu","meter":"hours","status":"terminated"},
    {"number":7,"org":"acme-eu","meter":"hours","term":{"start":"2025-01-01"}},
    {"number":8,"org":"acme-eu","meter":"hours","term":{"end":"2023-12-31"}}]},
  {"id":"2","name":"Ended","org":"acme","status":"closed","lines":[
    {"number":1,"org":"acme-eu","meter":"hours"},{"number":2,"org":"acme-eu","meter":"hours","status":"active"}]},
  {"id":"3","name":"Another tenant's","org":"other","lines":[{"number":1,"meter":"hours"}]},
  {"id":"4","name":"Below","org":"acme-eu","lines":[{"number":1,"meter":"hours"}]},
  {"id":"5","name":"Far","org":"acme","lines":[{"number":1,"org":"acme-eu","meter":"hours"}]},
  {"id":"5","name":"Near","org":"acme-eu","lines":[{"number":2,"meter":"hours"}]}]})";

class ResolverTest : public ::testing::Test, protected TestIntake {
 protected:
  void SetUp() override {
    const auto file = catalog::parse_catalogue(subscriptions);
    ASSERT_TRUE(file) << ledger::error_of(file);
    const auto applied = catalog->apply(server_principal(), *file);
    ASSERT_TRUE(applied) << ledger::error_of(applied);
    resolver.emplace(catalog->current(), sender, "agent", day_of(clock.now()), true, default_region);
  }

  static UsageRecord record(std::string_view subscription, std::optional<std::int64_t> line,
                            std::string_view org = "acme-eu", std::string_view time = "2024-09-03T10:30:00Z") {
    UsageRecord made;
    made.org = org;
    made.meter = "hours";
    made.id = "x";
    made.time = *parse_instant(time);
    made.subscription = subscription;
    made.line = line;
    return made;
  }
  /// "ok", or code and pointer.
  std::string verdict(UsageRecord given) {
    const auto error = resolver->check(given);
    return error ? std::string(to_string(error->code)) + " " + error->pointer : "ok";
  }
  std::string text(UsageRecord given) {
    const auto error = resolver->check(given);
    return error ? error->text : "";
  }

  Principal sender = ingester();
  std::optional<Resolver> resolver;
};

TEST_F(ResolverTest, ALineThatTakesUsageIsFine) {
  EXPECT_EQ(verdict(record("1", 1)), "ok");
  EXPECT_EQ(verdict(record("1", 2, "acme")), "ok") << "without an org of its own a line is the owner's";
  EXPECT_EQ(verdict(record("4", 1)), "ok");
  EXPECT_EQ(verdict(record("1", 5)), "ok") << "suspended: stored, not rated";
}

TEST_F(ResolverTest, ASubscriptionIsOneOfTheOrgOrOfAnOrgAboveIt) {
  for (const char* unknown : {"9", "3"}) {
    EXPECT_EQ(verdict(record(unknown, 1)), "unknown_subscription /subscription");
    EXPECT_EQ(text(record(unknown, 1)), text(record("9", 1))) << "another tenant's is as unknown as none";
  }
  EXPECT_EQ(verdict(record("4", 1, "acme")), "unknown_subscription /subscription") << "owned below the org";
  EXPECT_EQ(verdict(record("5", 2)), "ok") << "the nearest owner's";
  EXPECT_EQ(verdict(record("5", 1)), "unknown_line /line");
}

TEST_F(ResolverTest, ALineIsOneOfTheSubscriptionAndOfTheRecordsOrgAndMeter) {
  EXPECT_EQ(verdict(record("1", 9)), "unknown_line /line");
  EXPECT_EQ(verdict(record("1", std::nullopt)), "unknown_line /line");
  EXPECT_EQ(verdict(record("1", 2)), "mismatch /org");
  EXPECT_EQ(verdict(record("1", 1, "acme")), "mismatch /org");
  UsageRecord other_meter = record("1", 1);
  other_meter.meter = "days";
  EXPECT_EQ(verdict(other_meter), "mismatch /meter");
  other_meter.meter = "nothing";
  EXPECT_EQ(verdict(other_meter), "unknown_meter /meter") << "org and meter come first";
  EXPECT_EQ(verdict(record("1", 1, "gone")), "unknown_org /org");
}

/// Ids are unique per owner only: of two subscriptions of one id the account's own is meant, not the nearest one's.
TEST_F(ResolverTest, WithAnAccountOnlyItsSubscriptionsAreMeant) {
  resolver.emplace(catalog->current(), sender, "agent", day_of(clock.now()), false, default_region, "acme");
  EXPECT_EQ(verdict(record("5", 1)), "ok");
  EXPECT_EQ(verdict(record("5", 2)), "unknown_line /line") << "that is acme-eu's";
  EXPECT_EQ(verdict(record("4", 1)), "unknown_subscription /subscription");
  resolver.emplace(catalog->current(), sender, "agent", day_of(clock.now()), false, default_region);
  EXPECT_EQ(verdict(record("5", 2)), "ok");
}

TEST_F(ResolverTest, OfALineWithoutMeterTheSenderHearsThatItTakesNoUsage) {
  UsageRecord given = record("1", 3);
  given.meter = {};
  EXPECT_EQ(verdict(given), "line_unusable /line");
  given.line = 1;
  EXPECT_EQ(verdict(given), "mismatch /meter");
}

TEST_F(ResolverTest, OnlyUsageLinesThatAreActiveOrSuspendedTakeUsage) {
  for (const std::int64_t number : {3, 4, 6}) EXPECT_EQ(verdict(record("1", number)), "line_unusable /line") << number;
  EXPECT_EQ(text(record("1", 3)), "line: its type is recurring; only lines of type usage take usage");
  EXPECT_EQ(text(record("1", 6)), "line: its status is terminated; only active and suspended lines take usage");
  EXPECT_EQ(verdict(record("2", 1)), "line_unusable /line") << "the subscription's status";
  EXPECT_EQ(verdict(record("2", 2)), "ok") << "the line's own comes first";
}

TEST_F(ResolverTest, BothDaysOfATermBelongToIt) {
  const auto at = [&](std::int64_t line, std::string_view time) { return verdict(record("1", line, "acme-eu", time)); };
  EXPECT_EQ(at(1, "2023-12-31T23:59:59.999999Z"), "outside_term /time");
  EXPECT_EQ(at(1, "2024-01-01T00:00:00Z"), "ok");
  EXPECT_EQ(at(1, "2024-12-31T23:59:59.999999Z"), "ok");
  EXPECT_EQ(at(1, "2025-01-01T00:00:00Z"), "outside_term /time");
  EXPECT_EQ(at(1, "2025-01-01T00:30:00+01:00"), "ok") << "the day in UTC counts";
  EXPECT_EQ(at(7, "2024-12-31T23:59:59Z"), "outside_term /time") << "the line's own term";
  EXPECT_EQ(at(7, "2100-01-01T00:00:00Z"), "ok");
  EXPECT_EQ(at(8, "1999-01-01T00:00:00Z"), "ok");
  EXPECT_EQ(text(record("1", 1, "acme-eu", "2025-01-01T00:00:00Z")),
            "time: its UTC day is outside the line's term, 2024-01-01 to 2024-12-31");
  EXPECT_EQ(text(record("1", 7)), "time: its UTC day is outside the line's term, from 2025-01-01 on");
  EXPECT_EQ(text(record("1", 8)), "time: its UTC day is outside the line's term, up to 2023-12-31");
}

TEST_F(ResolverTest, WhatIsRememberedOfOneRecordIsNotTakenForAnother) {
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t number = 1; number < 300; ++number) {
      const bool is_fine = number == 1 || number == 5;
      EXPECT_EQ(verdict(record("1", number)) == "ok", is_fine) << number;
    }
    EXPECT_EQ(verdict(record("1", 1, "acme")), "mismatch /org");
    EXPECT_EQ(verdict(record("1", 2, "acme")), "ok");
  }
}

TEST_F(ResolverTest, UsageOfAnOrgOfAnotherRegionIsToldWhereItIsTaken) {
  const auto file = catalog::parse_catalogue(R"({"regions":[{"name":"us"}],"orgs":[
    {"id":"acme-us","kind":"additional-production","name":"US","parent":"acme","region":"us"},
    {"id":"us-sub","kind":"sub-org","name":"Below","parent":"acme-us"},
    {"id":"us-gone","kind":"sub-org","name":"Gone","parent":"acme-us","status":"deleted"}]})");
  ASSERT_TRUE(catalog->apply(server_principal(), *file));
  const auto of = [](std::string_view org, std::string_view meter = "hours") {
    UsageRecord made = record("", std::nullopt, org);
    made.meter = meter;
    return made;
  };
  const auto as = [&](const Principal& who, std::string_view region) {
    resolver.emplace(catalog->current(), who, "agent", day_of(clock.now()), true, region);
  };
  as(sender, default_region);
  EXPECT_EQ(verdict(of("acme-us")), "wrong_region /org");
  EXPECT_EQ(text(of("acme-us")), R"(org: the usage of "acme-us" is taken in region "us")");
  EXPECT_EQ(text(of("us-sub")), R"(org: the usage of "us-sub" is taken in region "us")");
  EXPECT_EQ(verdict(of("us-sub", "nothing")), "wrong_region /org") << "its region knows its meters";
  EXPECT_EQ(verdict(record("9", 1, "us-sub")), "wrong_region /org") << "and its subscriptions";
  EXPECT_EQ(verdict(of("us-gone")), "unknown_org /org");
  EXPECT_EQ(verdict(of("acme")), "ok");
  as(sender, "us");
  EXPECT_EQ(verdict(of("us-sub")), "ok");
  EXPECT_EQ(text(of("acme")), R"(org: the usage of "acme" is taken in region "local")")
      << "no server takes it by default";

  const Principal stranger = ingester("other");
  as(stranger, default_region);
  EXPECT_EQ(verdict(of("acme-us")), "unknown_org /org") << "what is not yours is unknown, wherever it is";
  Principal viewer = ingester();
  viewer.grants = {{Role::viewer, "acme"}};
  as(viewer, default_region);
  EXPECT_EQ(verdict(of("acme-us")), "out_of_scope /org");
}

TEST_F(ResolverTest, InABatchOnlyTheRecordsInErrorAreRejected) {
  const auto with_line = [](const std::string& id, const std::string& subscription, int number) {
    std::string json = line(id);
    const std::string members = R"(,"subscription":")" + subscription + R"(","line":)" + std::to_string(number);
    return json.insert(json.rfind('}'), members);
  };
  const BatchResult result = must_submit(with_line("a", "1", 1) + with_line("b", "9", 1) + with_line("c", "1", 1));
  EXPECT_EQ(result.stored, 2u);
  EXPECT_EQ(result.items[1].error->code, RecordErrorCode::unknown_subscription);
}

}  // namespace
}  // namespace meterport::intake
