// Imports over a real ledger and catalogue: crosswalk X11 to X14.
#include "intake/focus_import.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.h"
#include "formats/focus.h"
#include "intake/test_intake.h"

namespace meterport::intake {
namespace {

std::string sample_file() {
  // The test runs from any folder; the sample lies beside the sources.
  const std::filesystem::path root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  auto bytes = read_file(system_files(), root / "examples/focus/focus_sample.csv");
  EXPECT_TRUE(bytes) << ledger::error_of(bytes);
  return bytes.value_or("");
}

class ImportTest : public ::testing::Test, protected TestIntake {
 protected:
  Result<ImportReport> import(std::string csv, const std::string& into = "acme",
                              const Principal& by = server_principal()) {
    return import_focus(*intake, *catalog, by, settings, std::move(csv), into, {});
  }
  ImportReport must_import(std::string csv) {
    auto report = import(std::move(csv));
    EXPECT_TRUE(report) << ledger::error_of(report);
    return report.value_or(ImportReport{});
  }
  std::map<std::string, Total> totals_by_meter() {
    std::map<std::string, Total> totals;
    const auto reader = ledger->log().read_from(1);
    ledger::StoredRecord stored;
    for (auto more = reader->next(stored); more && *more; more = reader->next(stored)) {
      if (stored.kind != ledger::RecordKind::usage) continue;
      const auto record = ledger::decode_usage(stored.payload);
      totals[std::string(record->meter)] += Total(record->quantity);
    }
    return totals;
  }
  Settings settings;
};

constexpr std::string_view header =
    "BillingAccountId,BillingAccountName,SubAccountId,SubAccountName,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,"
    "SkuId,ServiceName,ServiceCategory,BilledCost,BillingCurrency\n";
std::string row(const std::string& account, const std::string& sub, const std::string& quantity,
                const std::string& unit, const std::string& sku, const std::string& service = "Queue",
                const std::string& account_name = "Sun") {
  return account + "," + account_name + "," + sub + ",Sub,2024-09-18 22:00:00," + quantity + "," + unit + "," + sku +
         "," + service + ",Integration,1.5,USD\n";
}

TEST_F(ImportTest, X11_VectorsOfSafeIdsAndRowHashes) {
  EXPECT_EQ(safe_id_of("/providers/Microsoft.Billing/billingAccounts/8611537"),
            "providers-Microsoft.Billing-billingAccounts-8611537-6be395c6c7a7");
  EXPECT_EQ(safe_id_of("a b"), "a-b-c8687a08aa5d");
  EXPECT_EQ(safe_id_of(".."), "id-5ec1f7e700f3");
  EXPECT_EQ(safe_id_of("1234567890123"), "1234567890123");
  EXPECT_EQ(formats::focus_row_hash({{"SkuId", "A1"}, {"ConsumedQuantity", "2.50"}, {"Tags", std::nullopt}}),
            "c187636ee6c6e5240d0b5983b7f8ec31c646442fe9c5605cfe003bf0b7e6cb1f");
}

TEST_F(ImportTest, X12_TheSampleTwiceStores999AndThenNothing) {
  const std::string file = sample_file();
  const ImportReport first = must_import(file);
  EXPECT_EQ(first.rows, 1'000u);
  EXPECT_EQ(first.stored, 999u);
  EXPECT_EQ(first.rejected, 1u);
  EXPECT_EQ(first.orgs_made, 76u) << "3 billing accounts and 73 sub-accounts";
  EXPECT_EQ(first.meters_made, 266u);
  ASSERT_EQ(first.rejected_rows.size(), 1u);
  const RejectedRow& rejected = first.rejected_rows[0];
  EXPECT_EQ(rejected.error.code, RecordErrorCode::no_quantity);
  EXPECT_EQ(rejected.error.text, "line 458: no ConsumedQuantity (Credit, Id 2555992), BilledCost -2.61370000000 USD");
  EXPECT_EQ(rejected.line, 458u);
  EXPECT_EQ(first.rejected_billed_cost, (std::map<std::string, std::string>{{"USD", "-2.6137"}}));
  EXPECT_NE(file.find(rejected.row), std::string::npos);

  const auto snapshot = catalog->current();
  const Meter* shared = snapshot->meter("acme", "EAUDKWWNQJZTV253");
  ASSERT_NE(shared, nullptr);
  EXPECT_EQ(shared->names.front().name, "Amazon Elastic Compute Cloud") << "of two equally frequent names the first";
  EXPECT_EQ(shared->org, "acme");

  const auto end = ledger->log().durable_position();
  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    const ImportReport again = must_import(file);
    EXPECT_EQ(again.stored, 0u);
    EXPECT_EQ(again.duplicates, 999u);
    EXPECT_EQ(again.rejected, 1u);
    EXPECT_EQ(again.orgs_made + again.meters_made, 0u);
    EXPECT_EQ(ledger->log().durable_position(), end) << "the layout is stored once, too";
  }
}

TEST_F(ImportTest, X13_EqualRowsOfOneFileAllCountAndTheFileAgainAddsNothing) {
  const std::string file = std::string(header) + row("ba", "", "2.5", "h", "sku") + row("ba", "", "2.5", "h", "sku") +
                           row("ba", "", "2.5", "h", "sku");
  EXPECT_EQ(must_import(file).stored, 3u);
  EXPECT_EQ(must_import(file).duplicates, 3u);
  EXPECT_EQ(totals_by_meter()["sku"].to_text(), "7.5");
}

TEST_F(ImportTest, X14_OneSkuInTwoUnitsMakesTwoMeters) {
  const std::string file = std::string(header) + row("ba", "", "1", "h", "sku") + row("ba", "", "2", "h", "sku") +
                           row("ba", "", "1000", "GB", "sku") + row("ba", "", "7", "NULL", "sku");
  EXPECT_EQ(must_import(file).meters_made, 3u);
  auto totals = totals_by_meter();
  EXPECT_EQ(totals["sku"].to_text(), "3");
  const std::string derived = safe_id_of("sku~GB");
  EXPECT_EQ(totals[derived].to_text(), "1000");
  EXPECT_EQ(totals[safe_id_of("sku~1")].to_text(), "7");
  const Meter* meter = catalog->current()->meter("acme", derived);
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->unit, "GB");
  EXPECT_EQ(meter->aliases, std::vector<std::string>{"sku~GB"});
  ASSERT_EQ(meter->rates.size(), 1u);
  EXPECT_EQ(meter->rates[0].ipu_per_unit.to_text(), "1");

