// For tests: intake over a real ledger, control store and catalogue in a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fault_files.h"
#include "base/test_folder.h"
#include "catalog/catalog.h"
#include "formats/usage_json.h"
#include "intake/intake.h"
#include "ledger/test_log.h"

namespace meterport::intake {

inline constexpr std::string_view test_catalogue = R"({
  "orgs": [{"id":"acme","kind":"production","name":"Acme"},
           {"id":"acme-eu","kind":"sub-org","name":"Acme EU","parent":"acme"},
           {"id":"gone","kind":"sub-org","name":"Gone","parent":"acme","status":"deleted"},
           {"id":"other","kind":"production","name":"Other"}],
  "meters": [{"id":"hours","name":"Hours","unit":"h"}, {"id":"seats","name":"Seats","category":"ORGS"},
             {"id":"private","name":"Private","org":"other"}]})";

struct TestIntake {
  TestIntake() {
    EXPECT_TRUE(ledger::create_keys(files, folder / "keys", *random));
    open();
    auto file = catalog::parse_catalogue(test_catalogue);
    EXPECT_TRUE(file) << ledger::error_of(file);
    const auto applied = catalog->apply(server_principal(), *file);
    EXPECT_TRUE(applied) << ledger::error_of(applied);
  }
  ~TestIntake() { close(); }

  void open() {
    ledger::LedgerOptions options;
    options.log.folder = folder / "ledger";
    options.log.reserve_bytes = 0;
    options.index_folder = folder / "index";
    options.index_table_keys = index_table_keys;
    options.keys_folder = folder / "keys";
    auto opened_ledger = ledger::Ledger::open(options, files, clock, registry);
    ASSERT_TRUE(opened_ledger) << ledger::error_of(opened_ledger);
    ledger = std::move(*opened_ledger);
    auto opened_store = control::open_sqlite(folder / "control.sqlite");
    ASSERT_TRUE(opened_store) << ledger::error_of(opened_store);
    store = std::move(*opened_store);
    auto opened_catalog = catalog::Catalog::open(ledger->log(), *store, clock, *random);
    ASSERT_TRUE(opened_catalog) << ledger::error_of(opened_catalog);
    catalog = std::move(*opened_catalog);
    intake = std::make_unique<Intake>(*ledger, *catalog, clock, registry, options_of_intake);
  }
  void close() {
    intake.reset();
    catalog.reset();
    store.reset();
    ledger.reset();
  }
  void restart() {
    close();
    open();
  }

  static RecordBatch batch_of(const std::string& ndjson, std::string_view default_source = "") {
    formats::UsageReadOptions options;
    options.default_source = default_source;
    auto batch = formats::read_usage_ndjson(ndjson, options);
    EXPECT_TRUE(batch) << ledger::error_of(batch);
    return batch ? std::move(*batch) : RecordBatch{};
  }
  static std::string line(const std::string& id, const std::string& quantity = "1", const std::string& org = "acme-eu",
                          const std::string& meter = "hours") {
    return R"({"org":")" + org + R"(","meter":")" + meter + R"(","time":"2024-09-03T10:30:00Z","quantity":")" +
           quantity + R"(","id":")" + id + R"(","source":"agent"})" + "\n";
  }
  static Principal ingester(const std::string& org = "acme") {
    Principal p;
    p.id = "key-1";
    p.org = org;
    p.grants = {{Role::ingester, org}};
    p.default_source = "key-source";
    return p;
  }
  Result<BatchResult> submit(const std::string& ndjson, const Principal& by = ingester()) {
    return intake->submit_and_wait(by, batch_of(ndjson, by.default_source), "v1");
  }
  /// An answer may come a moment before its submission is counted as over.
  void wait_until_idle() const {
    while (intake->in_flight() != 0) std::this_thread::yield();
  }
  BatchResult must_submit(const std::string& ndjson, const Principal& by = ingester()) {
    auto result = submit(ndjson, by);
    EXPECT_TRUE(result) << ledger::error_of(result);
    return result ? std::move(*result) : BatchResult{};
  }
  /// Records of a kind in the log, decoded as "id=quantity".
  std::vector<std::string> in_log(ledger::RecordKind kind) {
    std::vector<std::string> all;
    const auto reader = ledger->log().read_from(1);
    ledger::StoredRecord stored;
    for (auto more = reader->next(stored); more && *more; more = reader->next(stored)) {
      if (stored.kind != kind) continue;
      const auto record = ledger::decode_usage(stored.payload);
      EXPECT_TRUE(record);
      if (record) all.push_back(std::string(record->id) + "=" + record->quantity.to_text());
    }
    return all;
  }

  TestFolder folder;
  FaultFiles files{system_files()};
  ledger::ManualClock clock;
  metrics::Registry registry;
  std::unique_ptr<Random> random = seeded_random(11);
  std::size_t index_table_keys = 1'000;
  IntakeOptions options_of_intake;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<control::Store> store;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<Intake> intake;
};

}  // namespace meterport::intake
