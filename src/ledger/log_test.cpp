#include "ledger/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "base/fault_files.h"
#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

TEST(Log, GivesDensePositionsAndReadsThemBackAfterReopening) {
  TestLog t;
  t.open();
  EXPECT_EQ(t.log->durable_position(), 0u);
  const Appended first = t.append(text_batch("b1", {"one", "two"}));
  const Appended second = t.append(text_batch("b2", {"three"}));
  EXPECT_EQ(first.batch_position, 1u);
  EXPECT_EQ(first.records, 2u);
  EXPECT_EQ(second.batch_position, 4u);
  EXPECT_EQ(t.log->durable_position(), 5u);
  EXPECT_EQ(t.texts(), (std::vector<std::string>{"one", "two", "three"}));
  t.open();
  EXPECT_EQ(t.log->durable_position(), 5u);
  EXPECT_EQ(t.texts(), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(t.append(text_batch("b3", {"four"})).batch_position, 6u);
  const ChainReport report = t.verify();
  EXPECT_EQ(report.batches, 3u);
  EXPECT_EQ(report.last_position, 7u);
}

TEST(Log, KeepsEveryKindWithItsTimesAndBatchInfo) {
  TestLog t;
  t.open();
  NewBatch batch;
  batch.info = test_info("batch-1");
  batch.payloads = "payload";
  for (const auto kind :
       {RecordKind::usage, RecordKind::event, RecordKind::reversal, RecordKind::evidence, RecordKind::catalogue_change,
        RecordKind::org_change, RecordKind::watermark, RecordKind::period_close, RecordKind::erasure}) {
    batch.records.push_back({kind, batch.payloads});
  }
  const Appended done = t.append(std::move(batch));
  const auto reader = t.log->read_from(1);
  StoredRecord r;
  ASSERT_TRUE(reader->next(r).value_or(false));
  EXPECT_EQ(r.kind, RecordKind::batch);
  EXPECT_EQ(r.payload, R"({"id":"batch-1","principal":"tester","channel":"test"})");
  for (const auto kind :
       {RecordKind::usage, RecordKind::event, RecordKind::reversal, RecordKind::evidence, RecordKind::catalogue_change,
        RecordKind::org_change, RecordKind::watermark, RecordKind::period_close, RecordKind::erasure}) {
    ASSERT_TRUE(reader->next(r).value_or(false));
    EXPECT_EQ(r.kind, kind);
    EXPECT_EQ(r.payload, "payload");
    EXPECT_EQ(r.commit_time, done.commit_time);
    EXPECT_EQ(r.arrival_time, test_info("").arrival_time);
    EXPECT_FALSE(r.erased);
  }
  EXPECT_FALSE(reader->next(r).value_or(true));
}

TEST(Log, AReaderSeesWhatIsAppendedLater) {
  TestLog t;
  t.open();
  const auto reader = t.log->read_from(2);
  StoredRecord r;
  EXPECT_FALSE(reader->next(r).value_or(true));
  t.append(text_batch("b1", {"one"}));
  ASSERT_TRUE(reader->next(r).value_or(false));
  EXPECT_EQ(r.payload, "one");
  EXPECT_FALSE(reader->next(r).value_or(true));
  t.append(text_batch("b2", {"two"}));
  ASSERT_TRUE(reader->next(r).value_or(false));
  EXPECT_EQ(r.kind, RecordKind::batch);
  ASSERT_TRUE(reader->next(r).value_or(false));
  EXPECT_EQ(r.payload, "two");
}

TEST(Log, ReadsOneRecordByPosition) {
  TestLog t;
  t.open();
  for (int i = 0; i < 500; ++i) t.append(text_batch("b", {std::string(1000, 'x') + std::to_string(i)}));
  t.log->wait_for_housekeeping();
  std::string storage;
  for (const int i : {0, 1, 250, 498, 499}) {
    const auto record = read_at(*t.log, static_cast<Position>(2 * i + 2), storage);
    ASSERT_TRUE(record) << error_of(record);
    EXPECT_EQ(record->payload, std::string(1000, 'x') + std::to_string(i));
  }
  const auto beyond = read_at(*t.log, 1001, storage);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(read_at(*t.log, 0, storage));
}

TEST(Log, ManyThreadsGetTheirAnswersInPositionOrder) {
  TestLog t;
  t.open();
  std::mutex mutex;
  std::vector<Position> answered;
  std::vector<Position> heard;
  t.log->on_durable([&](Position p) { heard.push_back(p); });
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 8; ++n) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          auto queued = t.log->append(text_batch("b", {"x", "y"}), [&](Result<Appended> r) {
            const std::scoped_lock lock(mutex);
            answered.push_back(r ? r->batch_position : 0);
          });
          EXPECT_TRUE(queued) << error_of(queued);
        }
      });
    }
  }
  t.close();
  ASSERT_EQ(answered.size(), 800u);
  for (std::size_t i = 0; i < answered.size(); ++i) EXPECT_EQ(answered[i], 3 * i + 1);
  EXPECT_TRUE(std::ranges::is_sorted(heard));
  EXPECT_EQ(heard.back(), 2400u);
}

