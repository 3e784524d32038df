// The index over a real log: claims, runs, and what a start makes of what it finds.
#include "ledger/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "ledger/test_log.h"

namespace meterport::ledger {
namespace {

class IndexTest : public ::testing::Test {
 protected:
  void SetUp() override { world.open(); }

  void open_index(std::size_t table_keys = 500) {
    index.reset();
    auto opened = Index::open({world.folder / "index", table_keys, secret}, *world.log, registry);
    ASSERT_TRUE(opened) << error_of(opened);
    index = std::move(*opened);
  }

  UsageRecord record(const std::string& id) {
    UsageRecord r;
    r.org = "acme";
    r.meter = "hours";
    r.source = "agent";
    r.id = arena.keep(id);
    r.time = Instant{1'725'359'400'000'000};
    r.quantity = Decimal::from_integer(2);
    return r;
  }
  Hash128 key(const std::string& id) { return record_key(secret, "acme", "agent", id); }

  /// Appends records without telling the index: what a crash between sync and settling leaves.
  Position append(const std::vector<std::string>& ids, RecordKind kind = RecordKind::usage, RecordNotes notes = {}) {
    NewBatch batch;
    batch.info = test_info("batch");
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (const std::string& id : ids) {
      const std::size_t begin = batch.payloads.size();
      encode_record(batch.payloads, kind, record(id), notes);
      places.emplace_back(begin, batch.payloads.size() - begin);
    }
    for (const auto& [begin, size] : places) {
      batch.records.push_back({kind, std::string_view(batch.payloads).substr(begin, size)});
    }
    return world.append(std::move(batch)).batch_position + 1;
  }

  /// Claims, appends and settles.
  void store(const std::vector<std::string>& ids) {
    std::vector<ClaimRequest> requests;
    for (const std::string& id : ids) requests.push_back({key(id), fingerprint(secret, record(id))});
    std::vector<ClaimResult> results(requests.size());
    Status claimed = index->claim_many(requests, results, [](std::size_t, bool) {});
    if (!claimed && claimed.error().kind == ErrorKind::busy) {  // tables this small fill faster than a disk syncs
      index->wait_until_quiet();
      claimed = index->claim_many(requests, results, [](std::size_t, bool) {});
    }
    ASSERT_TRUE(claimed) << error_of(claimed);
    for (const ClaimResult& result : results) ASSERT_EQ(result.outcome, ClaimOutcome::claimed);
    Position position = append(ids);
    std::vector<KeyValue> settled;
    for (const ClaimRequest& request : requests) settled.push_back({request.key, {position++, request.fingerprint}});
    index->settle_many(settled);
  }

  static std::vector<std::string> ids(int first, int count) {
    std::vector<std::string> out;
    for (int i = first; i < first + count; ++i) out.push_back("event-" + std::to_string(i));
    return out;
  }

  /// Each record of the log is found at its position, and nothing else is.
  void expect_index_equals_log() {
    const auto reader = world.log->read_from(1);
    StoredRecord stored;
    std::uint64_t count = 0;
    for (auto more = reader->next(stored); more && *more; more = reader->next(stored)) {
      const auto owned = owned_key(secret, stored);
      ASSERT_TRUE(owned);
      if (!*owned) continue;
      ++count;
      const auto found = index->find((*owned)->key);
      ASSERT_TRUE(found && *found) << stored.position;
      ASSERT_EQ((*found)->position, stored.position);
      ASSERT_EQ((*found)->fingerprint, (*owned)->fingerprint);
    }
    EXPECT_EQ(index->size().keys, count);
    for (int i = 0; i < 1'000; ++i) ASSERT_FALSE(*index->find(key("never-" + std::to_string(i))));
  }

  TestLog world;
  metrics::Registry registry;
  TextArena arena;
  SipKey secret{1, 2, 3, 4};
  std::unique_ptr<Index> index;
};

TEST_F(IndexTest, KeysAreFoundInTheTableInFrozenTablesAndInRuns) {
  open_index(500);
  for (int batch = 0; batch < 40; ++batch) store(ids(batch * 100, 100));
  expect_index_equals_log();
  index->wait_until_quiet();
  expect_index_equals_log();
  EXPECT_GT(index->size().resident_bytes, 0u);
}

TEST_F(IndexTest, ASecondClaimWaitsForTheFirstAndSeesItsOutcome) {
  open_index();
  const ClaimRequest claim{key("a"), 7};
  EXPECT_EQ(index->claim(claim.key, 7, [](bool) {})->outcome, ClaimOutcome::claimed);
  std::vector<bool> ends;
  const auto on_end = [&ends](bool settled) { ends.push_back(settled); };
  auto second = index->claim(claim.key, 8, on_end);
  EXPECT_EQ(second->outcome, ClaimOutcome::in_flight);
  EXPECT_EQ(second->value.fingerprint, 7u);
  EXPECT_TRUE(ends.empty());

  index->release(claim.key);
  EXPECT_EQ(ends, std::vector<bool>{false});
  EXPECT_FALSE(*index->find(claim.key)) << "a voided claim leaves the key new";

  EXPECT_EQ(index->claim(claim.key, 8, [](bool) {})->outcome, ClaimOutcome::claimed);
  EXPECT_EQ(index->claim(claim.key, 7, on_end)->outcome, ClaimOutcome::in_flight);
  index->settle(claim.key, {41, 8});
  EXPECT_EQ(ends, (std::vector<bool>{false, true}));
  const auto third = index->claim(claim.key, 8, on_end);
  EXPECT_EQ(third->outcome, ClaimOutcome::present);
  EXPECT_EQ(third->value.position, 41u);
}

TEST_F(IndexTest, ClaimsOfKeysThatLieInRunsFindThem) {
  open_index(100);
  for (int batch = 0; batch < 10; ++batch) store(ids(batch * 50, 50));
  index->wait_until_quiet();
  std::vector<ClaimRequest> requests;
  for (const std::string& id : ids(0, 500)) requests.push_back({key(id), 1});
  for (const std::string& id : ids(10'000, 500)) requests.push_back({key(id), 1});
  std::vector<ClaimResult> results(requests.size());
  ASSERT_TRUE(index->claim_many(requests, results, [](std::size_t, bool) {}));
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].outcome, i < 500 ? ClaimOutcome::present : ClaimOutcome::claimed) << i;
  }
}

TEST_F(IndexTest, AReadErrorLeavesNoKeyClaimed) {
  open_index(1'000);
  for (int batch = 0; batch < 10; ++batch) store(ids(batch * 100, 100));
  index->wait_until_quiet();
  std::vector<ClaimRequest> requests;
  for (const std::string& id : ids(0, 1'000)) requests.push_back({key(id), 1});
  for (const std::string& id : ids(10'000, 10)) requests.push_back({key(id), 1});
  std::vector<ClaimResult> results(requests.size());

  // The file of the run is cut short for a while: some keys are found before the first error.
  for (const auto& entry : std::filesystem::directory_iterator(world.folder / "index/runs")) {
    if (entry.path().extension() != ".sst") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::filesystem::resize_file(entry.path(), bytes.size() / 4 * 3);
    ASSERT_FALSE(index->claim_many(requests, results, [](std::size_t, bool) {}));
    EXPECT_GT(std::ranges::count(results, ClaimOutcome::present, &ClaimResult::outcome), 0);
    std::fstream(entry.path(), std::ios::binary | std::ios::in | std::ios::out) << bytes;
  }
  const Status claimed = index->claim_many(requests, results, [](std::size_t, bool) {});
  ASSERT_TRUE(claimed) << error_of(claimed);
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].outcome, i < 1'000 ? ClaimOutcome::present : ClaimOutcome::claimed) << i;
  }
}

TEST_F(IndexTest, AStartReplaysWhatTheRunsDoNotCover) {
  open_index(200);
  for (int batch = 0; batch < 9; ++batch) store(ids(batch * 100, 100));
  index->wait_until_quiet();
  append(ids(900, 77));  // synced, but the process died before settling
  open_index(200);
  expect_index_equals_log();
  open_index(10'000);
  expect_index_equals_log();
}

TEST_F(IndexTest, ADeletedFolderIsBuiltAgainFromTheWholeLog) {
  open_index(300);
  for (int batch = 0; batch < 20; ++batch) store(ids(batch * 100, 100));
  index.reset();
  std::filesystem::remove_all(world.folder / "index");
  open_index(300);
  expect_index_equals_log();
  index->wait_until_quiet();
  expect_index_equals_log();
}

TEST_F(IndexTest, DamagedRunsAreBuiltAgain) {
  open_index(300);
  for (int batch = 0; batch < 20; ++batch) store(ids(batch * 100, 100));
  index->wait_until_quiet();
  index.reset();
  for (const auto& entry : std::filesystem::directory_iterator(world.folder / "index/runs")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(entry.path(), std::ios::trunc) << "no manifest";
    }
  }
  open_index(300);
  expect_index_equals_log();
}

TEST_F(IndexTest, AFolderOfAnotherLedgerOrAheadOfTheLogIsNotTrusted) {
  open_index(100);
  for (int batch = 0; batch < 5; ++batch) store(ids(batch * 100, 100));
  index->wait_until_quiet();
  index.reset();
  std::filesystem::copy(world.folder / "index", world.folder / "kept", std::filesystem::copy_options::recursive);

  secret = {9, 9, 9};
  open_index(100);
  expect_index_equals_log();

  index.reset();
  secret = {1, 2, 3, 4};
  world.close();
  std::filesystem::remove_all(world.folder / "ledger");
  std::filesystem::remove_all(world.folder / "index");
  std::filesystem::rename(world.folder / "kept", world.folder / "index");
  world.open();
  append(ids(0, 3));
  open_index(100);
  expect_index_equals_log();
}

TEST_F(IndexTest, EvidenceAndNamedDocumentsAreFoundAfterARebuild) {
  const Position first = append({"a"});
  std::vector<Position> evidence;
  for (int i = 0; i < 3; ++i) {
    evidence.push_back(append({"a"}, RecordKind::evidence, {.conflicts_with = first}));
  }
  NewBatch batch;
  batch.info = test_info("layout");
  const ClaimRequest slot{{0x0123456789abcdef, 42}, 0xfedcba9876543210};
  batch.payloads = slotted_document(slot, R"("kind":"focus-layout","id":"x")");
  batch.records.push_back({RecordKind::catalogue_change, batch.payloads});
  const Position layout = world.append(std::move(batch)).batch_position + 1;

  open_index();
  EXPECT_EQ((*index->find(key("a")))->position, first);
  for (unsigned n = 0; n < 3; ++n) {
    const auto found = index->find(evidence_slot(key("a"), n));
    ASSERT_TRUE(found && *found) << n;
    EXPECT_EQ((*found)->position, evidence[n]);
  }
  EXPECT_FALSE(*index->find(evidence_slot(key("a"), 3)));
  const auto found = index->find(slot.key);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->position, layout);
  EXPECT_EQ((*found)->fingerprint, slot.fingerprint);
}

TEST_F(IndexTest, ACollisionOfKeyHashesGetsASlotOfItsOwnInARebuild) {
  // Two records under one key hash can't be made; the same record twice in a log looks the same to a rebuild.
  const Position first = append({"a"});
  const Position second = append({"a"});
  open_index();
  EXPECT_EQ((*index->find(key("a")))->position, first);
  EXPECT_EQ((*index->find(next_slot(key("a"))))->position, second);
}

TEST_F(IndexTest, OfManyThreadsClaimingOneKeyExactlyOneGetsIt) {
  open_index(256);
  constexpr int threads = 8;
  constexpr int keys = 2'000;
  std::vector<std::atomic<int>> claimed(keys);
  std::atomic<Position> position{0};
  std::mutex settling;
  const auto work = [&] {
    for (int k = 0; k < keys; ++k) {
      for (;;) {
        std::atomic<bool> ended{false};
        const auto result = index->claim(key(std::to_string(k)), 1, [&ended](bool) {
          ended = true;
          ended.notify_all();
        });
        if (!result) continue;  // busy: a run is being written
        if (result->outcome == ClaimOutcome::present) break;
        if (result->outcome == ClaimOutcome::claimed) {
          ++claimed[static_cast<std::size_t>(k)];
          const std::lock_guard lock(settling);
          index->settle(key(std::to_string(k)), {++position, 1});
          break;
        }
        ended.wait(false);
      }
    }
  };
  std::vector<std::jthread> pool;
  for (int t = 0; t < threads; ++t) pool.emplace_back(work);
  pool.clear();
  for (const auto& count : claimed) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace meterport::ledger
