// What one region gives another of its catalogue, and what the other takes of it.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/json_tree.h"
#include "catalog/test_catalog.h"

namespace meterport::catalog {
namespace {

/// At home in eu: acme with an org in us, beta without one, gamma whose org in us left it in 2024 for acme. delta is at
/// home in us.
constexpr std::string_view eu_file = R"({
  "regions": [{"name":"eu"}, {"name":"us","url":"https://us.example.com","key":"ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, {"name":"asia"}],
  "orgs": [
    {"id":"acme","kind":"production","name":"Acme","region":"eu"},
    {"id":"acme-us","kind":"additional-production","name":"Acme US","parent":"acme","region":"us"},
    {"id":"acme-eu","kind":"sub-org","name":"Acme EU","parent":"acme"},
    {"id":"beta","kind":"production","name":"Beta","region":"eu"},
    {"id":"beta-box","kind":"sandbox","name":"Beta box","parent":"beta"},
    {"id":"beta-sub","kind":"sub-org","name":"Beta sub","parent":"beta-box"},
    {"id":"delta","kind":"production","name":"Delta","region":"us"}
  ],
  "meters": [
    {"id":"all","name":"Everyone's","rates":[{"ipu_per_unit":"1"},{"org":"acme-us","ipu_per_unit":"2"},{"org":"beta","ipu_per_unit":"3"}]},
    {"id":"of-acme","name":"Acme's","org":"acme","rates":[{"org":"acme-us","ipu_per_unit":"4"}]},
    {"id":"of-beta","name":"Beta's","org":"beta"}
  ],
  "subscriptions": [{"id":"1","name":"One","org":"acme","lines":[{"number":1,"org":"acme-us","meter":"of-acme"}]},
                    {"id":"1","name":"One","org":"beta","lines":[{"number":1,"meter":"of-beta"}]}]
})";

constexpr std::string_view us_file = R"({
  "regions": [{"name":"eu","url":"https://eu.example.com"}],
  "orgs": [{"id":"delta","kind":"production","name":"Delta","region":"us"}],
  "meters": [{"id":"own","name":"Of us","here":{"feature_id":"taken"}}]
})";

class FeedTest : public ::testing::Test {
 protected:
  FeedTest() {
    eu.must_import(eu_file);
    us.must_import(us_file);
  }

  std::string feed(std::string_view region = "us") {
    auto given = eu.catalog->feed(region, 0);
    EXPECT_TRUE(given);
    return given ? std::move(given->file_json) : std::string();
  }
  Result<ChangeSummary> take(std::string_view file) { return us.catalog->apply_feed("eu", file); }
  ChangeSummary must_take() {
    auto taken = take(feed());
    EXPECT_TRUE(taken) << ledger::error_of(taken);
    return taken.value_or(ChangeSummary{});
  }
  static std::string ids(const std::string& file, std::string_view array) {
    const auto tree = parse_json(file);
    EXPECT_TRUE(tree);
    std::string out;
    for (const JsonValue& object : tree->find(array)->items) {
      const JsonValue* id = object.find(array == "regions" ? "name" : "id");
      const JsonValue* owner = array == "orgs" ? nullptr : object.find("org");
      out += (out.empty() ? "" : " ") + (owner == nullptr ? std::string() : owner->text + "/") + id->text;
    }
    return out;
  }

  TestCatalog eu{"eu"}, us{"us"};
};

TEST_F(FeedTest, ItHoldsTheTenantsOfTheRegionWholeAndOfOthersNothing) {
  const std::string file = feed();
  EXPECT_EQ(ids(file, "orgs"), "acme acme-eu acme-us");
  EXPECT_EQ(ids(file, "meters"), "all acme/of-acme");
  EXPECT_EQ(ids(file, "subscriptions"), "acme/1");
  EXPECT_EQ(ids(file, "regions"), "asia eu us");
  for (const char* hidden : {"beta", "Beta", "https", "ed25519", "\"3\"", "delta", "users"}) {
    EXPECT_EQ(file.find(hidden), std::string::npos) << hidden;
  }
  const std::string none = feed("asia");
  EXPECT_EQ(ids(none, "orgs") + ids(none, "subscriptions"), "");
  EXPECT_EQ(ids(none, "meters"), "all");
}

