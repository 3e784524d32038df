// Exports of the kinds asset and job-level over real stores: files, order, what is missing, faults.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "exports/job_run.h"
#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

using queries::Entry;

constexpr std::string_view detail_catalogue = R"({"meters": [
  {"id": "a2nB20h1o0lc7k3P9xtWS8", "name": "Data Integration", "scalar": "HOURS",
   "rates": [{"ipu_per_unit": "0.16"}, {"tier_from": "10", "ipu_per_unit": "0.025"}]},
  {"id": "3uIRkIV5Rt9lBbAPzeR5Kj", "name": "Application Integration", "scalar": "HOURS",
   "rates": [{"ipu_per_unit": "1"}]}
]})";
constexpr std::string_view di = "a2nB20h1o0lc7k3P9xtWS8", ai = "3uIRkIV5Rt9lBbAPzeR5Kj";
constexpr std::string_view di_file = "CDIMeteringAuditData.csv";

class DetailKinds : public ExportsTest {
 protected:
  DetailKinds() { apply(detail_catalogue); }

  /// One batch; the position of the first.
  std::uint64_t ingest_records(const std::vector<UsageRecord>& records, std::uint64_t reverses = 0) {
    ledger::NewBatch batch;
    batch.info = {.id = "batch", .principal = "test", .channel = "v1", .arrival_time = clock_.now()};
    const auto kind = reverses > 0 ? ledger::RecordKind::reversal : ledger::RecordKind::usage;
    std::vector<std::size_t> ends;
    for (const UsageRecord& record : records) {
      ledger::encode_record(batch.payloads, kind, record, {.reverses = reverses});
      ends.push_back(batch.payloads.size());
    }
    for (std::size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) {
      batch.records.push_back({kind, std::string_view(batch.payloads).substr(begin, ends[i] - begin)});
    }
    return take(log_->append_and_wait(std::move(batch))).batch_position + 1;
  }
  static UsageRecord record(std::string_view meter, std::string_view time, std::string_view quantity,
                            std::string_view task) {
    UsageRecord made;
    made.org = "top";
    made.meter = meter;
    made.time = take(parse_instant(time));
    made.quantity = Decimal::parse(quantity).value();
    made.id = made.source = "x";
    made.task.id = task;
    return made;
  }
  void ingest_random(int count) {
    std::mt19937 random(11);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) {
      Entry entry{one_of({"top", "top", "top", "a-box", "c-sub"}),
                  one_of({"hours", std::string(di), std::string(ai)}),
                  fmt::format("2024-09-{:02}T{:02}:00:00Z", 1 + random() % 20, random() % 24),
                  fmt::format("{}.{}", random() % 3, random() % 1000),
                  one_of({"", "P", "Q"}),
                  one_of({"", "F"})};
      entry.asset_name = one_of({"", "load", "store"});
      entry.environment_name = one_of({"", "agents"});
      entries.push_back(std::move(entry));
    }
    ingest(entries);
  }
  static ExportSpec detail(ExportKind kind, FileSplit split = FileSplit::combined) {
    ExportSpec spec = linked_september(split, kind);
    spec.all_linked = kind == ExportKind::asset;
    return spec;
  }
  Status run_in_slices(const ExportSpec& spec, std::uint64_t records_max, std::size_t sort_memory_bytes,
                       RunWatch& watch) {
    StoredJob stored;
    stored.job.id = "job";
    stored.job.spec = spec;
    stored.job.snapshot = snapshot_;
    const JobRun::Context context{.queries = *queries_,
                                  .files = files_,
                                  .folder = folder_ / "artifacts",
                                  .slice_records_max = records_max,
                                  .sort_memory_bytes = sort_memory_bytes};
    Status done = JobRun(context, stored, "t", watch).run();
    if (done) EXPECT_EQ(watch.rows, stored.job.rows);
    return done;
  }
  std::string bytes_in_slices(const ExportSpec& spec, std::uint64_t records_max, std::size_t sort_memory_bytes) {
    RunWatch watch;
    const Status done = run_in_slices(spec, records_max, sort_memory_bytes, watch);
    EXPECT_TRUE(done) << done.error().text << done.error().detail;
    EXPECT_EQ(watch.slices_done, watch.slices);
    slices_ = watch.slices;
    return take(read_file(system_files(), folder_ / "artifacts" / "job-1.zip"));
  }

  Snapshot snapshot_;
  std::uint64_t slices_ = 0;
};

