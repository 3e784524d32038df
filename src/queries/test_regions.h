// For tests: the same usage in one ledger, and spread over three regions of which two are read through part files.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "queries/part_file.h"
#include "queries/part_store.h"
#include "queries/test_server.h"

namespace meterport::queries {

/// A server of its own, beside the test's.
class RegionServer : public TestServer {
 public:
  using TestServer::apply;
  using TestServer::catalog_;
  using TestServer::clock_;
  using TestServer::ingest;
  using TestServer::log_;
  using TestServer::pin;
  using TestServer::queries_;

 private:
  void TestBody() override {}
};

/// What a sink is given, as texts.
class LinesSink final : public PartSink {
 public:
  Status word(warehouse::Dimension dimension, warehouse::Code code, std::string_view text) override {
    EXPECT_TRUE(words_.emplace(std::pair(dimension, code), text).second) << "given twice: " << text;
    return {};
  }
  Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) override {
    std::string line = fmt::format("{} {} {}", fact.position, format_rfc3339(Instant{fact.time_us}),
                                   Decimal::from_parts(fact.whole, fact.fraction_1e18).to_text());
    for (std::size_t i = 0; i < warehouse::dimension_count; ++i) {
      if (fact.codes[i] == 0) continue;
      const auto word = words_.find({static_cast<warehouse::Dimension>(i), fact.codes[i]});
      EXPECT_NE(word, words_.end()) << "a code before its word";
      if (word != words_.end()) line += fmt::format(" {}={}", i, word->second);
    }
    if (!payload.empty()) line += fmt::format(" {} {}", arrival_time.us, payload);
    lines.push_back(std::move(line));
    return {};
  }
  std::vector<std::string> lines;

 private:
  std::map<std::pair<warehouse::Dimension, warehouse::Code>, std::string> words_;
};

/// Other regions, asked in the test's own process; some of them fail.
class FakeRegions final : public PartSource {
 public:
  explicit FakeRegions(std::map<std::string, std::unique_ptr<RegionServer>>& servers) : servers_(servers) {}

  [[nodiscard]] const std::string& own_region() const override { return own_; }
  Status fetch(const std::string& region, const PartRequest& request, const std::string& path,
               const PartCall& call) override {
    if (auto answers = look(region, call); !answers) return answers;
    auto writer = PartFileWriter::create(system_files(), path, request.grain, request.dims);
    if (!writer) return fail(std::move(writer));
    if (auto read = servers_.at(region)->queries_->read_part(request, **writer, 5'000); !read) return read;
    return (*writer)->finish();
  }
  Result<std::vector<TotalRow>> totals(const std::string& region, const TotalsRequest& request,
                                       const std::vector<std::string>& orgs, Instant as_of,
                                       const PartCall& call) override {
    if (auto answers = look(region, call); !answers) return fail(std::move(answers));
    return servers_.at(region)->queries_->own_totals(request, orgs, as_of, 5'000);
  }
  Status probe(const std::string& region, const PartCall& call) override { return look(region, call); }

  std::string own_ = "eu";
  std::map<std::string, Error> failing;
  std::string stalled;  ///< answers nothing until it is told to end

 private:
  Status look(const std::string& region, const PartCall& call) {
    while (region == stalled && !*call.is_over) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (region == stalled) return fail(ErrorKind::region_unavailable, "it did not answer in time");
    const auto found = failing.find(region);
    return found == failing.end() ? Status() : Status(std::unexpected(found->second));
  }
  std::map<std::string, std::unique_ptr<RegionServer>>& servers_;
};

class RegionsTest : public TestServer {
 protected:
  static constexpr const char* own_region = "eu";

  /// Everywhere.
  void make(std::string_view json) {
    apply(json);
    for (const char* region : {"eu", "us", "ap"}) {
      regions_[region] = std::make_unique<RegionServer>();
      regions_[region]->apply(json);
    }
  }
  [[nodiscard]] std::string region_of(const std::string& org) const {
    return std::string(catalog_->current()->region_of(org));
  }
  /// Into the one ledger and into those of the orgs' regions.
  void use(std::vector<Entry> entries) {
    std::map<std::string, std::vector<Entry>> by_region;
    for (const Entry& entry : entries) by_region[region_of(entry.org)].push_back(entry);
    ingest(entries);
    std::map<std::string, std::size_t> next;
    for (auto& [region, some] : by_region) regions_.at(region)->ingest(some);
    for (const Entry& entry : entries) {
      const std::string region = region_of(entry.org);
      used_.push_back({entry, region, by_region.at(region)[next[region]++].position});
    }
  }
  /// What was used so far, by its number.
  void take_back(std::size_t number) {
    const Used& used = used_.at(number);
    append_reversal(*log_, used.entry, used.entry.position);
    append_reversal(*regions_.at(used.region)->log_, used.entry, used.region_position);
  }

  /// The spec's share of every region in one store, as an export gathers it.
  std::unique_ptr<PartStore> gather(const ExportSpec& spec, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                                    const std::string& path) {
    auto store = take(PartStore::create(system_files(), *catalog_, clock_, path));
    for (const RegionShare& share : shares_of(spec, clock_.now(), catalogue, orgs, own_region)) {
      RegionServer& server = *regions_.at(share.region);
      const auto sink = store->sink();
      if (share.region == own_region) {
        check(server.queries_->read_part(server.pin(), share.request, *sink));
        continue;
      }
      const std::string part = folder_ / ("part-" + share.region);
      std::filesystem::remove(part);
      auto writer = take(PartFileWriter::create(system_files(), part, share.request.grain, share.request.dims));
      check(server.queries_->read_part(share.request, *writer, 10'000));
      check(writer->finish());
      EXPECT_EQ(take(check_part_file(system_files(), part)).facts, writer->facts());
      check(check_part_of(system_files(), part, share.request));
      EXPECT_EQ(take(read_part_file(system_files(), part, *sink)).grain, share.request.grain);
    }
    check(store->finish());
    return store;
  }

  std::map<std::string, std::unique_ptr<RegionServer>> regions_;
  struct Used {
    Entry entry;  ///< with its position in the one ledger
    std::string region;
    std::uint64_t region_position = 0;
  };
  std::vector<Used> used_;

 private:
  void append_reversal(ledger::Log& log, const Entry& entry, std::uint64_t position) {
    UsageRecord record;
    record.org = entry.org;
    record.meter = entry.meter;
    record.time = take(parse_instant(entry.time));
    record.quantity = Decimal::from_scaled(-Decimal::parse(entry.quantity).value().scaled());
    record.id = record.source = "correction";
    record.project = entry.project;
    record.folder = entry.folder;
    record.asset = {.name = entry.asset_name, .type = entry.asset_type};
    record.environment = {.id = entry.environment_id, .name = entry.environment_name, .type = entry.environment_type};
    record.subscription = entry.subscription;
    record.app = {.id = entry.app_id, .name = entry.app_name, .hrn = entry.app_hrn};
    record.billing_tag = entry.billing_tag;
    ledger::NewBatch batch;
    batch.info = {.id = "batch", .principal = "test", .channel = "v1", .arrival_time = clock_.now()};
    ledger::encode_record(batch.payloads, ledger::RecordKind::reversal, record, {.reverses = position, .reason = "x"});
    batch.records.push_back({ledger::RecordKind::reversal, batch.payloads});
    take(log.append_and_wait(std::move(batch)));
  }
};

}  // namespace meterport::queries
