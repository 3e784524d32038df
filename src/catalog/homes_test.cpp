// Who may change a tenant: its home region alone.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

/// Tenant eve at home in eu with an org in us, uma and una at home in us; lina is at home in "local".
constexpr std::string_view regions_file = R"({
  "regions": [{"name": "eu"}, {"name": "us"}],
  "orgs": [
    {"id": "eve", "kind": "production", "name": "Eve", "region": "eu"},
    {"id": "eve-us", "kind": "additional-production", "name": "Eve US", "parent": "eve", "region": "us"},
    {"id": "eve-sub", "kind": "sub-org", "name": "Eve sub", "parent": "eve-us"},
    {"id": "uma", "kind": "production", "name": "Uma", "region": "us"},
    {"id": "uma-us", "kind": "additional-production", "name": "Uma US", "parent": "uma", "region": "us"},
    {"id": "una", "kind": "production", "name": "Una", "region": "us"},
    {"id": "lina", "kind": "production", "name": "Lina"}
  ],
  "meters": [{"id": "of-eve", "name": "Eve's", "org": "eve"}, {"id": "of-sub", "name": "Sub's", "org": "eve-sub"},
             {"id": "of-uma", "name": "Uma's", "org": "uma"}, {"id": "all", "name": "Everyone's"}],
  "subscriptions": [{"id": "1", "name": "One", "org": "eve-us"}, {"id": "1", "name": "One", "org": "uma"}]
})";

class HomesTest : public ::testing::Test, protected TestCatalog {
 protected:
  HomesTest() : TestCatalog("us") { must_import(regions_file); }

  void expect_refused(std::string_view json, std::string_view pointer, std::string_view tenant, std::string_view home,
                      const Principal& by = server_principal()) {
    SCOPED_TRACE(json);
    const std::string before = exported();
    const auto refused = import(json, by);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(refused.error().field, pointer);
    EXPECT_EQ(refused.error().text, std::string(pointer) + ": the tenant \"" + std::string(tenant) +
                                        "\" is at home in region \"" + std::string(home) + "\"; change it there");
    const auto file = parse_catalogue(json);
    EXPECT_EQ(catalog->check(by, *file).error().text, refused.error().text);
    EXPECT_EQ(exported(), before);
  }
};

TEST_F(HomesTest, ObjectsOfATenantAtHomeElsewhereCannotChange) {
  expect_refused(R"({"orgs":[{"id":"eve","kind":"production","name":"Eve Ltd","region":"eu"}]})", "/orgs/0", "eve",
                 "eu");
  expect_refused(R"({"orgs":[{"id":"uma","kind":"production","name":"Uma Ltd","region":"us"},
                             {"id":"new","kind":"sub-org","name":"New","parent":"eve-us"}]})",
                 "/orgs/1", "eve", "eu");
  expect_refused(R"({"orgs":[{"id":"lina","kind":"production","name":"Lina Ltd"}]})", "/orgs/0", "lina", "local");
  expect_refused(R"({"meters":[{"id":"of-uma","name":"Mine","org":"uma"},{"id":"of-eve","name":"Mine","org":"eve"}]})",
                 "/meters/1", "eve", "eu");
  expect_refused(R"({"meters":[{"id":"new","name":"New","org":"eve-sub"}]})", "/meters/0", "eve", "eu");
  expect_refused(R"({"subscriptions":[{"id":"1","name":"Other","org":"eve-us"}]})", "/subscriptions/0", "eve", "eu");
  expect_refused(
      R"({"orgs":[{"id":"eve-us","kind":"additional-production","name":"Mine","parent":"eve","region":"us"}]})",
      "/orgs/0", "eve", "eu", principal_with(Role::admin, "eve"));
}

