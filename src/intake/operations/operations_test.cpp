#include "intake/operations/operations.h"

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <thread>

#include "intake/operations/result_file.h"
#include "intake/operations/usage_kinds.h"
#include "intake/test_intake.h"

namespace meterport::intake {
namespace {

class OperationsTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { operations.reset(); }

  void open() {
    auto opened = Operations::open(
        {*t.store, *t.intake, *t.catalog, t.files, t.clock, *t.random, settings, t.registry, t.folder / "operations"});
    ASSERT_TRUE(opened) << ledger::error_of(opened);
    operations = std::move(*opened);
    add_usage_kinds(*operations, settings);
  }
  void restart() {
    operations.reset();
    t.restart();
    open();
  }

  /// `count` records, of which every tenth names an unknown meter.
  static std::string lines(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
      out += TestIntake::line("r" + std::to_string(i), "1", "acme-eu", i % 10 == 9 ? "nothing" : "hours");
    }
    return out;
  }
  static std::vector<formats::TextRange> ranges(const std::string& body) {
    auto lines = line_ranges(body, 1'000'000);
    EXPECT_TRUE(lines);
    return lines ? std::move(*lines) : std::vector<formats::TextRange>{};
  }
  Result<Operation> create(const std::string& body, const std::string& key = {},
                           const Principal& by = TestIntake::ingester()) {
    return operations->create(by, {std::string(usage_ndjson_kind), "v1", "acme", "", key, body, ranges(body)});
  }
  Operation must_create(const std::string& body) {
    auto made = create(body);
    EXPECT_TRUE(made) << ledger::error_of(made);
    return made ? *made : Operation{};
  }
  Operation get(OperationId id) {
    auto found = operations->get(TestIntake::ingester(), id);
    EXPECT_TRUE(found) << ledger::error_of(found);
    return found ? *found : Operation{};
  }
  Operation wait_for(OperationId id) {
    Operation operation = get(id);
    while (!is_final(operation.state) && !HasFailure()) {
      std::this_thread::yield();
      operation = get(id);
    }
    return operation;
  }
  std::vector<std::string> outcomes(OperationId id) {
    auto items = operations->items(TestIntake::ingester(), id);
    EXPECT_TRUE(items) << ledger::error_of(items);
    std::vector<std::string> out;
    if (!items) return out;
    ItemOutcome outcome;
    for (auto more = (*items)->next(outcome); more && *more; more = (*items)->next(outcome)) {
      EXPECT_EQ(outcome.index, out.size());
      out.push_back(std::string(to_string(outcome.state)) + std::string(outcome.pointer));
    }
    return out;
  }
  std::string file_of(const std::string& end) {
    for (const std::string& name : *t.files.list(t.folder / "operations")) {
      if (name.ends_with(end)) return t.folder / ("operations/" + name);
    }
    return {};
  }

  TestIntake t;
  Settings settings;
  std::unique_ptr<Operations> operations;
};