TEST_F(FeedTest, WithoutAChangeSinceThenThereIsNoFile) {
  const std::uint64_t position = eu.now()->position();
  EXPECT_EQ(eu.catalog->feed("us", 0)->position, position);
  EXPECT_FALSE(eu.catalog->feed("us", position - 1)->file_json.empty());
  EXPECT_TRUE(eu.catalog->feed("us", position)->file_json.empty());
  EXPECT_EQ(eu.catalog->feed("us", position)->position, position);
  eu.must_import(R"({"regions":[{"name":"mars"}]})");
  EXPECT_NE(feed().find("mars"), std::string::npos);
  EXPECT_FALSE(eu.catalog->feed("us", position)->file_json.empty());
}

TEST_F(FeedTest, WhatIsTakenIsTheHomesTreeMetersAndRates) {
  const ChangeSummary first = must_take();
  EXPECT_EQ(first.orgs, 3u);
  EXPECT_EQ(first.meters, 2u);
  EXPECT_EQ(first.subscriptions, 1u);
  EXPECT_EQ(first.regions, 2u) << "asia and us; eu is here";
  const SnapshotPtr now = us.now();
  EXPECT_EQ(now->region_of(now->top_of("acme-us")->id), "eu");
  EXPECT_EQ(now->meter("acme-us", "of-acme")->rates.size(), 1u);
  EXPECT_EQ(now->subscription("acme", "1")->lines.size(), 1u);
  const std::vector<Region> regions = now->regions();
  ASSERT_EQ(regions.size(), 3u);
  EXPECT_EQ(regions[1], (Region{"eu", "https://eu.example.com", ""})) << "stays";
  EXPECT_EQ(regions[2], (Region{"us", "", ""}));

  const auto end = us.ledger.log->durable_position();
  EXPECT_EQ(must_take().position, first.position);
  EXPECT_EQ(us.ledger.log->durable_position(), end) << "no change, no record";

  eu.must_import(R"({"orgs":[{"id":"acme-new","kind":"sub-org","name":"New","parent":"acme-us"}],
    "meters":[{"id":"of-acme","name":"Renamed","org":"acme"},{"id":"all","name":"Renamed"}]})");
  const ChangeSummary second = must_take();
  EXPECT_EQ(second.orgs, 1u);
  EXPECT_EQ(second.meters, 1u) << "everyone's stays as it is";
  const std::string whole = us.exported();
  us.restart();
  EXPECT_EQ(us.exported(), whole);
  EXPECT_EQ(us.now()->region_of("acme-new"), "us");
}

TEST_F(FeedTest, AMeterOfEveryoneThatWouldTakeANameFromOneHereIsLeftOut) {
  eu.must_import(R"({"meters":[{"id":"own","name":"Another"},{"id":"x","name":"X","here":{"feature_id":"taken"}},
                               {"id":"y","name":"Y","rates":[{"org":"beta","ipu_per_unit":"7"}]}]})");
  EXPECT_EQ(must_take().meters, 3u) << "all, of-acme, y";
  EXPECT_EQ(us.now()->meter("delta", "own")->names.front().name, "Of us");
  EXPECT_EQ(us.now()->meter("delta", "x"), nullptr);
  EXPECT_TRUE(us.now()->meter("delta", "y")->rates.empty());
}

TEST_F(FeedTest, AnOrgThatLeftStaysWithItsDaysAndItsNewTenantIsNamedOnly) {
  eu.must_import(R"({"orgs":[{"id":"acme-box","kind":"sandbox","name":"Box","parent":"acme",
      "history":[{"valid_from":"2024-01-01","parent":"beta"}]},
      {"id":"box-sub","kind":"sub-org","name":"Sub","parent":"acme-box"},
      {"id":"late-sub","kind":"sub-org","name":"Late","parent":"beta-box","history":[{"valid_from":"2024-06-01","parent":"acme-box"}]}],
    "meters":[{"id":"of-box","name":"Box's","org":"acme-box","rates":[{"org":"box-sub","ipu_per_unit":"1"},{"org":"late-sub","ipu_per_unit":"2"}]}],
    "subscriptions":[{"id":"7","name":"Seven","org":"acme-box","lines":[{"number":1,"meter":"of-box"},
      {"number":2,"org":"box-sub","meter":"of-beta"},{"number":3,"org":"late-sub","meter":"all"}]}]})");
  const std::string file = feed();
  EXPECT_EQ(ids(file, "orgs"), "acme acme-box acme-eu acme-us beta box-sub");
  EXPECT_EQ(ids(file, "meters"), "all acme/of-acme acme-box/of-box");
  EXPECT_EQ(ids(file, "subscriptions"), "acme/1 acme-box/7");
  for (const char* hidden : {"of-beta", "late-sub", "beta-box"})
    EXPECT_EQ(file.find(hidden), std::string::npos) << hidden;
  must_take();
  EXPECT_EQ(us.now()->top_on("box-sub", day_from({2023, 12, 31}))->id, "acme");
  EXPECT_EQ(us.now()->top_on("box-sub", day_from({2024, 1, 1}))->id, "beta");
  EXPECT_EQ(us.now()->subscription("acme-box", "7")->lines.size(), 1u);
}

