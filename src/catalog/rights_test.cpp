#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

class RightsTest : public ::testing::Test, protected TestCatalog {};

TEST_F(RightsTest, ATenantsAdminCannotSeeOrTouchAnother) {
  must_import(two_tenants);
  const Principal b = principal_with(Role::admin, "b");
  EXPECT_EQ(exported(b).find("\"a-sub\""), std::string::npos);
  EXPECT_EQ(exported(b).find("of a"), std::string::npos);

  struct Case {
    const char* json;
    ErrorKind kind;
    const char* field;
  };
  const Case cases[] = {
      {R"({"orgs":[{"id":"a","kind":"production","name":"Mine"}]})", ErrorKind::conflict, "/orgs/0/id"},
      {R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"a"}]})", ErrorKind::invalid, "/orgs/0/parent"},
      {R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"zzz"}]})", ErrorKind::invalid, "/orgs/0/parent"},
      {R"({"orgs":[{"id":"n","kind":"production","name":"N"}]})", ErrorKind::forbidden, "/orgs/0/id"},
      {R"({"meters":[{"id":"n","name":"N"}]})", ErrorKind::forbidden, "/meters/0/org"},
      {R"({"meters":[{"id":"n","name":"N","org":"a"}]})", ErrorKind::invalid, "/meters/0/org"},
      {R"({"regions":[{"name":"n"}]})", ErrorKind::forbidden, "/regions/0"},
      {R"({"subscriptions":[{"id":"1","name":"N","org":"a"}]})", ErrorKind::invalid, "/subscriptions/0/org"},
  };
  for (const Case& c : cases) {
    const auto refused = import(c.json, b);
    ASSERT_FALSE(refused) << c.json;
    EXPECT_EQ(refused.error().kind, c.kind) << c.json << refused.error().text;
    EXPECT_EQ(refused.error().field, c.field) << c.json;
  }
  EXPECT_TRUE(import(R"({"orgs":[{"id":"b2","kind":"sandbox","name":"B2","parent":"b"},
                                 {"id":"b3","kind":"sub-org","name":"B3","parent":"b2"}],
                        "meters":[{"id":"own","name":"Own","org":"b2"}]})",
                     b));
  EXPECT_TRUE(import(R"({"orgs":[{"id":"c","kind":"production","name":"C"}]})", principal_with(Role::admin, "a")))
      << "the first tenant's";

  Principal viewer = b;
  viewer.grants = {{Role::viewer, "b"}};
  const auto refused = import(R"({"orgs":[{"id":"b","kind":"production","name":"Mine"}]})", viewer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
}

TEST_F(RightsTest, HiddenRatesSurviveTheExportAndImportOfOneWhoCannotSeeThem) {
  must_import(two_tenants);
  must_import(
      R"({"meters":[{"id":"all","name":"All","rates":[{"ipu_per_unit":"1"},{"org":"b","ipu_per_unit":"9"}]}]})");
  const Principal a = principal_with(Role::admin, "a");
  std::string file = exported(a);
  EXPECT_EQ(file.find("\"9\""), std::string::npos);
  const auto done = import(file, a);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(done->meters, 0u);
  EXPECT_EQ(now()->rates_on(*now()->meter("b", "all"), "b", day(2024, 1, 1))[0].ipu_per_unit, Decimal::from_integer(9));
}

}  // namespace
}  // namespace meterport::catalog