TEST_F(DetailKinds, AnAssetFileIsByMeterThenDateDescendingWithARowPerTier) {
  std::vector<Entry> entries = {
      {"top", std::string(di), "2024-09-02T10:00:00Z", "8", "P", "F"},
      {"top", std::string(di), "2024-09-03T10:00:00Z", "5", "P", ""},
      {"a-box", std::string(di), "2024-09-03T10:00:00Z", "1", "", ""},
      {"top", "hours", "2024-09-03T10:00:00Z", "0.5", "", ""},
  };
  entries[1].asset_name = "load";
  entries[1].asset_type = "MAPPING";
  entries[1].environment_name = "agents";
  entries[1].environment_type = "Secure Agent";
  ingest(entries);
  const Job job = run(detail(ExportKind::asset));
  EXPECT_EQ(job.state, JobState::success) << job.error;
  const std::string header(asset_header());
  const std::string di_head = "a2nB20h1o0lc7k3P9xtWS8,Data Integration,";
  const std::string top =
      di_head +
      "2024-09-03T00:00:00Z,load,MAPPING,P,null,top,Production,agents,Secure Agent,0.000 - 10.000,"
      "0.160000,2.000000000000,0.320000000000\n" +
      di_head +
      "2024-09-03T00:00:00Z,load,MAPPING,P,null,top,Production,agents,Secure Agent,10.000 +,0.025000,"
      "3.000000000000,0.075000000000\n";
  const std::string box = di_head +
                          "2024-09-03T00:00:00Z,null,null,null,null,zzz,Sandbox,null,null,0.000 - 10.000,0.160000,"
                          "1.000000000000,0.160000000000\n";
  const std::string earlier = di_head +
                              "2024-09-02T00:00:00Z,null,null,P,F,top,Production,null,null,0.000 - 10.000,0.160000,"
                              "8.000000000000,1.280000000000\n";
  const std::string hours =
      "hours,Hours,2024-09-03T00:00:00Z,null,null,null,null,top,Production,null,null,0.000 +,0.160000,"
      "0.500000000000,0.080000000000\n";
  EXPECT_EQ(unzip(zip_of(job)), (ZipText{{"top.csv", header + "\n" + top + box + earlier + hours}}));
  EXPECT_EQ(unzip(zip_of(run(detail(ExportKind::asset, FileSplit::per_org)))),
            (ZipText{{"top.csv", header + "\n" + top + earlier + hours},
                     {"b-sub.csv", header},
                     {"c-sub.csv", header},
                     {"zzz.csv", header + "\n" + box}}));
  ExportSpec one = detail(ExportKind::asset);
  one.meter = "hours";
  EXPECT_EQ(unzip(zip_of(run(one))), (ZipText{{"top.csv", header + "\n" + hours}}));
  one.meter = "rows";
  EXPECT_EQ(unzip(zip_of(run(one))), (ZipText{{"top.csv", header}}));

  const std::string manifest = take(read_file(system_files(), job.manifest_path));
  EXPECT_NE(manifest.find(R"("totals":[{"meter":"a2nB20h1o0lc7k3P9xtWS8","rows":4,"quantity":"14","ipu":"1.835"},)"
                          R"({"meter":"hours","rows":1,"quantity":"0.5","ipu":"0.08"}])"),
            std::string::npos)
      << manifest;
}

