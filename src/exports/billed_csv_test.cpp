#include "exports/billed_csv.h"

#include <gtest/gtest.h>

namespace meterport::exports {
namespace {

const Day last = day_from({2024, 9, 30});

Total total(std::string_view text) {
  return Total(Decimal::parse(text).value());
}

class BilledCsvTest : public ::testing::Test {
 protected:
  BilledCsvTest() {
    org_.id = "acme";
    org_.name = "Acme";
    org_.here_realm = "olp-acme";
    row_.org = &org_;
    row_.item = &item_;
  }
  std::string line(const BilledUsageSpec& spec) {
    std::string out;
    BilledCsv(spec, last).append(out, row_);
    return out;
  }

  Org org_;
  ChargeItem item_{"hrn:f", "LocationServices", "Autocomplete", "Transactions"};
  queries::BilledRow row_;
};

TEST_F(BilledCsvTest, TheHeaderIsTheContracts) {
  EXPECT_EQ(
      BilledCsv({}, last).header(),
      R"csv("Date and time (usageDateTime)","Org ID (realmId)","Category (category)","App ID (appId)",)csv"
      R"csv("App Name (appName)","App Hrn (appHrn)","Item (featureId)","Subscription ID (billingSubscriptionId)",)csv"
      R"csv("Item description (name)","Unit (valueDriver)","Project ID (projectHrn)","Billing tag (billingTag)",)csv"
      R"csv("Usage Amount (billableValue)")csv"
      "\n");
}

TEST_F(BilledCsvTest, ARowOfAllColumns) {
  BilledUsageSpec spec;
  spec.by_app = spec.by_project = spec.by_billing_tag = true;
  spec.with_extra_columns = spec.with_org_name = true;
  row_.subscription = "A-S1";
  row_.charge_number = "C-1";
  row_.start = start_of(day_from({2024, 9, 3})).plus_seconds(3 * 3600);
  row_.app_id = "app";
  row_.app_name = "The App";
  row_.app_hrn = "hrn:app";
  row_.project = "hrn:project";
  row_.billing_tag = "tagA+tagB";
  row_.quantity = total("144940");
  row_.billable = total("0.03125");
  EXPECT_EQ(line(spec),
            R"csv("2024-09-03T03:00:00","olp-acme","LocationServices","app","The App","hrn:app","hrn:f","A-S1",)csv"
            R"csv("Autocomplete","Transactions","hrn:project","tagA+tagB","0.0313","C-1","144940.0000","Acme")csv"
            "\n");
  EXPECT_TRUE(
      BilledCsv(spec, last)
          .header()
          .ends_with(
              R"csv("Usage Amount (billableValue)","Charge Number (billingChargeNumber)","Usage Amount (usageValue)",)csv"
              R"csv("Org Name (orgName)")csv"
              "\n"));
}

TEST_F(BilledCsvTest, WhatIsNotThereIsEmptyAndOnlyAnUntaggedRowOfTagsSaysSo) {
  EXPECT_EQ(line({}),
            R"csv("","olp-acme","LocationServices","","","","hrn:f","","Autocomplete","Transactions","","","0.0000")csv"
            "\n");
  BilledUsageSpec tags;
  tags.by_billing_tag = true;
  EXPECT_TRUE(line(tags).ends_with(R"csv("","N/A","0.0000")csv"
                                   "\n"));
}

TEST_F(BilledCsvTest, AnAppThatOnlyFiltersHasItsNamesButNoId) {
  row_.app_id = "app";
  row_.app_name = "The App";
  row_.app_hrn = "hrn:app";
  EXPECT_NE(line({}).find(R"csv("LocationServices","","The App","hrn:app","hrn:f")csv"), std::string::npos) << line({});
}

TEST_F(BilledCsvTest, QuotesAreDoubledWhereverTheyStand) {
  org_.name = R"csv("Q" says ")csv";
  item_.name = "a \"b\", c\nd";
  row_.app_name = "\"";
  BilledUsageSpec spec;
  spec.with_org_name = true;
  EXPECT_EQ(line(spec),
            "\"\",\"olp-acme\",\"LocationServices\",\"\",\"\"\"\",\"\",\"hrn:f\",\"\",\"a \"\"b\"\", c\nd\","
            "\"Transactions\",\"\",\"\",\"0.0000\",\"\"\"Q\"\" says \"\"\"\n");
}

TEST_F(BilledCsvTest, FieldsDropOnlyTheirOwnColumns) {
  BilledUsageSpec spec;
  spec.fields = {"realmId", "featureId", "category", "resource"};
  EXPECT_EQ(BilledCsv(spec, last).header(),
            R"csv("Date and time (usageDateTime)","Org ID (realmId)","Category (category)","App ID (appId)",)csv"
            R"csv("App Name (appName)","App Hrn (appHrn)","Item (featureId)","Project ID (projectHrn)",)csv"
            R"csv("Billing tag (billingTag)")csv"
            "\n");
  EXPECT_EQ(line(spec), R"csv("","olp-acme","LocationServices","","","","hrn:f","","")csv"
                        "\n");
  spec.fields = {"usageValue"};
  EXPECT_EQ(line(spec), R"csv("","","","","","")csv"
                        "\n")
      << "a column that is switched off can't be chosen";
  spec.with_extra_columns = spec.with_org_name = true;
  row_.quantity = total("-1.5");
  EXPECT_EQ(line(spec), R"csv("","","","","","","-1.5000","Acme")csv"
                        "\n");
}

TEST_F(BilledCsvTest, EachRowHasItsOwnTextAndTheSumsAreExact) {
  Org other;
  other.id = "other";
  const ChargeItem another{"hrn:g", "Maps", "Tile", "GB"};
  BilledCsv csv({}, last);
  std::string out;
  for (int i = 0; i < 3; ++i) {
    row_.org = i % 2 == 0 ? &org_ : &other;
    row_.item = i % 2 == 0 ? &item_ : &another;
    row_.subscription = i % 2 == 0 ? "" : "S";
    row_.start = i == 1 ? std::optional(start_of(last)) : std::nullopt;
    row_.quantity = total("0.000000000000000001");
    row_.billable = total("0.1");
    csv.append(out, row_);
  }
  const std::string first =
      R"csv("","olp-acme","LocationServices","","","","hrn:f","","Autocomplete","Transactions","",)csv"
      R"csv("","0.1000")csv"
      "\n";
  EXPECT_EQ(out, first +
                     R"csv("2024-09-30T00:00:00","other","Maps","","","","hrn:g","S","Tile","GB","","","0.1000")csv"
                     "\n" +
                     first);
  EXPECT_EQ(csv.rows(), 3U);
  EXPECT_EQ(csv.quantity().to_text(), "0.000000000000000003");
  EXPECT_EQ(csv.billable().to_text(), "0.3");
}

}  // namespace
}  // namespace meterport::exports