TEST(Log, ReadersFollowWhileSegmentsFillAndAreSealed) {
  TestLog t;
  t.open();
  constexpr Position batches = 600;
  std::jthread writer([&] {
    for (Position i = 0; i < batches; ++i) t.append(text_batch("b", {std::string(900, 'r') + std::to_string(i)}));
  });
  std::vector<std::jthread> readers;
  for (int n = 0; n < 3; ++n) {
    readers.emplace_back([&] {
      const auto reader = t.log->read_from(1);
      StoredRecord r;
      Position seen = 0;
      while (seen < 2 * batches) {
        const auto more = reader->next(r);
        ASSERT_TRUE(more) << error_of(more);
        if (!*more) {
          std::this_thread::yield();
          continue;
        }
        ASSERT_EQ(r.position, seen + 1);
        if (r.kind == RecordKind::usage) {
          ASSERT_EQ(r.payload, std::string(900, 'r') + std::to_string(seen / 2));
        }
        seen = r.position;
      }
    });
  }
  writer.join();
  readers.clear();
  t.log->wait_for_housekeeping();
  EXPECT_EQ(t.verify().last_position, 2 * batches);
}

TEST(Log, ABatchLargerThanASegmentGetsASegmentOfItsSize) {
  TestLog t;
  t.open();
  const std::string large(200'000, 'L');
  t.append(text_batch("b0", {large}));  // into the empty first segment
  t.append(text_batch("b1", {"small"}));
  t.append(text_batch("b2", {large, large}));
  t.append(text_batch("b3", {"after"}));
  t.log->wait_for_housekeeping();
  EXPECT_EQ(t.texts(), (std::vector<std::string>{large, "small", large, large, "after"}));
  t.open();
  EXPECT_EQ(t.texts(), (std::vector<std::string>{large, "small", large, large, "after"}));
  EXPECT_EQ(t.verify().batches, 4u);
}

TEST(Log, RefusesWhatItCannotHold) {
  TestLog t;
  t.open();
  NewBatch batch;
  batch.records.push_back({RecordKind::batch, "{}"});
  EXPECT_FALSE(t.log->append_and_wait(std::move(batch)));
  NewBatch big = text_batch("b", {std::string((64 << 20) + 1, 'x')});
  const auto refused = t.log->append_and_wait(std::move(big));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

TEST(Log, AFullQueueIsBusy) {
  TestLog t;
  t.options.queue_bytes_max = 1;
  t.open();
  // The committer is held inside an answer, so that the queue fills.
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::promise<void> entered;
  ASSERT_TRUE(t.log->append(text_batch("b", {"x"}), [&entered, gone](Result<Appended>) {
    entered.set_value();
    gone.wait();
  }));
  entered.get_future().wait();
  ASSERT_TRUE(t.log->append(text_batch("b", {"y"}), [](Result<Appended>) {}));
  const auto refused = t.log->append(text_batch("b", {"z"}), [](Result<Appended>) { FAIL(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  go.set_value();
  t.close();
}

TEST(Log, CommitTimesNeverDecreaseWhenTheClockGoesBack) {
  TestLog t;
  t.open();
  const Instant first = t.append(text_batch("b", {"x"})).commit_time;
  t.clock.advance_us(-3'600'000'000);
  EXPECT_GE(t.append(text_batch("b", {"x"})).commit_time, first);
  t.open();
  EXPECT_EQ(t.log->last_commit_time(), first);
  EXPECT_GE(t.append(text_batch("b", {"x"})).commit_time, first);
}

TEST(Log, AnAnsweredInstantStaysAnswered) {
  TestLog t;
  t.open();
  EXPECT_EQ(t.log->position_at(t.clock.now()).value_or(99), 0u);
  t.append(text_batch("b", {"x"}));
  const Instant asked = t.clock.now();
  // The clock stands still: the batch came after the question, so it is later.
  EXPECT_EQ(t.log->position_at(asked).value_or(99), 0u);
  t.clock.advance_us(10);
  EXPECT_EQ(t.log->position_at(t.clock.now()).value_or(99), 2u);
  t.append(text_batch("b", {"y"}));
  EXPECT_EQ(t.log->position_at(asked.plus_us(10)).value_or(99), 2u);
  t.clock.advance_us(1'000);
  EXPECT_EQ(t.log->position_at(t.clock.now()).value_or(99), 4u);
  // An instant to come is taken as now and binds nobody.
  EXPECT_EQ(t.log->position_at(t.clock.now().plus_seconds(3600)).value_or(99), 4u);
  EXPECT_LT(t.append(text_batch("b", {"z"})).commit_time, t.clock.now().plus_seconds(1));
}

TEST(Log, FindsPositionsByTimeAcrossSealedSegments) {
  TestLog t;
  t.open();
  std::vector<std::pair<Instant, Position>> commits;
  for (int i = 0; i < 400; ++i) {
    t.clock.advance_us(1'000'000);
    const Appended done = t.append(text_batch("b", {std::string(700, 't')}));
    commits.emplace_back(done.commit_time, done.batch_position + 1);
  }
  t.clock.advance_us(1'000'000);
  const auto check = [&] {
    EXPECT_EQ(t.log->position_at(commits.front().first.plus_us(-1)).value_or(99), 0u);
    for (const auto& [time, last] : commits) {
      EXPECT_EQ(t.log->position_at(time).value_or(0), last);
      EXPECT_EQ(t.log->position_at(time.plus_us(999'999)).value_or(0), last);
    }
  };
  t.log->wait_for_housekeeping();
  check();
  t.open();
  t.log->wait_for_housekeeping();
  check();
}

TEST(Log, PositionAtHoldsItsPromiseUnderLoad) {
  TestLog t;
  AdjustableClock clock;
  auto opened = Log::open(t.options, system_files(), clock, t.registry);
  ASSERT_TRUE(opened);
  Log& log = **opened;
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    while (!stop) {
      auto done = log.append_and_wait(text_batch("b", {"x"}));
      EXPECT_TRUE(done) << error_of(done);
    }
  });
  std::vector<std::pair<Instant, Position>> answers;
  for (int i = 0; i < 300; ++i) {
    const Instant now = clock.now();
    answers.emplace_back(now, log.position_at(now).value_or(0));
  }
  stop = true;
  writer.join();
  for (const auto& [time, position] : answers) EXPECT_EQ(log.position_at(time).value_or(0), position);
}

TEST(Log, AFailedSyncFailsItsGroupAndMakesTheLedgerReadOnlyUntilRestart) {
  FaultFiles files(system_files());
  TestLog t(files);
  t.open();
  t.append(text_batch("b1", {"kept"}));
  files.plan({FaultKind::sync_error, ".active", 1, 1});
  const auto failed = t.log->append_and_wait(text_batch("b2", {"lost"}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::store_unavailable);
  EXPECT_TRUE(t.log->is_read_only());
  const auto after = t.log->append_and_wait(text_batch("b3", {"refused"}));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(t.log->durable_position(), 2u);
  EXPECT_EQ(t.texts(), (std::vector<std::string>{"kept"}));
  files.heal();
  t.open();
  EXPECT_FALSE(t.log->is_read_only());
  // The failed batch may or may not be there now, but whole; what was acknowledged is.
  EXPECT_EQ(t.texts().front(), "kept");
  t.append(text_batch("b4", {"new"}));
  EXPECT_EQ(t.texts().back(), "new");
  t.verify();
}

TEST(Log, AShortWriteMakesItReadOnlyAndIsCutOffAtTheNextOpen) {
  FaultFiles files(system_files());
  TestLog t(files);
  t.open();
  t.append(text_batch("b1", {"kept"}));
  files.plan({FaultKind::short_write, ".active", 1, 1});
  EXPECT_FALSE(t.log->append_and_wait(text_batch("b2", {std::string(5000, 'x')})));
  EXPECT_TRUE(t.log->is_read_only());
  files.heal();
  t.open();
  EXPECT_EQ(t.texts(), (std::vector<std::string>{"kept"}));
  EXPECT_EQ(t.append(text_batch("b3", {"new"})).batch_position, 3u);
  t.verify();
}

TEST(Log, AFullDiskRefusesWhatNeedsANewSegmentAndRecovers) {
  FaultFiles files(system_files());
  TestLog t(files);
  t.open();
  t.log->wait_for_housekeeping();
  files.limit_space(0);
  // The present segment and the spare one are preallocated; after them there is no room.
  std::size_t stored = 0;
  ErrorKind kind = ErrorKind::internal;
  for (int i = 0; i < 400; ++i) {
    const auto done = t.log->append_and_wait(text_batch("b", {std::string(1000, 'f')}));
    if (!done) {
      kind = done.error().kind;
      break;
    }
    ++stored;
  }
  EXPECT_EQ(kind, ErrorKind::storage_full);
  EXPECT_FALSE(t.log->is_read_only());
  EXPECT_GE(stored, 50u);
  files.heal();
  t.append(text_batch("b", {"room again"}));
  t.open();
  EXPECT_EQ(t.texts().size(), stored + 1);
  t.verify();
}

TEST(Log, BelowTheReserveNothingIsTaken) {
  FaultFiles files(system_files());
  TestLog t(files);
  t.options.reserve_bytes = 10'000'000;
  t.open();
  t.log->wait_for_housekeeping();
  t.append(text_batch("b", {"x"}));
  files.limit_space(9'000'000);
  t.append(text_batch("b", {"the last one: the disk is looked at after each group"}));
  const auto refused = t.log->append(text_batch("b", {"x"}), [](Result<Appended>) { FAIL(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::storage_full);
  files.heal();
  t.append(text_batch("b", {"x"}));
}

}  // namespace
}  // namespace meterport::ledger
