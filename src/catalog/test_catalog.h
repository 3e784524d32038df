// For tests: a catalogue with a real ledger and control store in a temporary folder.
#pragma once

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/fault_files.h"
#include "catalog/catalog.h"
#include "ledger/test_log.h"

namespace meterport::catalog {

struct TestCatalog {
  explicit TestCatalog(std::string_view region = default_region) : own_region(region), ledger(files) {
    ledger.open();
    open();
  }
  ~TestCatalog() { catalog.reset(); }

  void open() {
    catalog.reset();
    if (!store) {
      auto opened = control::open_sqlite(ledger.folder / "control.sqlite");
      ASSERT_TRUE(opened) << ledger::error_of(opened);
      store = std::move(*opened);
    }
    auto opened = Catalog::open(*ledger.log, *store, ledger.clock, *random, own_region);
    ASSERT_TRUE(opened) << ledger::error_of(opened);
    catalog = std::move(*opened);
  }
  /// All of it anew, as after a restart of the process.
  void restart() {
    catalog.reset();
    store.reset();
    ledger.open();
    open();
  }
  Result<ChangeSummary> import(std::string_view json, const Principal& by = server_principal()) {
    auto file = parse_catalogue(json);
    if (!file) return fail(std::move(file));
    return catalog->apply(by, *file);
  }
  ChangeSummary must_import(std::string_view json) {
    auto done = import(json);
    EXPECT_TRUE(done) << ledger::error_of(done);
    return done.value_or(ChangeSummary{});
  }
  std::string exported(const Principal& by = server_principal()) {
    auto text = catalog->export_file(by, "");
    EXPECT_TRUE(text) << ledger::error_of(text);
    return text.value_or("");
  }
  /// A batch of one record, as another module would write it.
  void append(ledger::RecordKind kind, std::string payload) {
    ledger::NewBatch batch;
    batch.info = ledger::test_info("other");
    batch.payloads = std::move(payload);
    batch.records.push_back({kind, batch.payloads});
    ledger.append(std::move(batch));
  }
  void run_sql(const std::string& sql) {
    const Status done = store->write([&](soci::session& session) -> Status {
      session << sql;
      return {};
    });
    ASSERT_TRUE(done) << ledger::error_of(done);
  }
  /// As if the process had died after the ledger's sync and before the projection of what came after `position`.
  void forget_projection_after(std::uint64_t position) {
    const std::string number = std::to_string(position);
    run_sql("DELETE FROM catalogue_versions WHERE recorded_at_position > " + number);
    run_sql("UPDATE catalogue_projection SET projected_position = " + number);
  }
  [[nodiscard]] SnapshotPtr now() const { return catalog->current(); }

  std::string own_region;
  FaultFiles files{system_files()};
  ledger::TestLog ledger;
  std::unique_ptr<Random> random = seeded_random(7);
  std::unique_ptr<control::Store> store;
  std::unique_ptr<Catalog> catalog;
};

inline Principal principal_with(Role role, const std::string& org) {
  Principal p;
  p.id = p.name = std::string(to_string(role)) + " of " + org;
  p.org = org;
  p.grants = {{role, org}};
  return p;
}

}  // namespace meterport::catalog
