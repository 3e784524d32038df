// What a region gives of its usage, and until when: read_part(), and the store that parts are loaded into.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "queries/test_regions.h"

namespace meterport::queries {
namespace {

using warehouse::Dimension;

constexpr std::string_view small_catalogue = R"({
  "orgs": [
    {"id": "b-top", "kind": "production", "name": "Top"},
    {"id": "a-sub", "kind": "sub-org", "name": "Sub", "parent": "b-top"},
    {"id": "else", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [{"id": "steps", "name": "Steps"}, {"id": "flat", "name": "Flat"}]
})";

class PartsTest : public TestServer {
 protected:
  PartsTest() { apply(small_catalogue); }

  static Entry entry(const std::string& org, const std::string& meter, const std::string& time,
                     const std::string& quantity, const std::string& project = {}) {
    return {.org = org, .meter = meter, .time = time, .quantity = quantity, .project = project, .folder = {}};
  }
  void use(std::vector<Entry> entries) { ingest(entries); }

  PartRequest request(PartGrain grain, std::vector<Dimension> dims = {}) const {
    PartRequest request;
    request.as_of = std::max(clock_.now(), log_->last_commit_time());
    request.grain = grain;
    request.orgs = {"a-sub", "b-top"};
    request.period = request.shown = {start_of(day_from({2024, 9, 1})), start_of(day_from({2024, 10, 1}))};
    request.dims = std::move(dims);
    return request;
  }
  std::vector<std::string> lines_of(const PartRequest& request) {
    LinesSink sink;
    check(queries_->read_part(request, sink, 10'000));
    return sink.lines;
  }
  /// As after a crash: nothing but what is on disk.
  void reopen_ledger() {
    queries_.reset();
    loader_.reset();
    catalog_.reset();
    log_.reset();
    log_ = take(ledger::Log::open({.folder = folder_ / "ledger", .reserve_bytes = 0, .reserve_percent = 0},
                                  system_files(), clock_, metrics_));
    catalog_ = take(catalog::Catalog::open(*log_, *control_, clock_, *random_));
    loader_ = take(loading::Loader::start(*log_, *warehouse_, metrics_, {}));
    queries_ = std::make_unique<Queries>(*warehouse_, *loader_, *catalog_, *log_, clock_);
  }
};
using Lines = std::vector<std::string>;

TEST_F(PartsTest, SumsComeByDayAndText) {
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "1", "p2"),
       entry("b-top", "flat", "2024-09-02T10:00:00Z", "2", "p1"), entry("a-sub", "steps", "2024-09-02T23:59:59Z", "4"),
       entry("b-top", "steps", "2024-09-01T00:00:00Z", "8"),
       entry("b-top", "steps", "2024-09-02T11:00:00Z", "-0.5", "p2"),
       entry("b-top", "steps", "2024-09-02T11:00:00Z", "3", "p1"), entry("else", "steps", "2024-09-02T11:00:00Z", "5"),
       entry("b-top", "steps", "2024-10-01T00:00:00Z", "6"), entry("b-top", "steps", "2024-08-31T23:59:59Z", "7")});
  const Lines by_project = {"0 2024-09-01T00:00:00Z 8 0=b-top 1=steps", "0 2024-09-02T00:00:00Z 4 0=a-sub 1=steps",
                            "0 2024-09-02T00:00:00Z 2 0=b-top 1=flat 2=p1",
                            "0 2024-09-02T00:00:00Z 3 0=b-top 1=steps 2=p1",
                            "0 2024-09-02T00:00:00Z 0.5 0=b-top 1=steps 2=p2"};
  EXPECT_EQ(lines_of(request(PartGrain::day_sums, {Dimension::project})), by_project);
  PartRequest narrow = request(PartGrain::day_sums);
  narrow.meter = "flat";
  EXPECT_EQ(lines_of(narrow), Lines{"0 2024-09-02T00:00:00Z 2 0=b-top 1=flat"});
  narrow.meter = "unheard-of";
  EXPECT_EQ(lines_of(narrow), Lines());
  narrow.meter.clear();
  narrow.orgs = {"nobody"};
  EXPECT_EQ(lines_of(narrow), Lines());
}

TEST_F(PartsTest, FirstDaysComeAsNothingUsed) {
  use({entry("b-top", "steps", "2024-03-02T10:00:00Z", "1"), entry("b-top", "steps", "2024-02-02T10:00:00Z", "1"),
       entry("b-top", "flat", "2024-09-03T10:00:00Z", "2"), entry("a-sub", "flat", "2024-08-31T10:00:00Z", "2"),
       entry("b-top", "steps", "2024-09-03T10:00:00Z", "5")});
  PartRequest request = this->request(PartGrain::day_sums);
  request.with_first_days = true;
  const Lines lines = {"0 2024-02-02T00:00:00Z 0 0=b-top 1=steps", "0 2024-08-31T00:00:00Z 0 0=a-sub 1=flat",
                       "0 2024-09-03T00:00:00Z 2 0=b-top 1=flat", "0 2024-09-03T00:00:00Z 5 0=b-top 1=steps"};
  EXPECT_EQ(lines_of(request), lines);
  request.meter = "flat";
  EXPECT_EQ(lines_of(request), (Lines{lines[1], lines[2]}));
}

TEST_F(PartsTest, SumsThatOneFactCannotHoldAddUp) {
  const std::string most = "999999999999999999.999999999999999999";
  std::vector<Entry> entries;
  for (const char* org : {"a-sub", "b-top"}) {
    const int count = *org == 'a' ? 2 : 31;
    for (int i = 0; i < count; ++i) {
      entries.push_back(entry(org, "steps", "2024-09-02T10:00:00Z", *org == 'a' ? most : "-" + most));
    }
  }
  use(entries);
  const Snapshot snapshot = pin();
  auto store = take(PartStore::create(system_files(), *catalog_, clock_, {}));
  check(queries_->read_part(snapshot, request(PartGrain::day_sums), *store->sink()));
  check(store->finish());
  const auto catalogue = take(queries_->catalogue(snapshot));
  const Day day = day_from({2024, 9, 2});
  const ReportOrgs orgs = always({catalogue->org("a-sub"), catalogue->org("b-top")});
  Lines lines;
  check(store->queries().summary_rows(store->snapshot(snapshot), *catalogue, orgs,
                                      {.first = day, .last = day, .org_first = 0, .org_end = 2, .meter = {}},
                                      [&](const SummaryRow& row) -> Status {
                                        lines.push_back(row.rated.quantity.to_text());
                                        return {};
                                      }));
  EXPECT_EQ(lines, (Lines{"1999999999999999999.999999999999999998", "-30999999999999999999.999999999999999969"}));
}

TEST_F(PartsTest, FactsComeByPositionAndAreCutAtTheSnapshot) {
  std::mt19937 random(1);
  Lines expected;
  std::vector<Entry> entries;
  for (int i = 0; i < 300; ++i) {
    entries.push_back(entry(random() % 2 == 0 ? "b-top" : "a-sub", "steps",
                            fmt::format("2024-09-{:02}T{:02}:00:00Z", 1 + random() % 30, random() % 24),
                            std::to_string(random() % 100), random() % 3 == 0 ? "p" : ""));
  }
  ingest(entries);
  for (const Entry& e : entries) {
    expected.push_back(
        fmt::format("{} {} {} 0={} 1=steps{}", e.position, e.time, e.quantity, e.org, e.project.empty() ? "" : " 2=p"));
  }
  PartRequest request = this->request(PartGrain::facts, {Dimension::project});
  EXPECT_EQ(lines_of(request), expected);
  clock_.advance_us(1'000'000);
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "77")});
  EXPECT_EQ(lines_of(request), expected);
  request.period.from = take(parse_instant("2024-09-10T05:00:00Z"));
  std::erase_if(expected,
                [](const std::string& line) { return line.substr(line.find(' ') + 1, 13) < "2024-09-10T05"; });
  EXPECT_EQ(lines_of(request), expected);
}

