#include "model/charge_item.h"

#include <gtest/gtest.h>

#include "model/billed_usage.h"

namespace meterport {
namespace {

Org org_of(std::string id, std::string realm = {}) {
  Org org;
  org.id = std::move(id);
  org.here_realm = std::move(realm);
  return org;
}

TEST(Realm, IsTheNameGivenElseAFittingId) {
  EXPECT_EQ(realm_of(org_of("acme", "org123456789")), "org123456789");
  EXPECT_EQ(realm_of(org_of("acme-eu")), "acme-eu");
  EXPECT_EQ(realm_of(org_of("acme")), "") << "too short";
  EXPECT_EQ(realm_of(org_of("acme.eu")), "") << "a dot";
  EXPECT_FALSE(is_realm("abcd"));
  EXPECT_TRUE(is_realm("abcde"));
  EXPECT_TRUE(is_realm(std::string(30, '_')));
  EXPECT_FALSE(is_realm(std::string(31, '_')));
  EXPECT_FALSE(is_realm("org$1234"));
}

TEST(ChargeItem, HasTheNamesOfTheWireElseTheMetersOwn) {
  Meter meter;
  meter.id = "m1";
  meter.names = {{.valid_from = {}, .name = "Old"}, {.valid_from = day_from({2024, 7, 1}), .name = "New"}};
  meter.unit = "hours";
  meter.category = "Compute\tUnits ";
  const Org org = org_of("acme-eu");
  const ChargeItem own = charge_item_of(meter, org, day_from({2024, 6, 30}));
  EXPECT_EQ(
      own,
      (ChargeItem{
          .feature_id = "hrn:here:service::acme-eu:m1", .category = "ComputeUnits", .name = "Old", .unit = "hours"}));
  EXPECT_EQ(charge_item_of(meter, org, day_from({2024, 7, 1})).name, "New");
  meter.category.clear();
  EXPECT_EQ(charge_item_of(meter, org, day_from({2024, 7, 1})).category, "Other");
  meter.here = HereNames{.feature_id = "f", .name = "N", .category = "Location Services", .value_driver = "GB"};
  EXPECT_EQ(charge_item_of(meter, org, day_from({2024, 7, 1})),
            (ChargeItem{.feature_id = "f", .category = "LocationServices", .name = "N", .unit = "GB"}));
}

TEST(ProjectHrn, LeavesAnHrnAsItIs) {
  EXPECT_EQ(project_hrn("realm", "p 1"), "hrn:here:authorization::realm:project/p 1");
  EXPECT_EQ(project_hrn("realm", "hrn:x"), "hrn:x");
  EXPECT_EQ(project_hrn("realm", "HRN:x"), "hrn:here:authorization::realm:project/HRN:x");
  EXPECT_EQ(project_hrn("realm", ""), "");
}

TEST(RealmOfProject, IsReadFromWhatProjectHrnWrites) {
  EXPECT_EQ(realm_of_project(project_hrn("realm-1", "p 1")), "realm-1");
  EXPECT_EQ(realm_of_project("hrn:here:authorization:::project/p"), "");
  for (const char* other : {"", "p", "hrn:x", "hrn:here:authorization::realm", "hrn:here:authorization::realm:project/",
                            "hrn:here:authorization::realm:group/p", "hrn:here:service::realm:project/p"}) {
    EXPECT_EQ(realm_of_project(other), std::nullopt) << other;
  }
}

TEST(BilledUsageWords, ReadBackWhatTheyPrint) {
  for (const Window window : {Window::none, Window::hour, Window::day, Window::month}) {
    EXPECT_EQ(parse_window(to_string(window)), window);
  }
  for (const ChargeType type : {ChargeType::all, ChargeType::billable, ChargeType::non_billable}) {
    EXPECT_EQ(parse_charge_type(to_string(type)), type);
  }
  EXPECT_EQ(to_string(ChargeType::non_billable), "nonBillable");
  EXPECT_EQ(parse_charge_type("nonbillable"), std::nullopt);
  EXPECT_EQ(parse_window("week"), std::nullopt);
}

}  // namespace
}  // namespace meterport
