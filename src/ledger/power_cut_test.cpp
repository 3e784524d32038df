// Acknowledged means on disk: seeded power cuts while several threads append, then a look at what is left.
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/fault_files.h"
#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

constexpr int writers = 4;

/// What the outside world knows: which batches were acknowledged, and as what.
struct Oracle {
  std::mutex mutex;
  std::map<std::string, Appended> acknowledged;  ///< by batch id
  std::string last_refusal;
};

std::string text_of(const std::string& id, int n) {
  return id + "#" + std::to_string(n) + std::string(static_cast<std::size_t>(n % 7) * 90, '.');
}

NewBatch batch_of(const std::string& id, std::size_t records) {
  std::vector<std::string> texts;
  for (std::size_t n = 0; n < records; ++n) texts.push_back(text_of(id, static_cast<int>(n)));
  return text_batch(id, texts);
}

/// Appends until the machine is dead.
void write_until_cut(Log& log, Oracle& oracle, int writer, std::uint64_t seed) {
  std::mt19937_64 random(seed * 31 + static_cast<std::uint64_t>(writer));
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = std::to_string(seed) + "-" + std::to_string(writer) + "-" + std::to_string(i);
    const auto done = log.append_and_wait(batch_of(id, 1 + random() % 30));
    const std::scoped_lock lock(oracle.mutex);
    if (!done) {
      oracle.last_refusal = error_of(done);
      return;
    }
    oracle.acknowledged.emplace(id, *done);
  }
}

void append_through_a_cut(TestLog& t, PowerCutFiles& disk, Oracle& oracle, std::uint64_t seed) {
  disk.cut_at_sync(seed, 1 + seed * 7 % 90, {});
  auto opened = Log::open(t.options, disk, t.clock, t.registry);
  if (!opened) {
    EXPECT_TRUE(disk.is_cut()) << error_of(opened);  // the cut came while it opened
    return;
  }
  std::vector<std::jthread> threads;
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] { write_until_cut(**opened, oracle, w, seed); });
  }
}

/// Every acknowledged batch is there exactly once, where the answer said, and whole; so is every other batch.
void check(TestLog& t, const Oracle& oracle) {
  const ChainReport report = t.verify();
  EXPECT_EQ(report.last_position, t.log->durable_position());
  std::map<std::string, int> seen;
  const auto reader = t.log->read_from(1);
  StoredRecord record;
  std::string id;
  int n = 0;
  while (true) {
    const auto more = reader->next(record);
    ASSERT_TRUE(more) << error_of(more);
    if (!*more) break;
    if (record.kind == RecordKind::batch) {
      const std::string_view rest = record.payload.substr(7);
      id = std::string(rest.substr(0, rest.find('"')));
      ++seen[id];
      n = 0;
      const auto known = oracle.acknowledged.find(id);
      if (known != oracle.acknowledged.end()) {
        ASSERT_EQ(known->second.batch_position, record.position);
        ASSERT_EQ(known->second.commit_time, record.commit_time);
      }
    } else {
      ASSERT_EQ(record.payload, text_of(id, n));
      ++n;
    }
  }
  for (const auto& [acknowledged, appended] : oracle.acknowledged) ASSERT_EQ(seen[acknowledged], 1) << acknowledged;
  for (const auto& [batch, count] : seen) ASSERT_EQ(count, 1) << batch;
}

TEST(PowerCut, WhatWasAcknowledgedIsThereExactlyOnce) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestLog t;
    t.options.segment_bytes = 16 * 1024;
    Oracle oracle;
    // Two lives: the second begins with the recovery of the first, and is cut as well, perhaps inside it.
    for (const std::uint64_t life : {seed, seed + 1000}) {
      PowerCutFiles disk(system_files(), t.folder.path());
      append_through_a_cut(t, disk, oracle, life);
      ASSERT_TRUE(disk.is_cut()) << oracle.last_refusal;
      t.open();
      if (HasFatalFailure()) return;
      check(t, oracle);
      t.close();
      if (testing::Test::HasFailure()) return;
    }
    t.open();
    const Appended after = t.append(text_batch("after the cuts", {"alive"}));
    t.open();
    EXPECT_EQ(t.texts(after.batch_position), (std::vector<std::string>{"alive"}));
    acknowledged += oracle.acknowledged.size();
  }
  EXPECT_GT(acknowledged, 5'000u);
}

}  // namespace
}  // namespace meterport::ledger