TEST_F(FeedTest, ATenantIsGivenForAnOrgThatWasOrWillBeUnderIt) {
  eu.must_import(R"({"orgs":[{"id":"gamma","kind":"production","name":"Gamma","region":"eu"},
      {"id":"chi","kind":"production","name":"Chi","region":"eu"},
      {"id":"g","kind":"additional-production","name":"G","parent":"gamma","region":"us","history":[
        {"valid_from":"2024-01-01","parent":"acme"},{"valid_from":"2199-01-01","parent":"chi"}]}],
    "meters":[{"id":"of-gamma","name":"Gamma's","org":"gamma"},{"id":"of-chi","name":"Chi's","org":"chi"}]})");
  EXPECT_EQ(ids(feed(), "orgs"), "acme acme-eu acme-us chi g gamma");
  EXPECT_EQ(ids(feed(), "meters"), "all acme/of-acme chi/of-chi gamma/of-gamma");
  must_take();
}

TEST_F(FeedTest, ObjectsOfTenantsThatAreNotAtHomeThereAreRefusedAndAllWithThem) {
  must_take();
  const std::string before = us.exported();
  const char* const foreign[] = {
      R"({"orgs":[{"id":"acme","kind":"production","name":"Fine","region":"eu"},{"id":"delta","kind":"production","name":"Taken over","region":"us"}]})",
      R"({"orgs":[{"id":"acme","kind":"production","name":"Fine","region":"eu"},{"id":"new","kind":"production","name":"New","region":"asia"}]})",
      R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"delta"}]})",
      R"({"meters":[{"id":"n","name":"N","org":"delta"}]})",
      R"({"subscriptions":[{"id":"n","name":"N","org":"delta"}]})",
      R"({"orgs":[{"id":"acme-new","kind":"additional-production","name":"N","parent":"delta","region":"eu","history":[{"valid_from":"2024-01-01","parent":"acme"}]}]})",
  };
  for (const char* file : foreign) {
    const auto refused = take(file);
    ASSERT_FALSE(refused) << file;
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict) << refused.error().text;
    EXPECT_EQ(us.exported(), before) << file;
  }
  const auto asia = us.catalog->apply_feed("asia", feed());
  EXPECT_TRUE(asia) << "what is as it is";
  eu.must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme Ltd","region":"eu"}]})");
  EXPECT_EQ(us.catalog->apply_feed("asia", feed()).error().kind, ErrorKind::conflict);
  EXPECT_EQ(us.catalog->apply_feed("us", feed()).error().kind, ErrorKind::invalid);
  EXPECT_EQ(us.exported(), before);
}

TEST_F(FeedTest, AFeedIsCheckedLikeAnyOtherChange) {
  must_take();
  us.catalog->set_usage_probe([](std::string_view, std::string_view) { return true; });
  const char* const broken[] = {
      R"({"meters":[{"id":"of-acme","name":"Acme's","org":"acme","unit":"GB"}]})",
      R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"nowhere"}]})",
      R"({"orgs":[{"kind":"sandbox","name":"Without an id","parent":"acme"}]})",
      R"({"orgs":[{"id":"acme","kind":"production","name":"Acme","region":"us"}]})",
  };
  for (const char* file : broken) EXPECT_EQ(take(file).error().kind, ErrorKind::invalid) << file;
  EXPECT_EQ(take("{").error().kind, ErrorKind::malformed);
}

TEST_F(FeedTest, APeerPinsNoKeys) {
  ASSERT_TRUE(take(
      R"({"regions":[{"name":"mars","url":"https://evil.example","key":"ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                                  {"name":"eu","url":"https://evil.example"}],"users":[{"name":"evil"}]})"));
  EXPECT_EQ(us.exported().find("evil"), std::string::npos);
  EXPECT_NE(us.exported().find("mars"), std::string::npos);
}

}  // namespace
}  // namespace meterport::catalog