TEST_F(PartsTest, RecordsComeWholeWithoutWhatWasTakenBack) {
  std::vector<Entry> entries = {entry("b-top", "steps", "2024-09-05T10:00:00Z", "3", "kept"),
                                entry("b-top", "steps", "2024-09-01T10:00:00Z", "4", "wrong"),
                                entry("a-sub", "flat", "2024-09-03T10:00:00Z", "0", "wrong")};
  ingest(entries);
  ledger::NewBatch batch;
  batch.info = {.id = "batch", .principal = "test", .channel = "v1", .arrival_time = clock_.now()};
  std::vector<std::size_t> ends;
  for (const Entry& wrong : {entries[1], entries[2]}) {
    UsageRecord record;
    record.org = wrong.org;
    record.meter = wrong.meter;
    record.time = take(parse_instant(wrong.time));
    record.quantity = Decimal::parse(wrong.quantity == "0" ? "0" : "-" + wrong.quantity).value();
    record.id = record.source = "correction";
    ledger::encode_record(batch.payloads, ledger::RecordKind::reversal, record,
                          {.reverses = wrong.position, .reason = "x"});
    ends.push_back(batch.payloads.size());
  }
  batch.records.push_back({ledger::RecordKind::reversal, std::string_view(batch.payloads).substr(0, ends[0])});
  batch.records.push_back({ledger::RecordKind::reversal, std::string_view(batch.payloads).substr(ends[0])});
  take(log_->append_and_wait(std::move(batch)));
  use({entry("b-top", "steps", "2024-09-01T10:00:00Z", "-4", "kept"),
       entry("a-sub", "flat", "2024-09-02T10:00:00Z", "2", "kept")});

  // All meters at once; positions keep their order, whatever days they are of.
  const Snapshot snapshot = pin();
  auto store = take(PartStore::create(system_files(), *catalog_, clock_, folder_ / "store"));
  check(queries_->read_part(snapshot, request(PartGrain::records), *store->sink()));
  check(store->finish());
  const auto catalogue = take(queries_->catalogue(snapshot));
  const ReportOrgs orgs = always({catalogue->org("b-top"), catalogue->org("a-sub")});
  const Slice all{
      .first = day_from({2024, 9, 1}), .last = day_from({2024, 9, 30}), .org_first = 0, .org_end = 2, .meter = {}};
  Lines whole, of_part;
  const auto take_line = [](Lines& lines) {
    return [&lines](const RecordRow& row) -> Status {
      lines.push_back(fmt::format("{} {} {} {} {}", row.arrival_time.us, row.record->org,
                                  row.record->quantity.to_text(), row.record->project, row.record->id));
      return {};
    };
  };
  check(queries_->records(snapshot, orgs, all, take_line(whole)));
  check(store->queries().records(store->snapshot(snapshot), orgs, all, take_line(of_part)));
  EXPECT_EQ(of_part, whole);
  ASSERT_EQ(whole.size(), 3u);
  EXPECT_EQ(store->snapshot(snapshot).ledger_position, 3u);
  for (const std::string& line : whole) EXPECT_NE(line.find("kept"), std::string::npos) << line;
}

