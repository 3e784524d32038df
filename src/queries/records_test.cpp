// Records by position against what was handed in.
#include <algorithm>
#include <random>
#include <set>

#include "base/file_system.h"
#include "ledger/test_erasure.h"
#include "queries/test_tier_model.h"

namespace meterport::queries {
namespace {

class RecordsTest : public TierModelTest {
 protected:
  /// A batch of reversals of these positions, and of an amended version of each for which `quantity` is given.
  void take_back(const std::vector<const Entry*>& wrong, const std::string& quantity = {}) {
    ledger::NewBatch batch;
    batch.info = {.id = "batch", .principal = "test", .channel = "v1", .arrival_time = clock_.now()};
    std::vector<std::size_t> ends;
    const auto append = [&](const Entry& entry, const std::string& value, const ledger::RecordNotes& notes) {
      UsageRecord record;
      record.org = entry.org;
      record.meter = entry.meter;
      record.time = take(parse_instant(entry.time));
      record.quantity = Decimal::parse(value).value();
      record.id = record.source = "correction";
      record.project = entry.project;
      const auto kind = notes.reverses > 0 ? ledger::RecordKind::reversal : ledger::RecordKind::usage;
      ledger::encode_record(batch.payloads, kind, record, notes);
      batch.records.push_back({kind, {}});
      ends.push_back(batch.payloads.size());
    };
    for (const Entry* entry : wrong) {
      const std::string& was = entry->quantity;
      const std::string negated = was.starts_with('-') ? was.substr(1) : was == "0" ? was : "-" + was;
      append(*entry, negated, {.reverses = entry->position, .reason = "wrong"});
      if (!quantity.empty()) append(*entry, quantity, {.amends = entry->position});
    }
    for (std::size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) {
      batch.records[i].payload = std::string_view(batch.payloads).substr(begin, ends[i] - begin);
    }
    last_batch_ = take(log_->append_and_wait(std::move(batch))).batch_position;
  }

  std::vector<std::string> records_of(const Snapshot& snapshot, const Slice& slice) {
    const auto catalogue = take(queries_->catalogue(snapshot));
    std::vector<std::string> lines;
    check(queries_->records(snapshot, report(*catalogue), slice, [&](const RecordRow& row) -> Status {
      EXPECT_EQ(row.arrival_time, arrival_[row.position]);
      lines.push_back(line(row.position, *row.record));
      return {};
    }));
    return lines;
  }
  static std::string line(std::uint64_t position, const UsageRecord& record) {
    return fmt::format("{} {} {} {} {} {}", position, record.org, record.meter, format_day(day_of(record.time)),
                       record.quantity.to_text(), record.project);
  }
  /// Those that are in the report and not in `without`.
  std::vector<std::string> by_hand(const std::string& meter, const std::set<std::uint64_t>& without = {}) const {
    std::vector<std::string> lines;
    for (const Entry& e : entries_) {
      ModelPart part;
      part.org = e.org;
      part.day = e.time.substr(0, 10);
      if (!is_reported(part) || without.contains(e.position) || (!meter.empty() && e.meter != meter)) continue;
      lines.push_back(fmt::format("{} {} {} {} {} {}", e.position, e.org, e.meter, part.day, e.quantity, e.project));
    }
    return lines;
  }
  void ingest_batches(int batches, int count) {
    for (int i = 0; i < batches; ++i) {
      clock_.set_offset_us(i * Instant::us_per_second);
      ingest_random(count, static_cast<unsigned>(i));
      remember_arrivals();
    }
  }
  /// As the ledger has them: what is stored there is the ledger's to test.
  void remember_arrivals() {
    const auto reader = log_->read_from(1);
    ledger::StoredRecord record;
    while (take(reader->next(record))) arrival_[record.position] = record.arrival_time;
  }
  static Slice all(const std::string& meter = {}) {
    return {.first = september(1), .last = september(14), .org_first = 0, .org_end = 2, .meter = meter};
  }

  /// In the ledger alone: the warehouse goes on holding its fact. Works while there is one segment.
  void erase(std::uint64_t position) {
    queries_.reset();
    loader_.reset();
    catalog_.reset();
    log_.reset();
    const std::string folder = folder_ / "ledger";
    const std::string path = folder + "/" + take(system_files().list(folder)).front();
    const std::string bytes = take(read_file(system_files(), path));
    check(replace_file(system_files(), path, ledger::with_erased(bytes, position, {1, 2}, 3)));
    log_ = take(ledger::Log::open({.folder = folder, .reserve_bytes = 0, .reserve_percent = 0}, system_files(), clock_,
                                  metrics_));
    catalog_ = take(catalog::Catalog::open(*log_, *control_, clock_, *random_));
    loader_ = take(loading::Loader::start(*log_, *warehouse_, metrics_, {}));
    queries_ = std::make_unique<Queries>(*warehouse_, *loader_, *catalog_, *log_, clock_);
  }

