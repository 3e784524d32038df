// For tests: a log in a temporary folder and batches to put into it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/test_folder.h"
#include "ledger/log.h"

namespace meterport::ledger {

/// Starts in September 2024 and moves only when told to.
class ManualClock final : public Clock {
 public:
  Instant now() const override { return Instant{us_.load()}; }
  void set(Instant t) { us_ = t.us; }
  void advance_us(std::int64_t us) { us_ += us; }

 private:
  std::atomic<std::int64_t> us_{1'725'359'400'000'000};
};

inline BatchInfo test_info(std::string id) {
  return {std::move(id), "tester", "test", Instant{1'725'359'400'000'000}};
}

/// A batch of usage records whose payloads are just the given texts (the log does not look into payloads).
inline NewBatch text_batch(std::string id, const std::vector<std::string>& texts) {
  NewBatch batch;
  batch.info = test_info(std::move(id));
  for (const std::string& t : texts) batch.payloads += t;
  std::string_view rest = batch.payloads;
  for (const std::string& t : texts) {
    batch.records.push_back({RecordKind::usage, rest.substr(0, t.size())});
    rest.remove_prefix(t.size());
  }
  return batch;
}

inline std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text + " | " + result.error().detail;
}

/// A log with its surroundings; can be closed and opened again.
struct TestLog {
  explicit TestLog(FileSystem& fs = system_files()) : files(&fs) {
    options.folder = folder / "ledger";
    options.segment_bytes = 64 * 1024;
    options.reserve_bytes = 0;
  }

  Result<std::unique_ptr<Log>> try_open() { return Log::open(options, *files, clock, registry); }
  void open() {
    log.reset();
    auto opened = try_open();
    ASSERT_TRUE(opened) << error_of(opened);
    log = std::move(*opened);
  }
  void close() { log.reset(); }
  Appended append(NewBatch batch) {
    auto done = log->append_and_wait(std::move(batch));
    EXPECT_TRUE(done) << error_of(done);
    return done.value_or(Appended{});
  }
  /// Payloads of all usage records in order.
  std::vector<std::string> texts(Position from = 1) {
    std::vector<std::string> all;
    const auto reader = log->read_from(from);
    StoredRecord record;
    while (true) {
      const auto more = reader->next(record);
      EXPECT_TRUE(more) << error_of(more);
      if (!more || !*more) return all;
      if (record.kind == RecordKind::usage) all.emplace_back(record.payload);
    }
  }
  ChainReport verify() {
    auto report = log->verify_chain();
    EXPECT_TRUE(report) << error_of(report);
    return report.value_or(ChainReport{});
  }
  std::vector<std::string> file_names() {
    return system_files().list(options.folder).value_or(std::vector<std::string>{});
  }

  TestFolder folder;
  ManualClock clock;
  metrics::Registry registry;
  FileSystem* files;
  LogOptions options;
  std::unique_ptr<Log> log;
};

}  // namespace meterport::ledger
