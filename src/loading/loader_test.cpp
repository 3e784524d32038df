// The loader between a real log and a real warehouse.
#include "loading/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>

namespace meterport::loading {
namespace {

using warehouse::Dimension;

constexpr std::int64_t patience_ms = 60'000;

/// Refuses the next batches, on demand; otherwise the warehouse it wraps.
class MoodyWarehouse final : public warehouse::Warehouse {
 public:
  explicit MoodyWarehouse(std::unique_ptr<Warehouse> inner) : inner_(std::move(inner)) {}
  Status append(const warehouse::LoadBatch& batch) override {
    ++appends;
    if (refuses) return fail(ErrorKind::storage_full, "the disk of the warehouse is full", "for the test");
    return inner_->append(batch);
  }
  Result<std::uint64_t> loaded_position() override { return inner_->loaded_position(); }
  Status read_words(const std::function<void(Dimension, warehouse::Code, std::string_view)>& each) override {
    return inner_->read_words(each);
  }
  Status sum(const warehouse::SumQuery& query, const std::function<void(const warehouse::SumRow&)>& each) override {
    return inner_->sum(query, each);
  }
  Status scan(const warehouse::ScanQuery& query, const std::function<void(const warehouse::FactRow&)>& each) override {
    return inner_->scan(query, each);
  }
  Result<std::vector<warehouse::DayCount>> count_days(std::uint64_t as_of, const std::vector<warehouse::Code>& orgs,
                                                      const std::vector<warehouse::Code>& meters, Instant from,
                                                      Instant to) override {
    return inner_->count_days(as_of, orgs, meters, from, to);
  }
  Result<std::vector<warehouse::Code>> meters_in_use(std::uint64_t as_of, const std::vector<warehouse::Code>& orgs,
                                                     Instant from, Instant to) override {
    return inner_->meters_in_use(as_of, orgs, from, to);
  }
  Result<std::vector<warehouse::FirstDay>> first_days(std::uint64_t as_of, const std::vector<warehouse::Code>& orgs,
                                                      const std::vector<warehouse::Code>& meters, Day before) override {
    return inner_->first_days(as_of, orgs, meters, before);
  }
  Result<bool> compact() override { return inner_->compact(); }
  Status checkpoint() override {
    ++checkpoints;
    return inner_->checkpoint();
  }

  std::atomic<bool> refuses = false;
  std::atomic<int> appends = 0;
  std::atomic<int> checkpoints = 0;