  // A later file in which the other unit is the more frequent still adds to the same meters.
  EXPECT_EQ(must_import(std::string(header) + row("ba", "", "5", "GB", "sku")).meters_made, 0u);
  EXPECT_EQ(totals_by_meter()[derived].to_text(), "1005");
}

TEST_F(ImportTest, AccountsBecomeOrgsWithTheirMostFrequentNames) {
  const std::string file = std::string(header) + row("ba", "s/1", "1", "h", "sku", "Queue", "Moon") +
                           row("ba", "ba", "1", "h", "sku", "Queue", "Sun") + row("ba", "", "1", "h", "sku") +
                           row("NULL", "s", "1", "h", "sku") + row("ba", "s2", "1", "h", "NULL");
  const ImportReport report = must_import(file);
  EXPECT_EQ(report.stored, 3u);
  EXPECT_EQ(report.orgs_made, 2u);
  ASSERT_EQ(report.rejected_rows.size(), 2u);
  EXPECT_EQ(report.rejected_rows[0].error.code, RecordErrorCode::no_billing_account);
  EXPECT_EQ(report.rejected_rows[1].error.code, RecordErrorCode::no_sku);
  EXPECT_EQ(report.rejected_billed_cost.at("USD"), "3");
  const auto snapshot = catalog->current();
  ASSERT_NE(snapshot->org("ba"), nullptr);
  EXPECT_EQ(snapshot->org("ba")->name, "Sun");
  EXPECT_EQ(snapshot->org("ba")->kind, OrgKind::additional_production);
  EXPECT_EQ(snapshot->org("ba")->parent, "acme");
  const Org* sub = snapshot->org_by_alias("ba", "s/1");
  ASSERT_NE(sub, nullptr);
  EXPECT_EQ(sub->id, safe_id_of("s/1"));
  EXPECT_EQ(sub->kind, OrgKind::sub_org);

  const ImportReport renamed = must_import(std::string(header) + row("ba", "", "9", "h", "sku", "Queue", "Star"));
  EXPECT_EQ(catalog->current()->org("ba")->name, "Sun") << "an import renames nothing";
  ASSERT_EQ(renamed.notices.size(), 1u);
  EXPECT_NE(renamed.notices[0].find("Star"), std::string::npos);
}

TEST_F(ImportTest, AnIdThatAnotherOrgHasIsMadeOfParentAndId) {
  // "acme-eu" is a sub-org of acme, not under the billing account "ba".
  const std::string file = std::string(header) + row("ba", "acme-eu", "1", "h", "sku");
  EXPECT_EQ(must_import(file).orgs_made, 2u);
  const Org* made = catalog->current()->org_by_alias("ba", "acme-eu");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->id, safe_id_of("ba/acme-eu"));
  EXPECT_EQ(must_import(file).orgs_made, 0u);
}