TEST_F(OperationsTest, IsSettledItemByItemInOrder) {
  const int count = 9'050;  // more than two chunks
  operations->start();
  const Operation made = must_create(lines(count));
  EXPECT_EQ(made.state, OperationState::created);
  EXPECT_EQ(made.items, 9'050U);
  const Operation end = wait_for(made.id);
  EXPECT_EQ(end.state, OperationState::partial_success);
  EXPECT_EQ(end.counts, (ItemCounts{.stored = 8'145, .rejected = 905}));
  EXPECT_TRUE(end.finished);
  const auto all = outcomes(made.id);
  ASSERT_EQ(all.size(), 9'050U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i % 10 == 9 ? "rejected/meter" : "stored") << i;
  EXPECT_EQ(t.in_log(ledger::RecordKind::usage).size(), 8'145U);
}

TEST_F(OperationsTest, ItemsCanBeReadFromAnyPlace) {
  operations->start();
  const Operation made = must_create(lines(9'000));
  wait_for(made.id);
  auto items = operations->items(TestIntake::ingester(), made.id);
  ASSERT_TRUE(items);
  ItemOutcome outcome;
  for (const std::uint64_t index : {8'999U, 0U, 4'000U, 3'999U, 5'555U}) {
    ASSERT_TRUE((*items)->go_to(index));
    ASSERT_TRUE(*(*items)->next(outcome));
    EXPECT_EQ(outcome.index, index);
    const auto text = (*items)->text(index);
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("\"r" + std::to_string(index) + "\""), std::string_view::npos) << *text;
  }
  ASSERT_TRUE((*items)->go_to(9'000));
  EXPECT_FALSE(*(*items)->next(outcome));
  EXPECT_FALSE((*items)->text(9'000));
}

TEST_F(OperationsTest, WaitsUntilStartedAndSurvivesTheProcess) {
  const Operation made = must_create(lines(3));
  EXPECT_EQ(get(made.id).state, OperationState::created);
  EXPECT_TRUE(outcomes(made.id).empty());
  restart();
  operations->start();
  EXPECT_EQ(wait_for(made.id).state, OperationState::success);
}

TEST_F(OperationsTest, NumbersAreNeverUsedTwice) {
  EXPECT_EQ(must_create(lines(1)).id, 1);
  restart();
  EXPECT_EQ(must_create(lines(1)).id, 2);
}

TEST_F(OperationsTest, GoesOnBehindTheResultsThatAreThere) {
  const std::string body = lines(9'050);
  {
    operations->start();
    const Operation made = must_create(body);
    wait_for(made.id);
  }
  const std::string results = *read_file(t.files, file_of(".results"));
  operations.reset();
  // As a crash leaves it: the last chunk torn, those before it whole.
  for (const std::size_t cut : {std::size_t{0}, std::size_t{10}, results.size() / 2, results.size() - 1}) {
    auto file = t.files.open(file_of(".results"), OpenMode::read_write);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(0));
    ASSERT_TRUE((*file)->write_at(0, std::string_view(results).substr(0, cut)));
    auto opened = ResultFile::open(t.files, file_of(".results"));
    ASSERT_TRUE(opened);
    EXPECT_LE(opened->bytes(), cut);
    EXPECT_EQ(opened->counts().all() % 4'000, 0U) << "whole chunks";
    EXPECT_EQ(opened->counts().all() > 0, cut > results.size() / 3);
  }
}

TEST_F(OperationsTest, AChangeOfTheCatalogueMeanwhileDoesNotCount) {
  const Operation made = must_create(TestIntake::line("a", "1", "acme-eu", "later") + TestIntake::line("b"));
  const auto file = catalog::parse_catalogue(R"({"meters":[{"id":"later","name":"Later"}],
      "orgs":[{"id":"acme-eu","kind":"sub-org","name":"Acme EU","parent":"acme","status":"deleted"}]})");
  ASSERT_TRUE(t.catalog->apply(server_principal(), *file));
  operations->start();
  wait_for(made.id);
  EXPECT_EQ(outcomes(made.id), (std::vector<std::string>{"rejected/meter", "stored"}));
}

TEST_F(OperationsTest, TheSameKeyGivesTheSameOperation) {
  const auto first = create(lines(2), "key");
  const auto again = create(lines(2), "key");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  const auto other = create(lines(3), "key");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  EXPECT_NE(create(lines(2), "another")->id, first->id);
  EXPECT_EQ(t.files.list(t.folder / "operations")->size(), 2U) << "no body is left behind";
}

TEST_F(OperationsTest, OthersDoNotKnowIt) {
  const Operation made = must_create(lines(1));
  const Principal stranger = TestIntake::ingester("other");
  const auto hidden = operations->get(stranger, made.id);
  const auto unknown = operations->get(stranger, 999);
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().kind, ErrorKind::not_found);
  EXPECT_EQ(hidden.error().text, unknown.error().text);
  EXPECT_FALSE(operations->items(stranger, made.id));
  EXPECT_TRUE(operations->page(stranger, 0, 10)->empty());
  EXPECT_EQ(operations->page(TestIntake::ingester(), 0, 10)->size(), 1U);
  const auto refused = create(lines(1), {}, stranger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
}

TEST_F(OperationsTest, ADamagedBodyFailsTheOperationAsAWhole) {
  const Operation made = must_create(lines(5));
  auto file = t.files.open(file_of(".body"), OpenMode::read_write);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(10, "?"));
  operations->start();
  const Operation end = wait_for(made.id);
  EXPECT_EQ(end.state, OperationState::failed);
  EXPECT_FALSE(end.error.empty());
  EXPECT_EQ(end.counts.all(), 0U);
}

TEST_F(OperationsTest, AMissingBodyOrReaderFailsItToo) {
  const Operation first = must_create(lines(5));
  ASSERT_TRUE(t.files.remove(file_of(".body")));
  const std::string body = lines(1);
  const auto second =
      operations->create(TestIntake::ingester(), {"unheard-of", "v1", "acme", "", "", body, ranges(body)});
  ASSERT_TRUE(second);
  operations->start();
  EXPECT_EQ(wait_for(first.id).state, OperationState::failed);
  EXPECT_EQ(wait_for(second->id).state, OperationState::failed);
}

TEST_F(OperationsTest, AReaderThatFailsOnOneItemLosesThatItemAlone) {
  operations->set_kind("fragile", {.read = [](const ReadContext&, ItemChunk chunk) -> Result<RecordBatch> {
                         std::string text;
                         for (const ItemText& item : chunk.items) {
                           if (item.text.find("\"r1\"") != std::string_view::npos) throw std::runtime_error("no");
                           text.append(item.text).append("\n");
                         }
                         return formats::read_usage_ndjson(text, {});
                       }});
  const std::string body = TestIntake::line("r0") + TestIntake::line("r1") + TestIntake::line("r2");
  const auto made = operations->create(TestIntake::ingester(), {"fragile", "v1", "acme", "", "", body, ranges(body)});
  operations->start();
  EXPECT_EQ(wait_for(made->id).state, OperationState::partial_success);
  EXPECT_EQ(outcomes(made->id), (std::vector<std::string>{"stored", "rejected", "stored"}));
}

TEST_F(OperationsTest, WithKeysOfItsOwnADuplicateWasStoredBeforeACrash) {
  t.must_submit(TestIntake::line("a"));
  OperationKind kind;
  kind.read = [](const ReadContext&, const ItemChunk& chunk) { return formats::read_usage_ndjson(chunk.bytes, {}); };
  kind.has_own_keys = true;
  operations->set_kind("own", kind);
  const std::string body = TestIntake::line("a");
  const auto made = operations->create(TestIntake::ingester(), {"own", "v1", "acme", "", "", body, ranges(body)});
  operations->start();
  EXPECT_EQ(wait_for(made->id).counts, (ItemCounts{.stored = 1}));
}

TEST_F(OperationsTest, WaitsForAFullDiskAndGoesOn) {
  const Operation made = must_create(lines(10));
  t.files.plan({.kind = FaultKind::no_space, .path_contains = ".results", .first = 1, .count = 1});
  operations->start();
  EXPECT_EQ(wait_for(made.id).counts.all(), 10U);
}

/// However often an operation has to wait and is woken meanwhile, one worker at a time steps it.
TEST_F(OperationsTest, PausesAndAnswersTogetherLoseNothing) {
  const std::string body = lines(20'000);
  for (const unsigned faults : {1U, 9U}) {
    for (const unsigned first : {1U, 3U}) {
      const Operation made = must_create(body);
      t.files.plan({.kind = FaultKind::no_space, .path_contains = ".results", .first = first, .count = faults});
      operations->start();
      const Operation end = wait_for(made.id);
      EXPECT_EQ(end.state, OperationState::partial_success);
      EXPECT_EQ(end.counts.all(), 20'000U);
      EXPECT_EQ(end.counts.rejected, 2'000U);
      EXPECT_EQ(outcomes(made.id).size(), 20'000U);
      t.files.heal();
    }
  }
  EXPECT_EQ(t.in_log(ledger::RecordKind::usage).size(), 18'000U);
}

TEST_F(OperationsTest, ManyAreTakenButFewAreOpen) {
  operations.reset();
  ASSERT_TRUE(settings.set("operations.unfinished_max", std::int64_t{100}));
  open();
  std::vector<OperationId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(must_create(lines(i % 2 == 0 ? 4'500 : 2)).id);
  const auto refused = create(lines(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  operations->start();
  for (const OperationId id : ids) EXPECT_TRUE(is_final(wait_for(id).state));
  EXPECT_TRUE(create(lines(1)));
}

TEST_F(OperationsTest, WhatWasSettledBeforeItFailedStaysTold) {
  operations->start();
  const Operation made = must_create(lines(9'000));
  wait_for(made.id);
  operations.reset();
  // Its end was not stored when the process died, and meanwhile the disk lost the body.
  ASSERT_TRUE(t.store->write([&](soci::session& session) -> Status {
    session << "UPDATE operations SET state = 'CREATED', finished_us = 0, stored = 0, rejected = 0";
    return {};
  }));
  ASSERT_TRUE(t.files.remove(file_of(".body")));
  open();
  operations->start();
  const Operation end = wait_for(made.id);
  EXPECT_EQ(end.state, OperationState::failed);
  EXPECT_EQ(end.counts.stored, 8'100U);
  EXPECT_EQ(outcomes(made.id).size(), 9'000U);
}

TEST_F(OperationsTest, AFailedSyncOfTheResultsIsNotTriedOver) {
  const Operation made = must_create(lines(10));
  t.files.plan({.kind = FaultKind::sync_error, .path_contains = ".results", .first = 1, .count = 1});
  t.files.plan({.kind = FaultKind::sync_error, .path_contains = ".results.new", .first = 1, .count = 1});
  operations->start();
  EXPECT_EQ(wait_for(made.id).counts, (ItemCounts{.stored = 9, .rejected = 1}));
  EXPECT_EQ(outcomes(made.id).size(), 10U);
  EXPECT_EQ(t.files.faults_injected(), 2U) << "they are written to a new file";
}

TEST_F(OperationsTest, WhatIsNotDurableIsNotTaken) {
  t.files.plan({.kind = FaultKind::sync_error, .path_contains = ".body", .first = 1, .count = 1});
  EXPECT_FALSE(create(lines(1)));
  EXPECT_TRUE(t.files.list(t.folder / "operations")->empty());
  EXPECT_TRUE(operations->page(TestIntake::ingester(), 0, 10)->empty());
  EXPECT_FALSE(create(""));
}

TEST_F(OperationsTest, OldOnesAreRemovedWithTheirFiles) {
  operations.reset();
  ASSERT_TRUE(settings.set("operations.retention", std::int64_t{60}));
  open();
  operations->start();
  const Operation made = must_create(lines(1));
  wait_for(made.id);
  t.clock.advance_us(61 * Instant::us_per_second);
  while (operations->get(TestIntake::ingester(), made.id)) std::this_thread::yield();
  operations.reset();
  EXPECT_TRUE(t.files.list(t.folder / "operations")->empty());
}

TEST_F(OperationsTest, AStartRemovesBodiesThatNobodyWasToldOf) {
  ASSERT_TRUE(replace_file(t.files, t.folder / "operations/abc.body", "x"));
  const Operation made = must_create(lines(1));
  restart();
  EXPECT_EQ(t.files.list(t.folder / "operations")->size(), 1U);
  operations->start();
  EXPECT_EQ(wait_for(made.id).state, OperationState::success);
}

TEST_F(OperationsTest, StoppingInTheMiddleAndGoingOnStoresEachOnce) {
  const std::string body = lines(20'000);
  const Operation made = must_create(body);
  for (int round = 0; round < 4; ++round) {
    operations->start();
    while (get(made.id).state == OperationState::created) std::this_thread::yield();
    restart();
  }
  operations->start();
  wait_for(made.id);
  EXPECT_EQ(outcomes(made.id).size(), 20'000U);
  EXPECT_EQ(t.in_log(ledger::RecordKind::usage).size(), 18'000U);
}

TEST_F(OperationsTest, ASmallOneIsNotHeldUpByALargeOne) {
  operations.reset();
  ASSERT_TRUE(settings.set("operations.runners", std::int64_t{1}));
  open();
  const Operation large = must_create(lines(60'000));
  const Operation small = must_create(lines(3));
  operations->start();
  wait_for(small.id);
  EXPECT_FALSE(is_final(get(large.id).state));
  wait_for(large.id);
}

}  // namespace
}  // namespace meterport::intake
