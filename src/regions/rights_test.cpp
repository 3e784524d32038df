#include "regions/rights.h"

#include <gtest/gtest.h>

#include "catalog/test_catalog.h"

namespace meterport::regions {
namespace {

// Own region: local. acme is at home in eu, beta in ap; x moves from beta to acme on the 10th of September.
constexpr const char* world = R"({"regions":[{"name":"eu"},{"name":"ap"},{"name":"local"}],"orgs":[
  {"id":"acme","kind":"production","name":"Acme","region":"eu"},
  {"id":"beta","kind":"production","name":"Beta","region":"ap"},
  {"id":"home","kind":"production","name":"Home","region":"local"},
  {"id":"acme-here","kind":"sandbox","name":"H","parent":"acme","region":"local"},
  {"id":"acme-eu","kind":"sandbox","name":"E","parent":"acme","region":"eu"},
  {"id":"home-ap","kind":"additional-production","name":"A","parent":"home","region":"ap"},
  {"id":"x","kind":"sandbox","name":"X","parent":"beta","region":"local",
    "history":[{"valid_from":"2024-09-10","parent":"acme"}]}]})";

struct RightsTest : ::testing::Test {
  RightsTest() { test.must_import(world); }
  bool part(std::string_view caller, std::vector<std::string> orgs, std::string_view from = "2024-09-01",
            std::string_view to = "2024-09-30") {
    queries::PartRequest request;
    request.orgs = std::move(orgs);
    request.shown = {start_of(parse_day(from).value()), start_of(parse_day(to).value())};
    return may_have_part(*test.catalog->current(), "local", caller, request);
  }
  bool totals(std::string_view caller, std::string_view org, std::string_view as_of) {
    TotalsCall call;
    call.orgs = {std::string(org)};
    call.as_of = start_of(parse_day(as_of).value());
    call.request.from = start_of(parse_day("2024-09-01").value());
    call.request.to = start_of(parse_day("2024-09-05").value());
    return may_have_totals(*test.catalog->current(), "local", caller, call);
  }
  catalog::TestCatalog test;
};

TEST_F(RightsTest, TheHomeOfATenantMayHaveItsOrgs) {
  EXPECT_TRUE(part("eu", {"acme-here"}));
  EXPECT_FALSE(part("ap", {"acme-here"}));
  EXPECT_FALSE(part("us", {"acme-here"}));
  EXPECT_FALSE(part("eu", {"home"}));
}

TEST_F(RightsTest, WhatIsNotHereOrIsNotThereIsNobodys) {
  EXPECT_FALSE(part("eu", {"acme-eu"}));
  EXPECT_FALSE(part("eu", {"nobody"}));
  EXPECT_FALSE(part("eu", {"acme-here", "nobody"}));
  EXPECT_FALSE(part("eu", {"acme-here", "home"}));
}

TEST_F(RightsTest, TheTreeOfTheShownDaysDecides) {
  EXPECT_TRUE(part("ap", {"x"}));
  EXPECT_TRUE(part("eu", {"x"}));
  EXPECT_TRUE(part("ap", {"x"}, "2024-09-01", "2024-09-10"));
  EXPECT_FALSE(part("eu", {"x"}, "2024-09-01", "2024-09-10"));
  EXPECT_FALSE(part("ap", {"x"}, "2024-09-10", "2024-09-11"));
  EXPECT_TRUE(part("eu", {"x"}, "2024-09-10", "2024-09-11"));
}

TEST_F(RightsTest, OfTotalsAlsoTheTreeOfTheInstant) {
  EXPECT_TRUE(totals("ap", "x", "2024-09-20"));
  EXPECT_TRUE(totals("eu", "x", "2024-09-20"));
  EXPECT_FALSE(totals("eu", "x", "2024-09-03"));
  EXPECT_FALSE(totals("us", "x", "2024-09-03"));
}

}  // namespace
}  // namespace meterport::regions
