#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

class SnapshotTest : public ::testing::Test, protected TestCatalog {};

TEST_F(SnapshotTest, TheSnapshotAnswersWhoSeesWhat) {
  must_import(example_catalogue);
  const SnapshotPtr snapshot = now();
  EXPECT_TRUE(snapshot->covers("acme", "acme-eu"));
  EXPECT_TRUE(snapshot->covers("acme-eu", "acme-eu"));
  EXPECT_FALSE(snapshot->covers("acme-eu", "acme"));
  EXPECT_FALSE(snapshot->covers("acme", "nobody"));
  EXPECT_EQ(snapshot->top_of("acme-eu")->id, "acme");
  EXPECT_EQ(snapshot->linked("acme-test").size(), 4u);
  EXPECT_EQ(snapshot->children("acme").size(), 3u);
  EXPECT_EQ(snapshot->org_by_informatica_id("4wMFqGlxAKVlIFTixlTSOY")->id, "acme");
  EXPECT_EQ(snapshot->org_by_informatica_id("acme-us")->id, "acme-us");
  EXPECT_EQ(snapshot->org("acme-eu")->name_on(day(2024, 6, 30)), "Acme EU");
  EXPECT_EQ(snapshot->org("acme-eu")->name_on(day(2024, 7, 1)), "Acme Europe");
  EXPECT_EQ(snapshot->meter("acme-eu", "geocode")->id, "geocode");
  EXPECT_EQ(snapshot->meter("nobody", "geocode"), nullptr);

  const Principal admin = principal_with(Role::admin, "acme");
  EXPECT_TRUE(snapshot->allows(admin, Role::ingester, "acme-eu"));
  EXPECT_TRUE(snapshot->allows(server_principal(), Role::admin, "acme"));
  Principal viewer = principal_with(Role::admin, "acme-eu");
  viewer.grants = {{Role::viewer, "acme-eu"}};
  EXPECT_FALSE(snapshot->allows(viewer, Role::exporter, "acme-eu"));
  EXPECT_FALSE(snapshot->may_know(viewer, "acme"));
  viewer.grants = {{Role::operator_, "acme"}};
  EXPECT_FALSE(snapshot->may_know(viewer, "acme"));
}

TEST_F(SnapshotTest, ARealmIsTheNameGivenElseTheId) {
  must_import(example_catalogue);
  const SnapshotPtr snapshot = now();
  EXPECT_EQ(snapshot->org_by_realm("org123456789")->id, "acme");
  EXPECT_EQ(snapshot->org_by_realm("acme"), nullptr) << "it has a realm of another name";
  EXPECT_EQ(snapshot->org_by_realm("org112135")->id, "acme-eu");
  EXPECT_EQ(snapshot->org_by_realm("acme-eu"), nullptr);
  EXPECT_EQ(snapshot->org_by_realm("acme-us")->id, "acme-us");
  EXPECT_EQ(snapshot->org_by_realm("nobody"), nullptr);
}

TEST_F(SnapshotTest, RatesAreThoseOfTheNearestOrgThatHasATableThatDay) {
  must_import(example_catalogue);
  const SnapshotPtr snapshot = now();
  const Meter& meter = *snapshot->meter("acme-eu", "a2nB20h1o0lc7k3P9xtWS8");
  const auto before = snapshot->rates_on(meter, "acme-eu", day(2024, 12, 31));
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[1].tier_from, Decimal::from_integer(2000));
  EXPECT_EQ(before[1].ipu_per_unit.to_text(), "0.025");
  const auto own = snapshot->rates_on(meter, "acme-eu", day(2025, 1, 1));
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].ipu_per_unit.to_text(), "0.15");
  EXPECT_EQ(snapshot->rates_on(meter, "acme", day(2025, 1, 1)).size(), 2u);
  EXPECT_TRUE(snapshot->rates_on(*snapshot->meter("acme", "geocode"), "acme", day(2025, 1, 1)).empty());
}

TEST_F(SnapshotTest, TwoTenantsMayUseOneMeterIdAndEachSeesItsOwn) {
  must_import(two_tenants);
  const SnapshotPtr snapshot = now();
  EXPECT_EQ(snapshot->meter("a-sub", "SKU1")->name_on(day(2024, 1, 1)), "of a");
  EXPECT_EQ(snapshot->meter("b", "SKU1")->name_on(day(2024, 1, 1)), "of b");
  EXPECT_EQ(snapshot->meter("a", "low"), nullptr) << "owned by an org below";
  EXPECT_NE(snapshot->meter("a-sub", "low"), nullptr);
  EXPECT_EQ(snapshot->meter_by_alias("b", "sku/1")->org, "b");
  EXPECT_EQ(snapshot->org_by_alias("a", "orig/inal")->id, "a-sub");
  EXPECT_EQ(snapshot->org_by_alias("b", "orig/inal"), nullptr);
  EXPECT_EQ(snapshot->meters_visible_to("b").size(), 2u);
}