TEST_F(DetailKinds, JobLevelIsAFilePerMeterOfTheRequestingOrgAlone) {
  UsageRecord late = record(di, "2024-09-02T10:00:00Z", "2", "T1"),
              early = record(di, "2024-09-30T23:59:59Z", "3", "T2");
  late.run.audit_time = take(parse_instant("2024-10-05T00:00:00Z"));
  early.run.audit_time = take(parse_instant("2024-10-04T00:00:00Z"));
  const UsageRecord outside = record(di, "2024-10-01T00:00:00Z", "3", "T3");
  UsageRecord foreign = record(di, "2024-09-02T00:00:00Z", "3", "T4");
  foreign.org = "b-sub";
  UsageRecord service = record(ai, "2024-09-02T00:00:00Z", "0.5", "T5");
  service.run.count = 2;
  ingest_records({late, early, outside, foreign, service, service, record("hours", "2024-09-02T00:00:00Z", "1", "T6")});
  clock_.set_offset_us(0);
  const Job job = run(detail(ExportKind::job_level));
  EXPECT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(job.rows, 4U);
  const ZipText files = unzip(zip_of(job));
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].first, "DetailedReport_3uIRkIV5Rt9lBbAPzeR5Kj.csv");
  EXPECT_EQ(files[0].second, std::string(job_level_header(JobLevelLayout::application_integration)) +
                                 "\ntop,Process,null,2024-09-02,null,null,null,4,1.0000000000,900.00000\n");
  EXPECT_EQ(files[1].first, di_file);
  EXPECT_EQ(
      files[1].second,
      std::string(job_level_header(JobLevelLayout::data_integration)) +
          "\nT2,null,,null,null,null,,top,null,null,null,null,2024-09-30 23:59:59.0,null,3.0,2024-10-04 00:00:00.0,0\n"
          "T1,null,,null,null,null,,top,null,null,null,null,2024-09-02 10:00:00.0,null,2.0,2024-10-05 00:00:00.0,0\n");
  EXPECT_EQ(files[2].first, "DetailedReport_hours.csv");
  EXPECT_EQ(files[2].second.find("\nT6,null,,null,null,null,,top,null,null,null,2024-09-02 00:00:00.0,null,1.0,"),
            job_level_header(JobLevelLayout::plain).size());
  const std::string manifest = take(read_file(system_files(), job.manifest_path));
  EXPECT_NE(manifest.find(R"("totals":[{"meter":"3uIRkIV5Rt9lBbAPzeR5Kj","rows":1,"quantity":"1","ipu":null},)"
                          R"({"meter":"a2nB20h1o0lc7k3P9xtWS8","rows":2,"quantity":"5","ipu":null},)"
                          R"({"meter":"hours","rows":1,"quantity":"1","ipu":null}])"),
            std::string::npos)
      << manifest;
  EXPECT_EQ(unzip(zip_of(run(detail(ExportKind::job_level, FileSplit::per_meter)))), files) << "the same";
}

TEST_F(DetailKinds, WithoutARecordThereIsOneJobLevelFileWithAHeaderAlone) {
  const std::string header(job_level_header(JobLevelLayout::data_integration));
  ExportSpec spec = detail(ExportKind::job_level);
  EXPECT_EQ(unzip(zip_of(run(spec))), (ZipText{{std::string(di_file), header}}));
  spec.meter = "rows";
  EXPECT_EQ(unzip(zip_of(run(spec))),
            (ZipText{{"DetailedReport_rows.csv", std::string(job_level_header(JobLevelLayout::plain))}}));
}

TEST_F(DetailKinds, WhatWasTakenBackIsNotPrintedUnlessTheSnapshotIsOlder) {
  const UsageRecord wrong = record("hours", "2024-09-02T10:00:00Z", "2", "T1");
  const std::uint64_t position = ingest_records({wrong});
  const ExportSpec spec = detail(ExportKind::job_level);
  const Job before = run(spec);
  UsageRecord negated = wrong;
  negated.quantity = Decimal::from_integer(-2);
  clock_.advance_us(Instant::us_per_second);
  ingest_records({negated}, position);
  const ZipText files = unzip(zip_of(run(spec)));
  EXPECT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].first, di_file) << "no record of the meter is left";
  ExportSpec as_of = spec;
  as_of.as_of_time = before.snapshot.as_of;
  EXPECT_EQ(zip_of(run(as_of)), zip_of(before));
}

