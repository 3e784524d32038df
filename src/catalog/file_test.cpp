#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

/// Found from the working folder upwards: tests run in the build folder.
std::string shipped_file(const std::string& name) {
  for (auto folder = std::filesystem::current_path(); folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / name)) return folder / name;
  }
  return name;
}

class FileTest : public ::testing::Test, protected TestCatalog {};

TEST_F(FileTest, X01_ImportExportAndImportAgainChangesNothing) {
  const ChangeSummary first = must_import(example_catalogue);
  EXPECT_EQ(first.regions, 2u);
  EXPECT_EQ(first.orgs, 4u);
  EXPECT_EQ(first.meters, 3u);
  EXPECT_EQ(first.subscriptions, 1u);
  EXPECT_EQ(first.position, now()->position());

  const std::string text = exported();
  const auto ledger_end = ledger.log->durable_position();
  const ChangeSummary again = must_import(text);
  EXPECT_EQ(again.orgs + again.meters + again.subscriptions + again.regions, 0u);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(ledger.log->durable_position(), ledger_end) << "no change, no record";
  EXPECT_EQ(exported(), text);
  const ChangeSummary original_again = must_import(example_catalogue);
  EXPECT_EQ(original_again.orgs + original_again.meters + original_again.subscriptions + original_again.regions, 0u);
}

TEST_F(FileTest, NamesOfTheWireAndTheBillingRuleComeOutAsTheyWentIn) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}],"meters":[
    {"id":"all","name":"All","here":{"feature_id":"f","name":"N","category":"Location Services","value_driver":"GB"},
     "billing":{"free_per_month":"0.5","block_size":"100","hourly":false}},
    {"id":"some","name":"Some","here":{"value_driver":"GB"},"billing":{"block_size":"0.1"}},
    {"id":"none","name":"None"}]})");
  const std::string text = exported();
  const auto check = [&] {
    const SnapshotPtr snapshot = now();
    const Meter& all = *snapshot->meter("acme", "all");
    EXPECT_EQ(all.here,
              (HereNames{.feature_id = "f", .name = "N", .category = "Location Services", .value_driver = "GB"}));
    EXPECT_EQ(all.billing, (BillingRule{.free_per_month = Decimal::parse("0.5").value(),
                                        .block_size = Decimal::from_integer(100),
                                        .hourly = false}));
    const Meter& some = *snapshot->meter("acme", "some");
    EXPECT_EQ(some.here, (HereNames{.feature_id = {}, .name = {}, .category = {}, .value_driver = "GB"}));
    EXPECT_EQ(some.billing, (BillingRule{.free_per_month = {}, .block_size = Decimal::parse("0.1").value()}));
    EXPECT_FALSE(snapshot->meter("acme", "none")->here);
    EXPECT_FALSE(snapshot->meter("acme", "none")->billing);
  };
  check();
  EXPECT_EQ(must_import(text).meters, 0u);
  check();
  EXPECT_EQ(exported(), text);
}

TEST_F(FileTest, X02_AnOrgWithoutAnIdGetsOneOf22Base62Characters) {
  const ChangeSummary done = must_import(R"({"orgs":[{"kind":"production","name":"Acme"}]})");
  ASSERT_EQ(done.org_ids.size(), 1u);
  EXPECT_EQ(done.org_ids[0].size(), 22u);
  EXPECT_EQ(done.org_ids[0].find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            std::string::npos);
  EXPECT_NE(now()->org(done.org_ids[0]), nullptr);
  EXPECT_EQ(done.notices.size(), 1u);
}

TEST_F(FileTest, TheShippedInformaticaCatalogueImportsAndKeepsItsNoBreakSpace) {
  const auto text = read_file(system_files(), shipped_file("examples/catalogs/informatica.json"));
  ASSERT_TRUE(text) << ledger::error_of(text);
  const ChangeSummary done = must_import(*text);
  EXPECT_EQ(done.meters, 33u);
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  const SnapshotPtr snapshot = now();
  EXPECT_EQ(snapshot->meter("acme", "jRkQw2YQksQjLqowj7Mveq")->name_on(day(2024, 1, 1)),
            "MDM\xC2\xA0"
            "Data Integration");
  EXPECT_TRUE(snapshot->meter("acme", "5Ariu53Z8gobF4KYsmTg4Z")->is_made_by_server());
}

}  // namespace
}  // namespace meterport::catalog