TEST_F(PartsTest, ManyRecordsAreFoundInTheStoresFile) {
  std::vector<Entry> entries;
  for (int i = 0; i < 2'000; ++i) {
    entries.push_back(entry("b-top", "steps", fmt::format("2024-09-{:02}T10:00:00Z", 1 + i % 30), std::to_string(i),
                            std::string(static_cast<std::size_t>(i % 400), 'x')));
  }
  ingest(entries);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  for (const std::string& path : {std::string(), (folder_ / "store").string()}) {
    auto store = take(PartStore::create(system_files(), *catalog_, clock_, path));
    check(queries_->read_part(snapshot, request(PartGrain::records), *store->sink()));
    check(store->finish());
    for (const Day first : {day_from({2024, 9, 20}), day_from({2024, 9, 1})}) {
      std::ptrdiff_t at = 0;
      const Slice slice{.first = first, .last = first.plus(2), .org_first = 0, .org_end = 1, .meter = {}};
      check(store->queries().records(store->snapshot(snapshot), always({catalogue->org("b-top")}), slice,
                                     [&](const RecordRow& row) -> Status {
                                       const Entry& e = entries[row.position - 1];
                                       EXPECT_EQ(row.record->quantity.to_text(), e.quantity);
                                       EXPECT_EQ(row.record->project, e.project);
                                       ++at;
                                       return {};
                                     }));
      EXPECT_EQ(at, std::ranges::count_if(entries, [&](const Entry& e) {
                  return e.time.substr(0, 10) >= format_day(first) && e.time.substr(0, 10) <= format_day(first.plus(2));
                }));
    }
  }
}

// ---- Until when ----

TEST_F(PartsTest, NothingIsCommittedAtTheInstantOnceItWasAnswered) {
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "1")});
  clock_.advance_us(10 * Instant::us_per_second);
  const PartRequest asked = request(PartGrain::day_sums);
  const Lines answered = lines_of(asked);
  // A clock that is set back by an hour, and a restart, which forgets what was promised in memory.
  clock_.advance_us(-3'600 * Instant::us_per_second);
  reopen_ledger();
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "100")});
  EXPECT_GT(log_->last_commit_time(), asked.as_of);
  EXPECT_EQ(lines_of(asked), answered);
  EXPECT_EQ(lines_of(request(PartGrain::day_sums)), Lines{"0 2024-09-02T00:00:00Z 101 0=b-top 1=steps"});
}

