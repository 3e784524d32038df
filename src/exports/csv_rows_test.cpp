#include "exports/csv_rows.h"

#include <gtest/gtest.h>

namespace meterport::exports {
namespace {

Day day(int year, unsigned month, unsigned day_of_month) {
  return day_from({year, month, day_of_month});
}

Decimal number(std::string_view text) {
  return *Decimal::parse(text);
}

Org org(std::string id, OrgKind kind, std::string name) {
  Org made;
  made.id = std::move(id);
  made.kind = kind;
  made.name = std::move(name);
  return made;
}

Meter meter(std::string id, std::string name) {
  Meter made;
  made.id = std::move(id);
  made.names = {{std::nullopt, std::move(name)}};
  made.unit = "hours";
  made.scalar = "HOURS";
  made.category = "COMPUTE_UNITS";
  return made;
}

rating::RatedQuantity rated(std::string_view quantity, std::string_view rate, std::string_view divisor = "1") {
  const Total total(number(quantity));
  rating::RatedQuantity made{total, {}, number(rate)};
  made.consumption.add(total, number(rate), number(divisor));
  return made;
}

std::string line(CsvRows& rows, const queries::SummaryRow& row) {
  std::string out;
  rows.append(out, row);
  return out;
}

TEST(SummaryRows, ARowHasTheVendorsDatesAndScales) {
  const Org acme = org("acme", OrgKind::additional_production, "Acme");
  const Meter hours = meter("a2nB20h1o0lc7k3P9xtWS8", "Data Integration");
  CsvRows rows;
  EXPECT_EQ(line(rows, {&acme, &hours, day(2024, 9, 3), rated("2.5", "0.16"), {day(2024, 8, 20), day(2024, 9, 20)}}),
            "acme,a2nB20h1o0lc7k3P9xtWS8,Data Integration,2024-09-03 00:00:00.0,2024-08-20 00:00:00.0,"
            "2024-09-19 00:00:00.0,2.5000000000,0.400000000000,HOURS,COMPUTE_UNITS,Acme,Production,0.160000\n");
  EXPECT_EQ(csv_header(ExportKind::summary),
            "OrgId,MeterId,MeterName,Date,BillingPeriodStartDate,BillingPeriodEndDate,MeterUsage,IPU,Scalar,"
            "MetricCategory,OrgName,OrgType,IPURate");
}

TEST(SummaryRows, MoreDigitsArePrintedWhereTheValueHasThem) {
  const Org acme = org("acme", OrgKind::sandbox, "Acme");
  const Meter bytes = meter("m", "Bytes");
  CsvRows rows;
  const std::string text = line(
      rows,
      {&acme, &bytes, day(2024, 1, 1), rated("0.001528156921268", "0.0000000001"), {day(2024, 1, 1), day(2024, 2, 1)}});
  EXPECT_NE(text.find(",0.001528156921268,"), std::string::npos) << text;
  EXPECT_NE(text.find(",0.0000000001\n"), std::string::npos) << text;
  EXPECT_NE(text.find(",Sandbox,"), std::string::npos) << text;
}

TEST(SummaryRows, AMissingCategoryIsNullAndAMissingScalarIsTheUnit) {
  const Org acme = org("acme", OrgKind::sub_org, "Acme");
  Meter plain = meter("m", "Plain");
  plain.scalar = plain.category = "";
  CsvRows rows;
  const std::string text =
      line(rows, {&acme, &plain, day(2024, 1, 1), rated("-1", "0"), {day(2024, 1, 1), day(2024, 2, 1)}});
  EXPECT_NE(text.find(",-1.0000000000,0.000000000000,hours,null,Acme,SubOrg,0.000000\n"), std::string::npos) << text;
}

TEST(SummaryRows, AMeterOfScalarIpuHasNeitherUsageNorRate) {
  const Org acme = org("acme", OrgKind::production, "Acme");
  Meter ipu = meter("m", "Sandbox Organizations IPU Usage");
  ipu.scalar = "IPU";
  CsvRows rows;
  const std::string text =
      line(rows, {&acme, &ipu, day(2024, 1, 1), rated("7", "1"), {day(2024, 1, 1), day(2024, 2, 1)}});
  EXPECT_NE(text.find(",null,7.000000000000,IPU,"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(",Production,null\n")) << text;
  EXPECT_FALSE(rows.totals().at(0).quantity.has_value());
}

TEST(SummaryRows, QuotesStandOnlyWhereAValueNeedsThem) {
  const Org acme = org("acme", OrgKind::production, "Acme, \"the\" company\nof Zürich");
  const Meter nbsp = meter("m", "MDM\u00a0Data Integration");
  CsvRows rows;
  const std::string text =
      line(rows, {&acme, &nbsp, day(2024, 1, 1), rated("1", "1"), {day(2024, 1, 1), day(2024, 2, 1)}});
  EXPECT_NE(text.find(",\"Acme, \"\"the\"\" company\nof Zürich\",Production"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("acme,m,MDM\u00a0Data Integration,2024-01-01 ")) << text;
}

TEST(SummaryRows, EachDayCarriesTheNamesValidThatDay) {
  Org acme = org("acme", OrgKind::production, "Old Acme");
  acme.informatica_id = "1qxzZYXWvutsrqponmlkji";
  OrgChange renamed;
  renamed.valid_from = day(2024, 5, 2);
  renamed.name = "New Acme";
  acme.history.push_back(renamed);
  Meter hours = meter("m", "Elastic");
  hours.names.push_back({day(2024, 5, 3), "Advanced"});
  CsvRows rows;
  const BillingPeriod may{day(2024, 5, 1), day(2024, 6, 1)};
  const auto has = [&](Day on, std::string_view meter_name, std::string_view org_name) {
    const std::string text = line(rows, {&acme, &hours, on, rated("1", "1"), may});
    EXPECT_TRUE(text.starts_with("1qxzZYXWvutsrqponmlkji,m," + std::string(meter_name) + ",")) << text;
    EXPECT_NE(text.find("," + std::string(org_name) + ",Production,"), std::string::npos) << text;
  };
  has(day(2024, 5, 1), "Elastic", "Old Acme");
  has(day(2024, 5, 2), "Elastic", "New Acme");
  has(day(2024, 5, 3), "Advanced", "New Acme");
  has(day(2024, 5, 1), "Elastic", "Old Acme");
}

TEST(SummaryRows, ControlTotalsAddUpByMeter) {
  const Org acme = org("acme", OrgKind::production, "Acme");
  const Meter b = meter("b", "B"), a = meter("a", "A");
  CsvRows rows;
  const BillingPeriod january{day(2024, 1, 1), day(2024, 2, 1)};
  for (int i = 1; i <= 3; ++i) {
    line(rows, {&acme, &b, day(2024, 1, static_cast<unsigned>(i)), rated("0.1", "0.3"), january});
  }
  line(rows, {&acme, &a, day(2024, 1, 1), rated("-5", "2"), january});
  const auto totals = rows.totals();
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].meter, "a");
  EXPECT_EQ(totals[0].quantity->to_text(), "-5");
  EXPECT_EQ(totals[0].ipu->to_text(), "-10");
  EXPECT_EQ(totals[1].rows, 3U);
  EXPECT_EQ(totals[1].quantity->to_text(), "0.3");
  EXPECT_EQ(totals[1].ipu->to_text(), "0.09");
  EXPECT_EQ(rows.rows(), 4U);
}

TEST(ProjectFolderRows, ARowHasTheVendorsShapeAndNullForNoProject) {
  const Org acme = org("acme", OrgKind::production, "Acme");
  CsvRows rows;
  Consumption ipu;
  ipu.add(Total(number("1")), number("1"), number("3"));
  std::string out;
  rows.append(out, queries::ProjectFolderRow{&acme, day(2024, 9, 3), "Sales, EU", "", ipu});
  rows.append(out, queries::ProjectFolderRow{&acme, day(2024, 9, 2), "", "", Consumption()});
  EXPECT_EQ(out,
            "2024-09-03T00:00:00Z,\"Sales, EU\",null,acme,Production,0.333333333333333333\n"
            "2024-09-02T00:00:00Z,null,null,acme,Production,0.000000000000\n");
  EXPECT_EQ(csv_header(ExportKind::project_folder), "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)");
  ASSERT_EQ(rows.totals().size(), 1U);
  EXPECT_EQ(rows.totals()[0].rows, 2U);
}

}  // namespace
}  // namespace meterport::exports