TEST_F(ImportTest, ATakenMeterIdRejectsItsRows) {
  const std::string file = std::string(header) + row("ba", "", "1", "h", "a b") + row("ba", "", "1", "h", "ok");
  auto taken = catalog::parse_catalogue(R"({"meters":[{"id":"a-b-c8687a08aa5d","name":"Taken","org":"acme-eu"}]})");
  ASSERT_TRUE(catalog->apply(server_principal(), *taken));
  const ImportReport report = must_import(file);
  EXPECT_EQ(report.stored, 1u);
  ASSERT_EQ(report.rejected_rows.size(), 1u);
  EXPECT_EQ(report.rejected_rows[0].error.code, RecordErrorCode::id_taken);
  EXPECT_EQ(report.rejected_rows[0].line, 2u);
}

TEST_F(ImportTest, TheTopOrgMustBeNamedWhereThereAreSeveral) {
  const std::string file = std::string(header) + row("ba", "", "1", "h", "sku");
  const auto unnamed = import(file, "");
  ASSERT_FALSE(unnamed);
  EXPECT_EQ(unnamed.error().kind, ErrorKind::invalid);
  EXPECT_NE(unnamed.error().text.find("acme, other"), std::string::npos);
  EXPECT_FALSE(import(file, "acme-eu"));
  EXPECT_FALSE(import(file, "other", ingester("acme"))) << "not in scope";
  EXPECT_FALSE(import(file, "acme", ingester("acme"))) << "an ingester makes no orgs";
  EXPECT_EQ(catalog->current()->org("ba"), nullptr);
  Principal admin = ingester("acme");
  admin.grants.push_back({Role::admin, "acme"});
  EXPECT_TRUE(import(file, "", admin)) << "the only one of this principal";
}

TEST_F(ImportTest, LinesOfNdjsonAreReportedByTheirNumbers) {
  std::string file = line("a") + "\n" + line("b", "x") + "  \r\n" + line("c", "1", "nowhere") + "{\n" + line("a", "2");
  for (int i = 0; i < 12'000; ++i) file += line("n" + std::to_string(i));
  std::uint64_t last_done = 0;
  const Progress progress = [&last_done](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    last_done = done;
  };
  auto report = import_ndjson(*intake, server_principal(), settings, file, progress);
  ASSERT_TRUE(report) << ledger::error_of(report);
  EXPECT_EQ(report->rows, 12'005u);
  EXPECT_EQ(last_done, 12'005u);
  EXPECT_EQ(report->stored, 12'001u);
  EXPECT_EQ(report->conflicts, 1u);
  ASSERT_EQ(report->notices.size(), 1u);
  EXPECT_TRUE(report->notices[0].starts_with("line 7: "));
  ASSERT_EQ(report->rejected_rows.size(), 3u);
  EXPECT_EQ(report->rejected_rows[0].line, 3u);
  EXPECT_EQ(report->rejected_rows[0].id, "b");
  EXPECT_EQ(report->rejected_rows[1].line, 5u);
  EXPECT_EQ(report->rejected_rows[1].id, "c");
  EXPECT_EQ(report->rejected_rows[2].line, 6u);
  EXPECT_EQ(report->rejected_rows[2].row, "{");

  report = import_ndjson(*intake, server_principal(), settings, file, {});
  EXPECT_EQ(report->stored, 0u);
  EXPECT_EQ(report->duplicates, 12'001u);
}

}  // namespace
}  // namespace meterport::intake