TEST_F(SnapshotTest, UsageStaysOnTheMeterThatItsOrgSawOnTheDay) {
  must_import(two_tenants);
  must_import(R"({"orgs":[{"id":"a-sub","kind":"sub-org","name":"A sub","parent":"a",
    "history":[{"valid_from":"2024-05-01","parent":"b"}]}]})");
  const SnapshotPtr snapshot = now();
  const Day before = day(2024, 4, 30), after = day(2024, 5, 1);
  EXPECT_EQ(snapshot->meter_on("a-sub", "SKU1", before)->org, "a");
  EXPECT_EQ(snapshot->meter_on("a-sub", "SKU1", after)->org, "b");
  EXPECT_EQ(snapshot->meter_of_usage("a-sub", "SKU1", before)->org, "a");
  EXPECT_TRUE(snapshot->sees_meter("b", "SKU1", before, after));
  EXPECT_FALSE(snapshot->sees_meter("b", "low", before, after));
  EXPECT_EQ(snapshot->meter_of_usage("a-sub", "SKU1")->org, "b");
  EXPECT_EQ(snapshot->meter_on("a-sub", "all", before), snapshot->meter("b", "all"));
  EXPECT_EQ(snapshot->meter_on("a", "low", before), nullptr) << "owned by an org below";
  EXPECT_EQ(snapshot->meter_of_usage("b", "low", before)->org, "a-sub") << "of its tenant now";
  EXPECT_EQ(snapshot->meter_of_usage("a", "low", before)->org, "a-sub") << "of any";
  EXPECT_EQ(snapshot->meter_of_usage("a", "none", before), nullptr);
  EXPECT_EQ(snapshot->meters_of_id("SKU1").size(), 2u);
}

TEST_F(SnapshotTest, ChangesAboveAnOrgAreItsOwnAndThoseOfAllThatWereEverAboveIt) {
  must_import(R"({"orgs":[{"id":"p","kind":"production","name":"P"},{"id":"q","kind":"production","name":"Q"},
    {"id":"s1","kind":"sandbox","name":"S1","parent":"p","history":[{"valid_from":"2024-03-01","parent":"q"}]},
    {"id":"s2","kind":"sandbox","name":"S2","parent":"p","history":[{"valid_from":"2024-01-05","name":"S"},
      {"valid_from":"2024-02-01","parent":"q"},{"valid_from":"2024-05-01","parent":"p"}]},
    {"id":"x","kind":"sub-org","name":"X","parent":"s1","history":[{"valid_from":"2024-05-01","parent":"s2"}]}]})");
  using Days = std::vector<Day>;
  EXPECT_EQ(now()->tree_changes_above("x"), (Days{day(2024, 2, 1), day(2024, 3, 1), day(2024, 5, 1)}));
  EXPECT_EQ(now()->tree_changes_above("s1"), Days{day(2024, 3, 1)});
  EXPECT_EQ(now()->tree_changes_above("p"), Days{});
  EXPECT_EQ(now()->tree_changes_above("none"), Days{});
}

TEST_F(SnapshotTest, AMoveDatedAheadMovesTheTreeWhenItsDayComes) {
  const std::string tomorrow = format_day(day_of(ledger.clock.now()).plus(1));
  must_import(R"({"orgs":[{"id":"p","kind":"production","name":"P"},
    {"id":"s1","kind":"sandbox","name":"S1","parent":"p"},{"id":"s2","kind":"sandbox","name":"S2","parent":"p"},
    {"id":"x","kind":"sub-org","name":"X","parent":"s1","history":[{"valid_from":")" +
              tomorrow + R"(","parent":"s2"}]}]})");
  EXPECT_TRUE(now()->covers("s1", "x"));
  ledger.clock.advance_us(Instant::us_per_day);
  EXPECT_TRUE(now()->covers("s2", "x"));
  EXPECT_FALSE(now()->covers("s1", "x"));
}

TEST_F(SnapshotTest, ThePictureOfADayIsTheSameWhateverTheClockSays) {
  const Day today = day_of(ledger.clock.now());
  const ChangeSummary first = must_import(R"({"orgs":[{"id":"p","kind":"production","name":"P"},
    {"id":"q","kind":"production","name":"Q"},
    {"id":"x","kind":"sandbox","name":"X","parent":"p","history":[{"valid_from":")" +
                                          format_day(today.plus(3)) + R"(","parent":"q"}]}]})");
  const auto is_under_p = [&](std::uint64_t position, Day day) {
    const auto picture = catalog->at(position, day);
    EXPECT_TRUE(picture) << ledger::error_of(picture);
    EXPECT_EQ((*picture)->position(), first.position);
    EXPECT_EQ((*picture)->linked("p").size(), (*picture)->covers("p", "x") ? 2u : 1u);
    return (*picture)->covers("p", "x");
  };
  const auto look = [&] {
    for (const int days : {-400, 0, 2, 3, 400}) {
      EXPECT_EQ(is_under_p(first.position, today.plus(days)), days < 3) << days;
      EXPECT_EQ(is_under_p(first.position, today.plus(days)), days < 3) << days << ", cached";
    }
  };
  look();
  EXPECT_TRUE(now()->covers("p", "x"));
  ledger.clock.advance_us(5 * Instant::us_per_day);
  look();
  EXPECT_TRUE(now()->covers("q", "x"));
  EXPECT_TRUE((*catalog->at(first.position))->covers("q", "x")) << "without a day it is today's tree";
  must_import(R"({"orgs":[{"id":"q","kind":"production","name":"Q Ltd"}]})");
  look();
  EXPECT_TRUE((*catalog->at(first.position))->covers("q", "x"));
  restart();
  look();
}

}  // namespace
}  // namespace meterport::catalog