TEST_F(PartsTest, TheFenceIsOneRecordAndNothingToTheCatalogue) {
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "1")});
  clock_.advance_us(10 * Instant::us_per_second);
  const PartRequest asked = request(PartGrain::day_sums);
  const std::uint64_t before = log_->durable_position(), catalogue = catalog_->current()->position();
  (void)lines_of(asked);
  EXPECT_EQ(log_->durable_position(), before + 2);  // its batch's record, too
  std::string storage;
  const auto fence = take(ledger::read_at(*log_, before + 2, storage));
  EXPECT_EQ(fence.kind, ledger::RecordKind::catalogue_change);
  EXPECT_EQ(fence.payload, fmt::format(R"({{"kind":"instant","instant":"{}"}})", format_rfc3339(asked.as_of)));
  // It holds for the same and for earlier instants.
  (void)lines_of(asked);
  EXPECT_EQ(log_->durable_position(), before + 2);
  reopen_ledger();
  EXPECT_EQ(catalog_->current()->position(), catalogue);
  EXPECT_EQ(take(catalog_->at(log_->durable_position()))->position(), catalogue);
  EXPECT_EQ(lines_of(asked).size(), 1u);
}

TEST_F(PartsTest, AnInstantToComeIsWaitedFor) {
  use({entry("b-top", "steps", "2024-09-02T10:00:00Z", "1")});
  PartRequest asked = request(PartGrain::day_sums);
  asked.as_of = clock_.now().plus_seconds(118);
  LinesSink sink;
  const Status early = queries_->read_part(asked, sink, 50);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, ErrorKind::busy);
  EXPECT_EQ(early.error().text, "the clock is 118 s behind");
  EXPECT_TRUE(sink.lines.empty());
  const Status stopped =
      queries_->read_part(asked, sink, 10'000, [] { return Status(fail(ErrorKind::conflict, "no longer wanted")); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().text, "no longer wanted");
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    clock_.advance_us(120 * Instant::us_per_second);
  });
  EXPECT_EQ(lines_of(asked), Lines{"0 2024-09-02T00:00:00Z 1 0=b-top 1=steps"});
}

TEST_F(PartsTest, WhatWouldBeReadWronglyIsRefused) {
  LinesSink sink;
  const auto refused = [&](const PartRequest& request) {
    const Status status = queries_->read_part(request, sink, 10'000);
    return !status && status.error().kind == ErrorKind::invalid;
  };
  PartRequest bad = request(PartGrain::day_sums);
  bad.period.from = bad.period.from.plus_us(1);
  EXPECT_TRUE(refused(bad));
  bad = request(PartGrain::facts);
  bad.orgs = {"b-top", "a-sub"};
  EXPECT_TRUE(refused(bad));
  bad = request(PartGrain::facts, {Dimension::folder, Dimension::project});
  EXPECT_TRUE(refused(bad));
  bad = request(PartGrain::facts, {Dimension::meter});
  EXPECT_TRUE(refused(bad));
  bad = request(PartGrain::facts);
  std::swap(bad.period.from, bad.period.to);
  EXPECT_TRUE(refused(bad));
}

TEST_F(PartsTest, AStoreHasNoLedgerBehindIt) {
  auto store = take(PartStore::create(system_files(), *catalog_, clock_, {}));
  check(store->finish());
  const auto pinned = store->queries().pin({}, {});
  ASSERT_FALSE(pinned);
  EXPECT_EQ(pinned.error().kind, ErrorKind::internal);
  LinesSink sink;
  TotalsRequest totals;
  totals.to = Instant{1};
  totals.org = "b-top";
  EXPECT_FALSE(store->queries().read_part(request(PartGrain::facts), sink, 10));
  EXPECT_FALSE(store->queries().totals(server_principal(), totals));
  // Without any usage there are no rows, as in an empty ledger.
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const Day day = day_from({2024, 9, 2});
  EXPECT_TRUE(take(store->queries().plan_slices(store->snapshot(snapshot), always({catalogue->org("b-top")}), day, day,
                                                {}, {}, 10))
                  .size() == 1);
}

TEST_F(PartsTest, AWordlessCodeEndsTheStore) {
  auto store = take(PartStore::create(system_files(), *catalog_, clock_, {}));
  const auto sink = store->sink();
  warehouse::Fact fact;
  fact.codes[0] = 1;
  EXPECT_FALSE(sink->fact(fact, {}, {}));
  EXPECT_FALSE(sink->word(Dimension::org, 0, "x"));
}

}  // namespace
}  // namespace meterport::queries