 private:
  std::unique_ptr<Warehouse> inner_;
};

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    std::string name = (std::filesystem::temp_directory_path() / "loader-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    options_.retry_delay_ms = 1;
    open();
  }
  ~LoaderTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }
  void close() {
    loader_.reset();
    store_.reset();
    log_.reset();
  }
  void open() {
    close();
    log_ = take(ledger::Log::open({.folder = folder_ / "ledger", .reserve_bytes = 0, .reserve_percent = 0},
                                  system_files(), system_clock(), metrics_));
    store_ = std::make_unique<MoodyWarehouse>(take(warehouse::open_duckdb(
        {.path = folder_ / "warehouse.duckdb", .memory_limit = "256MB", .threads = 2, .temporary_folder = {}})));
    start();
  }
  void start() { loader_ = take(Loader::start(*log_, *store_, metrics_, options_)); }

  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text + ": " + result.error().detail);
    return std::move(*result);
  }

  /// One usage record in a batch of its own; its position.
  std::uint64_t ingest(const UsageRecord& record) {
    std::string payload;
    ledger::encode_usage(payload, record);
    return append(ledger::RecordKind::usage, std::move(payload));
  }
  std::uint64_t append(ledger::RecordKind kind, std::string payload) {
    ledger::NewBatch batch;
    batch.info = {.id = "b", .principal = "test", .channel = "v1", .arrival_time = system_clock().now()};
    batch.payloads = std::move(payload);
    batch.records.push_back({kind, batch.payloads});
    return take(log_->append_and_wait(std::move(batch))).batch_position + 1;
  }
  static UsageRecord usage(std::string_view org, std::string_view quantity) {
    UsageRecord record;
    record.org = org;
    record.meter = "rows";
    record.time = start_of(Day{20'000});
    record.quantity = Decimal::parse(quantity).value();
    record.id = record.source = "x";
    return record;
  }
  std::string total_of(std::string_view org) {
    std::string text = "none";
    warehouse::SumQuery query{.as_of_position = UINT64_MAX,
                              .orgs = {loader_->dictionaries().find(Dimension::org, org)},
                              .meters = {},
                              .from = start_of(Day{19'999}),
                              .to = start_of(Day{20'001}),
                              .group_by = {}};
    auto status = store_->sum(query, [&](const warehouse::SumRow& row) { text = row.quantity.to_text(); });
    EXPECT_TRUE(status);
    return text;
  }

  std::filesystem::path folder_;
  metrics::Registry metrics_;
  LoaderOptions options_;
  std::unique_ptr<ledger::Log> log_;
  std::unique_ptr<MoodyWarehouse> store_;
  std::unique_ptr<Loader> loader_;
};

TEST_F(LoaderTest, WhatIsDurableIsLoadedOnceSomeoneWaitsForIt) {
  ingest(usage("acme", "1.5"));
  const auto last = ingest(usage("acme", "-0.25"));
  ASSERT_TRUE(loader_->wait_for(last, patience_ms));
  EXPECT_GE(loader_->loaded_position(), last);
  EXPECT_EQ(total_of("acme"), "1.25");
  EXPECT_NE(metrics_.expose().find("meterport_loaded_facts_total 2"), std::string::npos);
}

TEST_F(LoaderTest, ARestartContinuesWhereTheWarehouseEnds) {
  ASSERT_TRUE(loader_->wait_for(ingest(usage("acme", "1")), patience_ms));
  const auto code = loader_->dictionaries().find(Dimension::org, "acme");
  loader_.reset();
  ingest(usage("other", "5"));
  const auto last = ingest(usage("acme", "2"));
  open();
  ASSERT_TRUE(loader_->wait_for(last, patience_ms));
  EXPECT_EQ(loader_->dictionaries().find(Dimension::org, "acme"), code);
  EXPECT_EQ(total_of("acme"), "3");
  EXPECT_EQ(total_of("other"), "5");
}

TEST_F(LoaderTest, RecordsOfOtherKindsOnlyMoveThePosition) {
  const auto watermark = append(ledger::RecordKind::watermark, R"({"source":"s"})");
  ASSERT_TRUE(loader_->wait_for(watermark, patience_ms));
  EXPECT_EQ(take(store_->loaded_position()), watermark);
  EXPECT_EQ(loader_->dictionaries().find(Dimension::org, "acme"), 0u);
}

TEST_F(LoaderTest, AReversalTakesBackWhatItRepeats) {
  const auto wrong = ingest(usage("acme", "1.5"));
  ingest(usage("acme", "2"));
  UsageRecord negated = usage("acme", "-1.5");
  negated.id = "void";
  std::string payload;
  ledger::encode_record(payload, ledger::RecordKind::reversal, negated, {.reverses = wrong, .reason = "wrong"});
  ASSERT_TRUE(loader_->wait_for(append(ledger::RecordKind::reversal, std::move(payload)), patience_ms));
  EXPECT_EQ(total_of("acme"), "2");
}

TEST_F(LoaderTest, AllDimensionsAreCoded) {
  UsageRecord record = usage("acme", "1");
  record.project = "p";
  record.folder = "f";
  record.asset = {.name = "an", .type = "at"};
  record.environment = {.id = "ei", .name = "en", .type = "et"};
  record.subscription = "s";
  record.line = 7;
  record.app = {.id = "ai", .name = "apn", .hrn = "ah"};
  record.billing_tag = "b";
  record.channel = "ch";
  record.category = "ca";
  ASSERT_TRUE(loader_->wait_for(ingest(record), patience_ms));
  const std::map<Dimension, std::string> expected = {
      {Dimension::org, "acme"},          {Dimension::meter, "rows"},          {Dimension::project, "p"},
      {Dimension::folder, "f"},          {Dimension::asset_name, "an"},       {Dimension::asset_type, "at"},
      {Dimension::environment_id, "ei"}, {Dimension::environment_name, "en"}, {Dimension::environment_type, "et"},
      {Dimension::subscription, "s"},    {Dimension::app_id, "ai"},           {Dimension::app_name, "apn"},
      {Dimension::app_hrn, "ah"},        {Dimension::billing_tag, "b"},       {Dimension::channel, "ch"},
      {Dimension::category, "ca"}};
  ASSERT_EQ(expected.size(), warehouse::dimension_count);
  for (const auto& [dimension, text] : expected) {
    warehouse::SumQuery query{.as_of_position = UINT64_MAX,
                              .orgs = {1},
                              .meters = {},
                              .from = start_of(Day{19'999}),
                              .to = start_of(Day{20'001}),
                              .group_by = {},
                              .by_org = false,
                              .by_meter = false,
                              .by_day = false};
    query.group_by = {dimension};
    ASSERT_TRUE(store_->sum(query, [&](const warehouse::SumRow& row) {
      EXPECT_EQ(loader_->dictionaries().text(dimension, row.dims[0]), text);
    }));
  }
}

TEST_F(LoaderTest, ARefusedBatchOnlyTakesLongerAndGoesInOnceItCan) {
  store_->refuses = true;
  const auto position = ingest(usage("acme", "4"));
  while (store_->appends < 2) {  // refused and tried again
    const auto refused = loader_->wait_for(position, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  }
  EXPECT_EQ(loader_->loaded_position(), 0u);
  EXPECT_EQ(loader_->stopped_reason(), "");
  store_->refuses = false;
  ASSERT_TRUE(loader_->wait_for(position, patience_ms));
  EXPECT_EQ(total_of("acme"), "4");
  EXPECT_EQ(store_->loaded_position().value(), position);
}

TEST_F(LoaderTest, ARecordThatCannotBeReadStopsLoadingForGood) {
  const auto good = ingest(usage("acme", "4"));
  ASSERT_TRUE(loader_->wait_for(good, patience_ms));
  const auto bad = append(ledger::RecordKind::usage, "no record at all");
  const auto stopped = loader_->wait_for(bad, patience_ms);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::store_unavailable);
  EXPECT_NE(loader_->stopped_reason(), "");
  EXPECT_TRUE(loader_->wait_for(good, 0)) << "what was loaded stays readable";
}

TEST_F(LoaderTest, WaitingEndsAsBusyAfterItsTime) {
  const auto status = loader_->wait_for(log_->durable_position() + 1, 1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::busy);
}

TEST_F(LoaderTest, ManyBatchesAreLoadedInBoundedPiecesAndCheckpointed) {
  loader_.reset();
  std::uint64_t last = 0;
  for (int i = 0; i < 500; ++i) last = ingest(usage("acme", "1"));
  options_.batch_records_max = 100;
  options_.checkpoint_bytes = 20'000;
  store_->appends = 0;
  start();
  ASSERT_TRUE(loader_->wait_for(last, patience_ms));
  EXPECT_EQ(total_of("acme"), "500");
  EXPECT_GE(store_->appends, 5);
  loader_.reset();
  EXPECT_GE(store_->checkpoints, 1);
}

TEST_F(LoaderTest, AWarehouseAheadOfTheLedgerIsRefused) {
  ASSERT_TRUE(loader_->wait_for(ingest(usage("acme", "1")), patience_ms));
  close();
  std::filesystem::remove_all(folder_ / "ledger");
  auto log = take(ledger::Log::open({.folder = folder_ / "ledger", .reserve_bytes = 0, .reserve_percent = 0},
                                    system_files(), system_clock(), metrics_));
  auto store = take(warehouse::open_duckdb({.path = folder_ / "warehouse.duckdb", .temporary_folder = {}}));
  const auto started = Loader::start(*log, *store, metrics_, options_);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().text.find("remove warehouse.duckdb"), std::string::npos);
}

}  // namespace
}  // namespace meterport::loading