TEST_F(HomesTest, WhatIsAsItIsIsNoChangeAndTheRestOfTheFileCounts) {
  EXPECT_EQ(must_import(regions_file).orgs, 0u);
  const ChangeSummary done = must_import(R"({
    "orgs": [{"id":"eve","kind":"production","name":"Eve","region":"eu"},
             {"id":"uma","kind":"production","name":"Uma Ltd","region":"us"}],
    "meters": [{"id":"of-sub","name":"Sub's","org":"eve-sub"}, {"id":"all","name":"Everyone's own"},
               {"id":"free","name":"Free"}],
    "subscriptions": [{"id":"1","name":"One","org":"eve-us"}],
    "regions": [{"name":"eu","url":"https://eu.example.com"}, {"name":"asia"}]})");
  EXPECT_EQ(done.orgs, 1u);
  EXPECT_EQ(done.meters, 2u) << "everyone's are each server's own";
  EXPECT_EQ(done.subscriptions, 0u);
  EXPECT_EQ(done.regions, 2u) << "and so are regions";
}

TEST_F(HomesTest, AMovedOrgIsItsOldAndItsNewTenants) {
  const auto moved = [](std::string_view id, std::string_view from, std::string_view to, std::string_view on) {
    return R"({"orgs":[{"id":")" + std::string(id) +
           R"(","kind":"additional-production","name":"N","region":"us","parent":")" + std::string(from) +
           R"(","history":[{"valid_from":")" + std::string(on) + R"(","parent":")" + std::string(to) + R"("}]}]})";
  };
  expect_refused(moved("eve-us", "eve", "uma", "2024-01-01"), "/orgs/0", "eve", "eu");
  expect_refused(moved("uma-us", "uma", "eve", "2024-01-01"), "/orgs/0", "eve", "eu");
  expect_refused(moved("uma-us", "uma", "eve", "2199-01-01"), "/orgs/0", "eve", "eu");
  EXPECT_TRUE(import(moved("uma-us", "uma", "una", "2024-01-01")));
}

TEST_F(HomesTest, OnlyTheServerItselfMakesATenantOfAnotherRegion) {
  constexpr std::string_view file = R"({"orgs":[{"id":"new","kind":"production","name":"New","region":"eu"},
      {"id":"below","kind":"sandbox","name":"Below","parent":"new"}],
    "meters":[{"id":"of-new","name":"N","org":"below"}],"subscriptions":[{"id":"1","name":"N","org":"new"}]})";
  expect_refused(file, "/orgs/0", "new", "eu", principal_with(Role::admin, now()->orgs().front()->id));
  EXPECT_TRUE(import(file));
  expect_refused(R"({"orgs":[{"id":"more","kind":"sandbox","name":"More","parent":"new"}]})", "/orgs/0", "new", "eu");
}

TEST_F(HomesTest, AnOrgKeepsItsRegionWhateverItsParent) {
  must_import(R"({"regions":[{"name":"asia"}],"orgs":[
    {"id":"uma-asia","kind":"additional-production","name":"A","parent":"uma","region":"asia"},
    {"id":"uma-sub","kind":"sub-org","name":"S","parent":"uma-us"}]})");
  for (const char* day : {"2024-01-01", "2199-01-01"}) {
    const auto refused = import(R"({"orgs":[{"id":"uma-sub","kind":"sub-org","name":"S","parent":"uma-us",
      "history":[{"valid_from":")" +
                                std::string(day) + R"(","parent":"uma-asia"}]}]})");
    ASSERT_FALSE(refused) << day;
    EXPECT_EQ(refused.error().text, "/orgs/0/history: an org keeps its region, us; its parent from " +
                                        std::string(day) + " on is in region asia");
  }
  EXPECT_EQ(now()->region_of("uma-sub"), "us");
}

TEST(OneRegion, NothingIsRefusedWhereNobodyNamesARegion) {
  TestCatalog test;
  test.must_import(two_tenants);
  EXPECT_TRUE(
      test.import(R"({"orgs":[{"id":"b","kind":"production","name":"B Ltd"}]})", principal_with(Role::admin, "b")));
  EXPECT_TRUE(test.import(R"({"orgs":[{"id":"c","kind":"production","name":"C"}]})", principal_with(Role::admin, "a")));
}

TEST(OneRegion, TheServersOwnRegionNeedsNoEntryInRegions) {
  TestCatalog test("us");
  EXPECT_TRUE(test.import(R"({"orgs":[{"id":"a","kind":"production","name":"A","region":"us"}]})"));
  EXPECT_FALSE(test.import(R"({"orgs":[{"id":"b","kind":"production","name":"B","region":"eu"}]})"));
}

}  // namespace
}  // namespace meterport::catalog
