#include "exports/asset_csv.h"

#include <gtest/gtest.h>

namespace meterport::exports {
namespace {

Decimal number(std::string_view text) {
  return Decimal::parse(text).value();
}

class AssetCsvTest : public ::testing::Test {
 protected:
  AssetCsvTest() {
    acme_.id = "acme";
    acme_.informatica_id = "1qxzZYXWvutsrqponmlkji";
    acme_.kind = OrgKind::sandbox;
    hours_.id = "m";
    hours_.names = {{std::nullopt, "Elastic"}, {day_from({2024, 9, 3}), "Advanced, new"}};
  }
  static rating::TierPart part(std::string_view from, std::string_view to, std::string_view rate,
                               std::string_view quantity) {
    rating::TierPart made{.tier_from = number(from),
                          .tier_to = {},
                          .rate = number(rate),
                          .quantity = Total(number(quantity)),
                          .consumption = {}};
    if (!to.empty()) made.tier_to = number(to);
    made.consumption.add(made.quantity, made.rate, number("1"));
    return made;
  }
  std::string line(unsigned day, rating::TierPart tier) {
    std::string out;
    csv_.append(out, {&acme_, &hours_, day_from({2024, 9, day}), "load \"x\"", "MAPPING", "P", "F", "agents",
                      "Secure Agent Group", std::move(tier)});
    return out;
  }

  Org acme_;
  Meter hours_;
  AssetCsv csv_;
};

TEST_F(AssetCsvTest, ARowHasTheVendorsShapeAndScales) {
  EXPECT_EQ(
      asset_header(),
      "Meter ID,Meter Name,Date,Asset Name,Asset Type,Project,Folder,Org ID,Org Type,Environment Name,Environment "
      "Type,Tier,IPU Per Unit,Usage,Consumption (IPUs)");
  EXPECT_EQ(
      line(2, part("0", "2000", "0.16", "2.5")),
      "m,Elastic,2024-09-02T00:00:00Z,\"load \"\"x\"\"\",MAPPING,P,F,1qxzZYXWvutsrqponmlkji,Sandbox,agents,Secure "
      "Agent Group,0.000 - 2000.000,0.160000,2.500000000000,0.400000000000\n");
  const std::string next = line(3, part("2000", "", "0.025", "-1"));
  EXPECT_TRUE(next.starts_with("m,\"Advanced, new\",2024-09-03T00:00:00Z,")) << next;
  EXPECT_TRUE(next.ends_with(",2000.000 +,0.025000,-1.000000000000,-0.025000000000\n")) << next;
}

TEST_F(AssetCsvTest, WhatIsMissingIsNullAndMoreDigitsArePrintedWhereTheValueHasThem) {
  std::string out;
  csv_.append(out, {&acme_, &hours_, day_from({2024, 9, 1}), "", "", "", "", "", "",
                    part("0.0001", "1000000.12345", "0.0000000001", "0.001528156921268")});
  EXPECT_EQ(out,
            "m,Elastic,2024-09-01T00:00:00Z,null,null,null,null,1qxzZYXWvutsrqponmlkji,Sandbox,null,null,"
            "0.0001 - 1000000.12345,0.0000000001,0.001528156921268,0.000000000000152816\n");
}

TEST_F(AssetCsvTest, ATextMadeOnceIsNotPrintedForAnotherTier) {
  const std::string closed = line(1, part("0", "60", "1", "1")), open = line(1, part("0", "", "1", "1")),
                    no_rate = line(1, part("0", "", "0", "1"));
  EXPECT_NE(closed.find(",0.000 - 60.000,1.000000,"), std::string::npos) << closed;
  EXPECT_NE(open.find(",0.000 +,1.000000,"), std::string::npos) << open;
  EXPECT_NE(no_rate.find(",0.000 +,0.000000,1.000000000000,0.000000000000\n"), std::string::npos) << no_rate;
}

TEST_F(AssetCsvTest, ControlTotalsAddUpByMeter) {
  line(1, part("0", "1", "0.3", "0.1"));
  line(1, part("1", "", "0.2", "0.1"));
  Meter other = hours_;
  other.id = "a";
  std::string out;
  csv_.append(out, {&acme_, &other, day_from({2024, 9, 1}), "", "", "", "", "", "", part("0", "", "2", "-5")});
  const auto totals = csv_.totals();
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].meter, "a");
  EXPECT_EQ(totals[0].quantity->to_text(), "-5");
  EXPECT_EQ(totals[0].ipu->to_text(), "-10");
  EXPECT_EQ(totals[1].rows, 2U);
  EXPECT_EQ(totals[1].quantity->to_text(), "0.2");
  EXPECT_EQ(totals[1].ipu->to_text(), "0.05");
}

}  // namespace
}  // namespace meterport::exports
