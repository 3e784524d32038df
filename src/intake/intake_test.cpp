#include "intake/intake.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "intake/test_intake.h"

namespace meterport::intake {
namespace {

using ledger::RecordKind;
using Lines = std::vector<std::string>;

class IntakeTest : public ::testing::Test, protected TestIntake {};

TEST_F(IntakeTest, ABatchIsStoredOnceAndAnswersItsPositionsForEver) {
  const BatchResult first = must_submit(line("a") + line("b") + line("c"));
  EXPECT_EQ(first.stored, 3u);
  EXPECT_EQ(first.batch_id.size(), 22u);
  EXPECT_EQ(first.last_position, first.items[2].position);
  EXPECT_EQ(first.items[1].position, first.items[0].position + 1);

  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    const auto end = ledger->log().durable_position();
    const BatchResult again = must_submit(line("c") + line("a"));
    EXPECT_EQ(again.stored, 0u);
    EXPECT_EQ(again.duplicates, 2u);
    EXPECT_EQ(again.items[0].state, ItemState::duplicate);
    EXPECT_EQ(again.items[0].position, first.items[2].position);
    EXPECT_EQ(again.items[1].position, first.items[0].position);
    EXPECT_TRUE(again.batch_id.empty());
    EXPECT_EQ(ledger->log().durable_position(), end) << "a batch that stores nothing writes nothing";
  }
  EXPECT_EQ(in_log(RecordKind::usage), (Lines{"a=1", "b=1", "c=1"}));
}

TEST_F(IntakeTest, EachBadItemIsRejectedWithItsReasonAndTheOthersAreStored) {
  std::string no_source = line("x");
  no_source.replace(no_source.find(R"(,"source":"agent")"), 17, "");
  const BatchResult result =
      must_submit(line("good") + line("i1", "1", "nowhere") + line("i2", "1", "other") + line("i3", "1", "gone") +
                  line("i4", "1", "acme", "nothing") + line("i5", "1", "acme", "private") +
                  line("i6", "1", "acme", "seats") + "no json\n" + line("i7", "one") + no_source + line("good"));
  const std::vector<std::optional<RecordErrorCode>> expected{std::nullopt,
                                                             RecordErrorCode::unknown_org,
                                                             RecordErrorCode::unknown_org,
                                                             RecordErrorCode::unknown_org,
                                                             RecordErrorCode::unknown_meter,
                                                             RecordErrorCode::unknown_meter,
                                                             RecordErrorCode::meter_takes_no_usage,
                                                             RecordErrorCode::malformed_record,
                                                             RecordErrorCode::bad_format,
                                                             std::nullopt,  // the key's source stands in
                                                             std::nullopt};
  ASSERT_EQ(result.items.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(result.items[i].error.has_value(), expected[i].has_value()) << i;
    if (!expected[i]) continue;
    EXPECT_EQ(result.items[i].state, ItemState::rejected) << i;
    EXPECT_EQ(to_string(result.items[i].error->code), to_string(*expected[i])) << i;
  }
  EXPECT_EQ(result.items[1].error->text, result.items[2].error->text) << "what is not yours looks like what is not";
  EXPECT_EQ(result.items[1].error->text, result.items[4].error->text);
  EXPECT_EQ(result.stored, 2u);
  EXPECT_EQ(result.duplicates, 1u);
  EXPECT_EQ(result.rejected, 8u);
  EXPECT_EQ(result.items[10].position, result.items[0].position);
}

TEST_F(IntakeTest, RolesAndReservedSourcesAreChecked) {
  Principal viewer = ingester();
  viewer.grants = {{Role::viewer, "acme"}};
  EXPECT_EQ(submit(line("a"), viewer).error().kind, ErrorKind::forbidden);

  viewer.grants.push_back({Role::ingester, "acme-eu"});
  EXPECT_EQ(must_submit(line("a", "1", "acme"), viewer).items[0].error->code, RecordErrorCode::out_of_scope);
  EXPECT_EQ(must_submit(line("a", "1", "acme-eu"), viewer).stored, 1u);

  for (const char* source : {"netsuite", "openmeter:x"}) {
    RecordBatch batch = batch_of(line("r"));
    batch.items[0].record.source = source;
    const auto refused = intake->submit_and_wait(ingester(), std::move(batch), "v1");
    ASSERT_TRUE(refused && refused->items[0].error);
    EXPECT_EQ(refused->items[0].error->pointer, "/source");
    batch = batch_of(line("r"));
    batch.items[0].record.source = source;
    EXPECT_EQ(intake->submit_and_wait(ingester(), std::move(batch), "netsuite")->stored, 1u);
  }
}

TEST_F(IntakeTest, OtherContentUnderAKeyIsAConflictAndBothStayAsEvidence) {
  const BatchResult first = must_submit(line("a", "1"));
  const BatchResult second = must_submit(line("a", "2") + line("a", "1"));
  EXPECT_EQ(second.conflicts, 1u);
  EXPECT_EQ(second.items[0].state, ItemState::conflict);
  EXPECT_EQ(second.items[0].position, first.items[0].position);
  EXPECT_EQ(second.items[0].error->code, RecordErrorCode::id_taken);
  EXPECT_EQ(second.items[1].state, ItemState::duplicate);
  EXPECT_TRUE(second.batch_id.empty());
  EXPECT_EQ(in_log(RecordKind::evidence), Lines{"a=2"});

  restart();
  EXPECT_EQ(must_submit(line("a", "2") + line("a", "2")).conflicts, 2u);
  EXPECT_EQ(in_log(RecordKind::evidence), Lines{"a=2"}) << "the same content is evidence once";

  for (int i = 3; i < 40; ++i) must_submit(line("a", std::to_string(i)));
  EXPECT_EQ(in_log(RecordKind::evidence).size(), 16u);
  restart();
  EXPECT_EQ(must_submit(line("a", "77")).conflicts, 1u);
  EXPECT_EQ(in_log(RecordKind::evidence).size(), 16u);
  EXPECT_EQ(in_log(RecordKind::usage), Lines{"a=1"});
}

TEST_F(IntakeTest, ConflictsAreFoundWhereverInTheLogTheFirstRecordsStand) {
  constexpr int count = 6'000;
  std::string text;
  for (int i = 0; i < count; ++i) text += line("e" + std::to_string(i));
  ASSERT_EQ(must_submit(text).stored, std::uint64_t{count});
  std::string again;
  std::vector<std::string> expected;
  for (const int i : {5'999, 0, 1, 1, 7, 5'000, 4'999, 2'500}) again += line("e" + std::to_string(i), "2");
  for (const int i : {0, 1, 7, 2'500, 4'999, 5'000, 5'999}) expected.push_back("e" + std::to_string(i) + "=2");
  const BatchResult result = must_submit(again);
  EXPECT_EQ(result.conflicts, 8u);
  EXPECT_EQ(result.items[0].position - result.items[1].position, 5'999u);
  EXPECT_EQ(result.items[2].position, result.items[3].position);
  EXPECT_EQ(in_log(RecordKind::evidence), expected);
}

TEST_F(IntakeTest, InsideABatchTheFirstIsStoredAndTheOthersAreMeasuredByIt) {
  const BatchResult result =
      must_submit(line("a", "1") + line("b", "5") + line("a", "2") + line("a", "1.0") + line("a", "2"));
  EXPECT_EQ(result.items[0].state, ItemState::stored);
  EXPECT_EQ(result.items[1].state, ItemState::stored);
  EXPECT_EQ(result.items[2].state, ItemState::conflict);
  EXPECT_EQ(result.items[3].state, ItemState::duplicate);
  EXPECT_EQ(result.items[4].state, ItemState::conflict);
  for (const std::size_t i : {2u, 3u, 4u}) EXPECT_EQ(result.items[i].position, result.items[0].position);
  EXPECT_EQ(in_log(RecordKind::usage), (Lines{"a=1", "b=5"}));
  EXPECT_EQ(in_log(RecordKind::evidence), Lines{"a=2"});
}

TEST_F(IntakeTest, OfRacingDuplicatesEachKeyIsStoredExactlyOnce) {
  constexpr int threads = 8;
  constexpr int batches = 25;
  constexpr int keys_per_batch = 40;
  std::mutex mutex;
  std::map<std::string, std::vector<ledger::Position>> stored_at;
  std::map<std::string, std::vector<ledger::Position>> duplicate_of;
  const auto work = [&](int thread) {
    for (int b = 0; b < batches; ++b) {
      // Every thread sends every key, each in another order, so that batches meet halfway.
      std::string ndjson;
      Lines ids;
      for (int k = 0; k < keys_per_batch; ++k) {
        const int at = (k * 7 + thread * 11) % keys_per_batch;
        ids.push_back(std::to_string(b) + "-" + std::to_string(at));
        ndjson += line(ids.back());
      }
      const auto result = submit(ndjson);
      ASSERT_TRUE(result) << ledger::error_of(result);
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const ItemResult& item = result->items[i];
        ASSERT_NE(item.position, 0u);
        ASSERT_LE(item.position, ledger->log().durable_position()) << "answered before it was on disk";
        (item.state == ItemState::stored ? stored_at : duplicate_of)[ids[i]].push_back(item.position);
      }
    }
  };
  std::vector<std::jthread> pool;
  for (int t = 0; t < threads; ++t) pool.emplace_back(work, t);
  pool.clear();
  EXPECT_EQ(stored_at.size(), static_cast<std::size_t>(batches * keys_per_batch));
  for (const auto& [id, positions] : stored_at) {
    ASSERT_EQ(positions.size(), 1u) << id;
    ASSERT_EQ(duplicate_of[id].size(), static_cast<std::size_t>(threads - 1)) << id;
    for (const ledger::Position position : duplicate_of[id]) ASSERT_EQ(position, positions.front());
  }
  EXPECT_EQ(in_log(RecordKind::usage).size(), stored_at.size());
}

TEST_F(IntakeTest, AFailedSyncFailsTheBatchVoidsItsClaimsAndNothingOfItStays) {
  must_submit(line("before"));
  files.plan({FaultKind::sync_error, "ledger"});
  const auto failed = submit(line("a") + line("b"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::store_unavailable);
  const auto later = submit(line("a"));
  ASSERT_FALSE(later) << "the ledger is read-only until a restart";
  EXPECT_EQ(later.error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(must_submit(line("before")).duplicates, 1u) << "what is known can still be told";
  wait_until_idle();

  files.heal();
  restart();
  // Whether the failed batch reached the disk is for the disk to say; exactly once holds in both cases.
  const BatchResult again = must_submit(line("a") + line("b"));
  EXPECT_EQ(again.stored + again.duplicates, 2u);
  EXPECT_EQ(in_log(RecordKind::usage).size(), 3u);
}

TEST_F(IntakeTest, AfterAFailedSyncThoseWhoWaitedAreAnsweredToo) {
  files.plan({FaultKind::sync_error, "ledger"});
  std::vector<std::future<Result<BatchResult>>> answers;
  for (int i = 0; i < 20; ++i) {
    auto promise = std::make_shared<std::promise<Result<BatchResult>>>();
    answers.push_back(promise->get_future());
    intake->submit(ingester(), batch_of(line("same") + line("own" + std::to_string(i))), "v1",
                   [promise](Result<BatchResult> result) { promise->set_value(std::move(result)); });
  }
  for (auto& answer : answers) EXPECT_FALSE(answer.get());
  wait_until_idle();
}

TEST_F(IntakeTest, ADeletedIndexIsRebuiltAndStillKnowsEveryKey) {
  for (int b = 0; b < 30; ++b) {
    std::string ndjson;
    for (int k = 0; k < 100; ++k) ndjson += line(std::to_string(b * 100 + k));
    ASSERT_EQ(must_submit(ndjson).stored, 100u);
  }
  must_submit(line("7", "8"));
  close();
  std::filesystem::remove_all(folder / "index");
  open();
  std::string everything;
  for (int k = 0; k < 3'000; ++k) everything += line(std::to_string(k));
  EXPECT_EQ(must_submit(everything).duplicates, 3'000u);
  must_submit(line("7", "8"));
  EXPECT_EQ(in_log(RecordKind::evidence).size(), 1u);
}

TEST_F(IntakeTest, BeyondItsBoundItIsBusyAndStoresNothing) {
  options_of_intake.queue_requests_max = 0;
  restart();
  const auto refused = submit(line("a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  wait_until_idle();
}

TEST_F(IntakeTest, ADocumentIsKeptOnceAndTheCatalogueDoesNotMindIt) {
  const auto first = intake->keep_once(server_principal(), "import:focus", "layout", "x", R"("kind":"focus-layout")");
  ASSERT_TRUE(first) << ledger::error_of(first);
  restart();
  const auto again = intake->keep_once(server_principal(), "import:focus", "layout", "x", R"("kind":"focus-layout")");
  EXPECT_EQ(*again, *first);
  const auto other = intake->keep_once(server_principal(), "import:focus", "layout", "y", R"("kind":"focus-layout")");
  EXPECT_GT(*other, *first);
  EXPECT_NE(catalog->current()->org("acme"), nullptr);
}

TEST_F(IntakeTest, CountersTellWhatBecameOfRecords) {
  must_submit(line("a") + line("a") + line("a", "2") + line("b", "1", "nowhere"));
  const std::string text = registry.expose();
  for (const char* result : {"stored", "duplicate", "conflict", "rejected"}) {
    EXPECT_NE(text.find("meterport_intake_records_total{result=\"" + std::string(result) + "\"} 1\n"),
              std::string::npos)
        << result;
  }
}

}  // namespace
}  // namespace meterport::intake
