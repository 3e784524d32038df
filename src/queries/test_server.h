// For tests: ledger, catalogue, warehouse, loader and queries over a folder of their own, as the server composes them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "ledger/log.h"
#include "loading/loader.h"
#include "queries/queries.h"

namespace meterport::queries {

/// What a test hands in and adds up again by itself.
struct Entry {
  std::string org, meter, time, quantity, project, folder;
  std::uint64_t position = 0;  ///< once it is in the ledger
  std::string subscription{}, app_id{}, app_name{}, app_hrn{}, billing_tag{};
  std::string asset_name{}, asset_type{}, environment_id{}, environment_name{}, environment_type{};
};

/// For reports that do not look at the tree.
inline ReportOrgs always(const std::vector<const Org*>& orgs) {
  ReportOrgs all;
  for (const Org* org : orgs) all.push_back({org, {{Day{-1'000'000}, Day{1'000'000}}}});
  return all;
}

class TestServer : public ::testing::Test {
 protected:
  TestServer() {
    std::string name = (std::filesystem::temp_directory_path() / "queries-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    log_ = take(ledger::Log::open({.folder = folder_ / "ledger", .reserve_bytes = 0, .reserve_percent = 0},
                                  system_files(), clock_, metrics_));
    control_ = take(control::open_sqlite(folder_ / "control.sqlite"));
    catalog_ = take(catalog::Catalog::open(*log_, *control_, clock_, *random_));
    warehouse_ = take(warehouse::open_duckdb(
        {.path = folder_ / "warehouse.duckdb", .memory_limit = "256MB", .threads = 2, .temporary_folder = {}}));
    loader_ = take(loading::Loader::start(*log_, *warehouse_, metrics_, {}));
    queries_ = std::make_unique<Queries>(*warehouse_, *loader_, *catalog_, *log_, clock_);
  }
  ~TestServer() override {
    queries_.reset();
    loader_.reset();
    warehouse_.reset();
    catalog_.reset();
    control_.reset();
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text + ": " + result.error().detail);
    return std::move(*result);
  }
  static void check(const Status& status) {
    if (!status) throw std::runtime_error(status.error().text + ": " + status.error().detail);
  }

  std::uint64_t apply(std::string_view json) {
    return take(catalog_->apply(server_principal(), take(catalog::parse_catalogue(json)))).position;
  }

  /// One batch; fills in the positions.
  void ingest(std::vector<Entry>& entries) {
    ledger::NewBatch batch;
    batch.info = {.id = "batch", .principal = "test", .channel = "v1", .arrival_time = clock_.now()};
    std::vector<std::size_t> ends;
    for (Entry& entry : entries) {
      UsageRecord record;
      record.org = entry.org;
      record.meter = entry.meter;
      record.time = take(parse_instant(entry.time));
      record.quantity = Decimal::parse(entry.quantity).value();
      record.id = record.source = "x";
      record.project = entry.project;
      record.folder = entry.folder;
      record.subscription = entry.subscription;
      record.app = {.id = entry.app_id, .name = entry.app_name, .hrn = entry.app_hrn};
      record.billing_tag = entry.billing_tag;
      record.asset = {.name = entry.asset_name, .type = entry.asset_type};
      record.environment = {.id = entry.environment_id, .name = entry.environment_name, .type = entry.environment_type};
      ledger::encode_usage(batch.payloads, record);
      ends.push_back(batch.payloads.size());
    }
    for (std::size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) {
      batch.records.push_back(
          {ledger::RecordKind::usage, std::string_view(batch.payloads).substr(begin, ends[i] - begin)});
    }
    std::uint64_t position = take(log_->append_and_wait(std::move(batch))).batch_position;
    for (Entry& entry : entries) entry.position = ++position;
  }

  /// Now, loaded.
  Snapshot pin() {
    const Snapshot snapshot = take(queries_->pin({}, {}));
    check(queries_->wait_loaded(snapshot, 60'000));
    return snapshot;
  }

  std::filesystem::path folder_;
  AdjustableClock clock_;
  metrics::Registry metrics_;
  std::unique_ptr<Random> random_ = seeded_random(7);
  std::unique_ptr<ledger::Log> log_;
  std::unique_ptr<control::Store> control_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<loading::Loader> loader_;
  std::unique_ptr<Queries> queries_;
};

}  // namespace meterport::queries
