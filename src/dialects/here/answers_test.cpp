#include "dialects/here/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meterport::here {
namespace {

using nlohmann::ordered_json;

class UsageRow : public ::testing::Test {
 protected:
  UsageRow() {
    org_.id = "acme";
    org_.here_realm = "org123456789";
    item_ = {"hrn:here:service::olp-here:geocode-7", "LocationServices", "Geocode & Reverse Geocode", "Transactions"};
    row_.org = &org_;
    row_.item = &item_;
    row_.quantity = Total(Decimal::parse("144940.00005").value());
    row_.billable = Total(Decimal::parse("0.03124999").value());
  }
  std::string printed(const BilledUsageSpec& spec, bool has_quoted_dates = false) {
    std::string text;
    JsonWriter out(text);
    append_usage_row(out, row_, spec, has_quoted_dates);
    return text;
  }
  std::vector<std::string> keys(const BilledUsageSpec& spec) {
    const auto json = ordered_json::parse(printed(spec));
    std::vector<std::string> names;
    for (const auto& item : json.items()) names.push_back(item.key());
    return names;
  }

  Org org_;
  ChargeItem item_;
  queries::BilledRow row_;
};

TEST_F(UsageRow, HasTheDefaultKeysInOrderAndExactNumbers) {
  EXPECT_EQ(printed({}), R"({"realmId":"org123456789","billingSubscriptionId":"","billingChargeNumber":"",)"
                         R"("featureId":"hrn:here:service::olp-here:geocode-7","category":"LocationServices",)"
                         R"("name":"Geocode & Reverse Geocode","valueDriver":"Transactions",)"
                         R"("usageValue":144940.0001,"billableValue":0.0312})");
}

TEST_F(UsageRow, GroupFieldsAreThereEvenWithoutAValue) {
  BilledUsageSpec spec;
  spec.by_app = spec.by_project = spec.by_billing_tag = true;
  const auto json = ordered_json::parse(printed(spec));
  EXPECT_EQ(json["appId"], "");
  EXPECT_EQ(json["projectHrn"], "");
  EXPECT_EQ(json["billingTag"], "N/A");
  EXPECT_FALSE(json.contains("appName")) << "no app, so not exactly one";
  row_.app_id = "app-1";
  row_.app_name = "HERE Platform";
  row_.billing_tag = "tagA+tagB";
  row_.start = parse_instant("2026-08-18T00:00:00Z").value();
  EXPECT_EQ(keys(spec),
            (std::vector<std::string>{"realmId", "appId", "appName", "appHrn", "billingSubscriptionId",
                                      "billingChargeNumber", "featureId", "category", "name", "valueDriver",
                                      "projectHrn", "billingTag", "usageDateTime", "usageValue", "billableValue"}));
  EXPECT_EQ(ordered_json::parse(printed(spec))["billingTag"], "tagA+tagB");
  EXPECT_EQ(ordered_json::parse(printed(spec))["usageDateTime"], "2026-08-18T00:00:00");
  EXPECT_EQ(ordered_json::parse(printed(spec, true))["usageDateTime"], "2026-08-18'T'00:00:00");
}

TEST_F(UsageRow, AFilterByAppShowsItsNameToo) {
  BilledUsageSpec spec;
  spec.app = row_.app_id = "app-1";
  row_.app_name = "HERE Platform";
  const auto json = ordered_json::parse(printed(spec));
  EXPECT_FALSE(json.contains("appId"));
  EXPECT_EQ(json["appName"], "HERE Platform");
}

TEST_F(UsageRow, UsageFieldsDropOnlyTheirOwnNames) {
  BilledUsageSpec spec;
  spec.by_billing_tag = true;
  row_.start = Instant{};
  spec.fields = {"category", "realmId"};
  EXPECT_EQ(keys(spec), (std::vector<std::string>{"realmId", "category", "billingTag", "usageDateTime"}));
  spec.fields = {"resource"};
  EXPECT_EQ(keys(spec), (std::vector<std::string>{"billingTag", "usageDateTime"}));
}

TEST(Pages, NumbersNeverGoPastTheLast) {
  struct Case {
    std::uint64_t total, limit, offset, next, last;
  };
  for (const auto& [total, limit, offset, next, last] :
       {Case{10, 2, 0, 1, 4}, Case{250, 100, 0, 1, 2}, Case{250, 100, 1, 2, 2}, Case{250, 100, 2, 2, 2},
        Case{0, 100, 0, 0, 0}, Case{1, 100, 0, 0, 0}, Case{100, 100, 0, 0, 0}, Case{101, 100, 0, 1, 1},
        Case{18, 5, 3, 3, 3}, Case{5, 1, 7, 4, 4}, Case{0, 1, 9, 0, 0}}) {
    EXPECT_EQ(last_offset(total, limit), last);
    EXPECT_EQ(next_offset(total, {limit, offset}), next);
  }
}

TEST(Pages, AUsagePageHasItsKeysInOrder) {
  EXPECT_EQ(usage_page(0, {}, "[]"), R"({"total":0,"limit":100,"items":[],"nextOffset":0,"lastOffset":0})");
  EXPECT_EQ(usage_page(3, {1, 0}, "[{}]"), R"({"total":3,"limit":1,"items":[{}],"nextOffset":1,"lastOffset":2})");
}

}  // namespace
}  // namespace meterport::here