  std::map<std::uint64_t, Instant> arrival_;
  std::uint64_t last_batch_ = 0;
};

TEST_F(RecordsTest, ComeByPositionHoweverTheyAreSliced) {
  ingest_batches(5, 300);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  EXPECT_EQ(records_of(snapshot, all()), by_hand(""));
  EXPECT_EQ(records_of(snapshot, all("flat")), by_hand("flat"));
  EXPECT_GT(std::set<std::int64_t>({arrival_.begin()->second.us, arrival_.rbegin()->second.us}).size(), 1u);
  for (const std::uint64_t records_max : {1u, 50u}) {
    std::vector<std::string> lines;
    for (const Slice& slice : take(queries_->plan_slices(snapshot, report(*catalogue), september(1), september(14), "",
                                                         {.days_major = true}, records_max))) {
      const auto some = records_of(snapshot, slice);
      EXPECT_TRUE(std::ranges::is_sorted(some, {}, [](const std::string& text) { return std::stoul(text); }));
      lines.insert(lines.end(), some.begin(), some.end());
    }
    std::ranges::sort(lines, {}, [](const std::string& text) { return std::stoul(text); });
    EXPECT_EQ(lines, by_hand("")) << records_max;
  }
}

TEST_F(RecordsTest, WhatWasTakenBackIsPassedOverFromThatPositionOn) {
  ingest_batches(3, 400);
  const Snapshot before = pin();
  std::mt19937 random(11);
  std::set<std::uint64_t> reversed;
  std::vector<const Entry*> wrong;
  for (const Entry& entry : entries_) {
    if (random() % 4 != 0) continue;
    wrong.push_back(&entry);
    reversed.insert(entry.position);
  }
  take_back(wrong);
  remember_arrivals();
  EXPECT_EQ(records_of(pin(), all()), by_hand("", reversed));
  EXPECT_EQ(records_of(before, all()), by_hand(""));
}

TEST_F(RecordsTest, AnAmendedRecordShowsItsLastVersion) {
  entries_ = {
      {.org = "top", .meter = "flat", .time = "2024-09-01T00:00:00Z", .quantity = "5", .project = "p", .folder = ""},
      {.org = "top", .meter = "flat", .time = "2024-09-01T00:00:00Z", .quantity = "5", .project = "q", .folder = ""},
      {.org = "top", .meter = "flat", .time = "2024-09-01T00:00:00Z", .quantity = "-5", .project = "r", .folder = ""},
      {.org = "top", .meter = "flat", .time = "2024-09-01T00:00:00Z", .quantity = "0", .project = "s", .folder = ""}};
  ingest(entries_);
  remember_arrivals();
  // Equal and opposite quantities that take nothing back.
  EXPECT_EQ(records_of(pin(), all()).size(), 4u);
  take_back({&entries_[0], &entries_[3]}, "8");
  remember_arrivals();
  const Entry amended{.org = "top",
                      .meter = "flat",
                      .time = "2024-09-01T00:00:00Z",
                      .quantity = "8",
                      .project = "p",
                      .folder = "",
                      .position = last_batch_ + 2};
  const auto first = fmt::format("{} top flat 2024-09-01 5 q", entries_[1].position);
  const auto second = fmt::format("{} top flat 2024-09-01 -5 r", entries_[2].position);
  EXPECT_EQ(records_of(pin(), all()),
            (std::vector<std::string>{first, second, fmt::format("{} top flat 2024-09-01 8 p", last_batch_ + 2),
                                      fmt::format("{} top flat 2024-09-01 8 s", last_batch_ + 4)}));
  take_back({&amended}, "9");
  remember_arrivals();
  const auto third = fmt::format("{} top flat 2024-09-01 8 s", amended.position + 2);
  EXPECT_EQ(
      records_of(pin(), all()),
      (std::vector<std::string>{first, second, third, fmt::format("{} top flat 2024-09-01 9 p", last_batch_ + 2)}));
}

TEST_F(RecordsTest, AnErasedRecordIsPassedOver) {
  entries_ = {
      {.org = "top", .meter = "flat", .time = "2024-09-01T00:00:00Z", .quantity = "5", .project = "p", .folder = ""},
      {.org = "top", .meter = "flat", .time = "2024-09-02T00:00:00Z", .quantity = "6", .project = "q", .folder = ""}};
  ingest(entries_);
  remember_arrivals();
  (void)pin();
  erase(entries_[0].position);
  EXPECT_EQ(records_of(pin(), all()), by_hand("", {entries_[0].position}));
}

TEST_F(RecordsTest, ARefusedRecordEndsTheReading) {
  ingest_batches(1, 200);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  int records = 0;
  const auto status = queries_->records(snapshot, report(*catalogue), all(), [&](const RecordRow&) -> Status {
    if (++records == 2) return fail(ErrorKind::gone, "cancelled");
    return {};
  });
  EXPECT_EQ(status.error().kind, ErrorKind::gone);
  EXPECT_EQ(records, 2);
}

}  // namespace
}  // namespace meterport::queries
