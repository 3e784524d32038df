#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

class CatalogTest : public ::testing::Test, protected TestCatalog {};

TEST_F(CatalogTest, AnOldPositionShowsTheCatalogueAsItWasRecorded) {
  const ChangeSummary first = must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  append(ledger::RecordKind::usage, "usage");
  const auto between = ledger.log->durable_position();
  const ChangeSummary second = must_import(
      R"({"orgs":[{"id":"acme","kind":"production","name":"Acme Ltd"},{"id":"eu","kind":"sub-org","name":"EU","parent":"acme"}]})");

  for (const bool reopened : {false, true}) {
    if (reopened) restart();
    const auto old = catalog->at(between);
    ASSERT_TRUE(old);
    EXPECT_EQ((*old)->position(), first.position);
    EXPECT_EQ((*old)->org("acme")->name, "Acme");
    EXPECT_EQ((*old)->org("eu"), nullptr);
    EXPECT_EQ((*catalog->at(second.position - 1))->position(), first.position) << "a change counts whole or not";
    EXPECT_EQ((*catalog->at(second.position))->org("acme")->name, "Acme Ltd");
    EXPECT_TRUE((*catalog->at(0))->orgs().empty());
    EXPECT_EQ(*catalog->at(between), *old) << "cached";
    EXPECT_EQ(catalog->at(ledger.log->durable_position() + 1).error().kind, ErrorKind::not_found);
  }
}

TEST_F(CatalogTest, ACrashBetweenLedgerAndProjectionLosesNothing) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  must_import(R"({"meters":[{"id":"m","name":"M","divisor":"1000","rates":[{"ipu_per_unit":0.1e3}]}]})");
  const ChangeSummary last = must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme Ltd"}]})");
  const std::string whole = exported();

  catalog.reset();
  forget_projection_after(last.position - 2);
  restart();
  EXPECT_EQ(exported(), whole);
  EXPECT_EQ(now()->position(), last.position);

  catalog.reset();
  forget_projection_after(0);
  restart();
  EXPECT_EQ(exported(), whole) << "all of it comes back from the ledger";
  EXPECT_EQ((*catalog->at(last.position - 1))->org("acme")->name, "Acme");
}

TEST_F(CatalogTest, RecordsOfOtherModulesArePassedOverInReplay) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  const std::string whole = exported();
  catalog.reset();
  append(ledger::RecordKind::catalogue_change, R"({"kind":"focus-layout","columns":["a"]})");
  append(ledger::RecordKind::catalogue_change, "no JSON at all");
  append(ledger::RecordKind::org_change, R"({"kind":"org","object":{"id":"new","kind":"production",)"
                                         R"("name":"New","field_of_tomorrow":true}})");
  restart();
  EXPECT_EQ(now()->orgs().size(), 2u);
  EXPECT_NE(now()->org("new"), nullptr) << "members this version does not know do not stop it";
}

TEST_F(CatalogTest, AControlStoreAheadOfTheLedgerIsRefusedWithAWayOut) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  catalog.reset();
  ledger::TestLog other;
  other.open();
  const auto opened = Catalog::open(*other.log, *store, ledger.clock, *random);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::store_unavailable);
  EXPECT_NE(opened.error().text.find("same backup"), std::string::npos);
}

TEST_F(CatalogTest, AFailedAppendChangesNothing) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  const std::string before = exported();
  files.plan({FaultKind::sync_error, "ledger"});
  const auto refused = import(R"({"orgs":[{"id":"acme","kind":"production","name":"Other"}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(exported(), before) << "not acknowledged, not shown";
}

TEST_F(CatalogTest, AChangeOverTheApiBecomesAHistoryEntry) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme"}]})");
  OrgChange named, disabled, anchored;
  named.valid_from = disabled.valid_from = day(2024, 7, 1);
  named.name = "Acme Ltd";
  disabled.status = OrgStatus::disabled;
  anchored.valid_from = day(2024, 1, 1);
  anchored.billing_anchor_day = 31;
  const Org org = with_change(with_change(with_change(*now()->org("acme"), named), disabled), anchored);
  CatalogueFile file;
  file.orgs.push_back(org);
  ASSERT_TRUE(catalog->apply(server_principal(), file));
  const Org& org_now = *now()->org("acme");
  ASSERT_EQ(org_now.history.size(), 2u);
  EXPECT_EQ(org_now.name_on(day(2024, 6, 30)), "Acme");
  EXPECT_EQ(org_now.name_on(day(2024, 7, 1)), "Acme Ltd");
  EXPECT_EQ(org_now.status_on(day(2024, 7, 1)), OrgStatus::disabled);
  EXPECT_EQ(org_now.billing_anchor_on(day(2024, 2, 1)), 31u);
}

TEST_F(CatalogTest, WhatAMeterCountsCannotChangeOnceItHasUsage) {
  must_import(R"({"meters":[{"id":"m","name":"M","unit":"rows"},{"id":"free","name":"F","unit":"rows"}]})");
  catalog->set_usage_probe([](std::string_view owner, std::string_view id) { return owner.empty() && id == "m"; });
  for (const char* change : {R"("unit":"hours")", R"("unit":"rows","scalar":"MILLION_ROWS")",
                             R"("unit":"rows","divisor":10)", R"("unit":"rows","category":"X")"}) {
    const auto refused = import(std::string(R"({"meters":[{"id":"m","name":"M",)") + change + "}]}");
    ASSERT_FALSE(refused) << change;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_TRUE(refused.error().field.starts_with("/meters/0/")) << refused.error().field;
  }
  must_import(R"({"meters":[{"id":"m","name":"New name","unit":"rows","rates":[{"ipu_per_unit":"2"}]},
                            {"id":"free","name":"F","unit":"hours"}]})");
}

TEST_F(CatalogTest, ReadersGoOnWhileChangesArePublished) {
  must_import(R"({"orgs":[{"id":"acme","kind":"production","name":"Acme 0"}]})");
  std::atomic<bool> done = false;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t seen = 0;
      while (!done) {
        const SnapshotPtr snapshot = now();
        EXPECT_GE(snapshot->position(), seen);
        seen = snapshot->position();
        EXPECT_TRUE(snapshot->org("acme")->name.starts_with("Acme "));
        const auto old = catalog->at(seen / 2);
        EXPECT_TRUE(old);
      }
    });
  }
  std::vector<std::jthread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 20; ++i) {
        const std::string id = "s" + std::to_string(w) + "-" + std::to_string(i);
        const auto changed = import(R"({"orgs":[{"id":")" + id + R"(","kind":"sandbox","name":"S","parent":"acme"}]})");
        EXPECT_TRUE(changed);
      }
    });
  }
  writers.clear();
  done = true;
  readers.clear();
  EXPECT_EQ(now()->orgs().size(), 41u);
  const std::string before = exported();
  restart();
  EXPECT_EQ(exported(), before);
}

}  // namespace
}  // namespace meterport::catalog