TEST_F(DetailKinds, ARestartBeforeOrInTheMiddleDoesNotShow) {
  ingest_random(60);
  for (const ExportKind kind : {ExportKind::asset, ExportKind::job_level}) {
    const Job whole = run(detail(kind));
    ExportSpec again = detail(kind);
    again.as_of_time = whole.snapshot.as_of;
    gate_.close_gate();
    const auto job = create(again);
    ASSERT_TRUE(job) << job.error().text;
    gate_.wait_for_caller();
    std::thread opener([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      gate_.open_gate();
    });
    exports_->stop(0);  // puts it back
    opener.join();
    reopen();
    exports_->start();
    const Job done = wait(job->id);
    EXPECT_EQ(done.state, JobState::success) << done.error;
    EXPECT_EQ(zip_of(done), zip_of(whole)) << to_string(kind);
  }
}

TEST_F(DetailKinds, ACancelledJobCanBeRetriedOnItsSnapshot) {
  ingest_random(20);
  for (const ExportKind kind : {ExportKind::asset, ExportKind::job_level}) {
    close();
    open();
    const auto job = create(detail(kind));
    ASSERT_TRUE(job) << job.error().text;
    ASSERT_TRUE(exports_->cancel(admin_, job->id));
    ingest_random(20);
    const auto again = exports_->retry(admin_, job->id);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(again->snapshot, job->snapshot);
    exports_->start();
    const Job done = wait(again->id);
    EXPECT_EQ(done.state, JobState::success) << done.error;
    ExportSpec as_of = detail(kind);
    as_of.as_of_position = job->snapshot.ledger_position;
    EXPECT_EQ(unzip(zip_of(done)), unzip(zip_of(run(as_of)))) << to_string(kind);
  }
}

TEST_F(DetailKinds, SlicesAndMemoryDoNotShowInTheBytes) {
  ingest_random(400);
  snapshot_ = pin();
  for (const ExportSpec& spec :
       {detail(ExportKind::asset), detail(ExportKind::asset, FileSplit::per_org), detail(ExportKind::job_level)}) {
    const std::string whole = bytes_in_slices(spec, 500'000, 32U << 20);
    EXPECT_LE(slices_, spec.kind == ExportKind::asset ? 1U : 3U);
    for (const std::uint64_t records_max : {1, 7, 100}) {
      EXPECT_EQ(bytes_in_slices(spec, records_max, 1'000 * records_max), whole)
          << to_string(spec.kind) << to_string(spec.split) << records_max;
      EXPECT_GE(slices_, 3U);
    }
  }
}

TEST_F(DetailKinds, AFaultOfATemporaryFileFailsTheExportInItsOwnWordsAndLeavesNothing) {
  ingest_random(100);
  snapshot_ = pin();
  const auto failure = [&](FaultKind kind) {
    files_.heal();
    files_.plan({.kind = kind, .path_contains = ".sort."});
    RunWatch watch;
    const Status done = run_in_slices(detail(ExportKind::job_level), 10, 500, watch);
    EXPECT_FALSE(done);
    EXPECT_TRUE(artifacts().empty());
    return done ? std::string() : done.error().text;
  };
  EXPECT_EQ(failure(FaultKind::no_space), "The export could not be written: no space left on the server's disk.");
  EXPECT_EQ(failure(FaultKind::read_error), "The export could not be made: a temporary file could not be read.");
  EXPECT_EQ(failure(FaultKind::flipped_read), "The export could not be made: a temporary file could not be read.");
}

TEST_F(DetailKinds, AnInterruptedRunLeavesNothing) {
  ingest_random(100);
  snapshot_ = pin();
  for (const ExportKind kind : {ExportKind::asset, ExportKind::job_level}) {
    RunWatch watch;
    watch.is_cancelled = true;
    EXPECT_FALSE(run_in_slices(detail(kind), 10, 500, watch));
    EXPECT_TRUE(artifacts().empty());
  }
}

}  // namespace
}  // namespace meterport::exports
