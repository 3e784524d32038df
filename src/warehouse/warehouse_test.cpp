// The port's promises, against the embedded store with real files.
#include "warehouse/warehouse.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>
#include <tuple>

namespace meterport::warehouse {
namespace {

constexpr std::int64_t day_us = Instant::us_per_day;
constexpr std::int32_t first_day = 19'967;  // 2024-09-01

class WarehouseTest : public ::testing::Test {
 protected:
  WarehouseTest() {
    std::string name = (std::filesystem::temp_directory_path() / "warehouse-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    options_.path = folder_ / "warehouse.duckdb";
    options_.memory_limit = "256MB";
    options_.run_facts_min = 30;
    open();
  }
  ~WarehouseTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    store_.reset();
    auto opened = open_duckdb(options_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }
  void append(const LoadBatch& batch) {
    auto status = store_->append(batch);
    ASSERT_TRUE(status) << status.error().detail;
  }

  std::filesystem::path folder_;
  DuckDbOptions options_;
  std::unique_ptr<Warehouse> store_;
};

Fact fact(std::uint64_t position, std::int32_t day, Code org, Code meter, std::int64_t whole) {
  Fact f{.position = position, .time_us = day * day_us + 17, .whole = whole};
  f.codes[static_cast<std::size_t>(Dimension::org)] = org;
  f.codes[static_cast<std::size_t>(Dimension::meter)] = meter;
  return f;
}

SumQuery everything(std::uint64_t as_of) {
  return {.as_of_position = as_of,
          .orgs = {1, 2, 3},
          .meters = {},
          .from = start_of(Day{first_day}),
          .to = start_of(Day{first_day + 10}),
          .group_by = {}};
}

/// (org, meter, day, step, dims) -> (sum, records), as the store answers and as plain additions over all facts give it.
using Key = std::tuple<Code, Code, std::int32_t, std::int64_t, std::vector<Code>>;
using Sums = std::map<Key, std::pair<Total, std::uint64_t>>;

Sums ask(Warehouse& store, const SumQuery& query) {
  Sums sums;
  auto status = store.sum(query, [&](const SumRow& row) {
    const bool is_new =
        sums.try_emplace({row.org, row.meter, row.day.days, row.step_start.us, row.dims}, row.quantity, row.records)
            .second;
    EXPECT_TRUE(is_new) << "a group came twice";
  });
  EXPECT_TRUE(status) << status.error().detail;
  return sums;
}

Code code_of(const Fact& f, Dimension dimension) {
  return f.codes[static_cast<std::size_t>(dimension)];
}

/// Where the fact's step begins, found by walking.
std::int64_t step_of(const Fact& f, const SumQuery& query) {
  if (query.step_us == 0) return 0;
  std::int64_t start = query.step_origin.us;
  while (start > f.time_us) start -= query.step_us;
  while (start + query.step_us <= f.time_us) start += query.step_us;
  return start;
}

Sums add_up(const std::vector<Fact>& facts, const SumQuery& query) {
  Sums sums;
  for (const Fact& f : facts) {
    const Code org = f.codes[0];
    const Code meter = f.codes[1];
    if (f.position > query.as_of_position || f.time_us < query.from.us || f.time_us >= query.to.us) continue;
    if (std::ranges::find(query.orgs, org) == query.orgs.end()) continue;
    if (!query.meters.empty() && std::ranges::find(query.meters, meter) == query.meters.end()) continue;
    const UsageKey account{.org = org, .meter = meter, .subscription = code_of(f, Dimension::subscription)};
    if (!query.accounts.empty() && std::ranges::find(query.accounts, account) == query.accounts.end()) continue;
    const auto is_left_out = [&](const CodeFilter& filter) {
      return std::ranges::find(filter.codes, code_of(f, filter.dimension)) == filter.codes.end();
    };
    if (std::ranges::any_of(query.only, is_left_out)) continue;
    std::vector<Code> dims;
    for (const Dimension d : query.group_by) dims.push_back(f.codes[static_cast<std::size_t>(d)]);
    auto& [sum, records] = sums[{query.by_org ? org : 0, query.by_meter ? meter : 0,
                                 query.by_day ? day_of(Instant{f.time_us}).days : 0, step_of(f, query), dims}];
    if (query.with_quantity) sum += Total(Decimal::from_parts(f.whole, f.fraction_1e18));
    ++records;
  }
  return sums;
}

TEST_F(WarehouseTest, ABatchIsThereAfterReopeningAndReplayingItChangesNothing) {
  const LoadBatch batch{.words = {{Dimension::org, 1, "acme"}},
                        .facts = {fact(2, first_day, 1, 1, 5), fact(3, first_day, 1, 1, 6)},
                        .loaded_position = 4};
  append(batch);
  append(batch);
  open();
  append(batch);
  EXPECT_EQ(store_->loaded_position().value(), 4u);
  const Sums sums = ask(*store_, everything(4));
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums.begin()->second.first.to_text(), "11");
  EXPECT_EQ(sums.begin()->second.second, 2u);
  int words = 0;
  ASSERT_TRUE(store_->read_words([&](Dimension dimension, Code code, std::string_view text) {
    EXPECT_EQ(dimension, Dimension::org);
    EXPECT_EQ(code, 1u);
    EXPECT_EQ(text, "acme");
    ++words;
  }));
  EXPECT_EQ(words, 1);
}

TEST_F(WarehouseTest, PositionsOfOtherRecordKindsMoveTheLoadedPositionAlone) {
  append({.words = {}, .facts = {}, .loaded_position = 7});
  append({.words = {}, .facts = {fact(9, first_day, 1, 1, 1)}, .loaded_position = 12});
  append({.words = {}, .facts = {}, .loaded_position = 20});
  open();
  EXPECT_EQ(store_->loaded_position().value(), 20u);
  EXPECT_TRUE(ask(*store_, everything(8)).empty());
  EXPECT_EQ(ask(*store_, everything(9)).size(), 1u);
  EXPECT_EQ(ask(*store_, everything(20)).size(), 1u);
}

TEST_F(WarehouseTest, ABatchOutOfOrderIsRefusedWhole) {
  EXPECT_FALSE(store_->append({.words = {{Dimension::org, 1, "a"}},
                               .facts = {fact(5, first_day, 1, 1, 1), fact(5, first_day, 1, 1, 1)},
                               .loaded_position = 9}));
  EXPECT_FALSE(store_->append({.words = {}, .facts = {fact(5, first_day, 1, 1, 1)}, .loaded_position = 4}));
  EXPECT_EQ(store_->loaded_position().value(), 0u);
  ASSERT_TRUE(store_->read_words([](Dimension, Code, std::string_view) { ADD_FAILURE(); }));
}

TEST_F(WarehouseTest, AnyBytesAreAWord) {
  const std::string odd("a\0b\xff\xc3\x28 long enough not to be inlined", 36);
  append(
      {.words = {{Dimension::category, 7, odd}, {Dimension::project, 1, "\u00e4"}}, .facts = {}, .loaded_position = 1});
  open();
  std::map<Code, std::string> words;
  ASSERT_TRUE(store_->read_words([&](Dimension, Code code, std::string_view text) { words[code] = text; }));
  EXPECT_EQ(words[7], odd);
  EXPECT_EQ(words[1], "\u00e4");
}

TEST_F(WarehouseTest, SumsBeyond64BitsAreExact) {
  const std::int64_t whole_max = 999'999'999'999'999'999;
  std::vector<Fact> facts;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    facts.push_back(fact(i, first_day, 1, 1, whole_max));
    facts.back().fraction_1e18 = whole_max;
  }
  append({.words = {}, .facts = facts, .loaded_position = 40});
  EXPECT_EQ(ask(*store_, everything(40)).begin()->second.first.to_text(), "39999999999999999999.99999999999999996");
  ASSERT_TRUE(store_->compact().value());
  EXPECT_EQ(ask(*store_, everything(40)).begin()->second.first.to_text(), "39999999999999999999.99999999999999996");
  auto by_line = everything(40);
  by_line.group_by = {Dimension::project};
  EXPECT_EQ(ask(*store_, by_line).begin()->second.first.to_text(), "39999999999999999999.99999999999999996");
}

TEST_F(WarehouseTest, DaysBefore1970AreFloored) {
  Fact early = fact(1, -1, 1, 1, 3);
  append({.words = {}, .facts = {early}, .loaded_position = 1});
  auto query = everything(1);
  query.from = start_of(Day{-2});
  query.group_by = {Dimension::channel};
  EXPECT_EQ(std::get<2>(ask(*store_, query).begin()->first), -1);
  query.group_by = {};
  EXPECT_EQ(std::get<2>(ask(*store_, query).begin()->first), -1);
}

using FirstDays = std::map<std::pair<Code, Code>, std::int32_t>;

FirstDays ask_first_days(Warehouse& store, std::uint64_t as_of, Day before) {
  FirstDays days;
  for (const FirstDay& first : store.first_days(as_of, {1, 3}, {2, 3, 4}, before).value()) {
    EXPECT_TRUE(days.try_emplace({first.org, first.meter}, first.day.days).second) << "a pair came twice";
  }
  return days;
}

FirstDays look_for_first_days(const std::vector<Fact>& facts, std::uint64_t as_of, Day before) {
  FirstDays days;
  for (const Fact& f : facts) {
    const Day day = day_of(Instant{f.time_us});
    if (f.position > as_of || day >= before || f.codes[0] == 2 || f.codes[1] == 1) continue;
    const auto place = days.try_emplace({f.codes[0], f.codes[1]}, day.days).first;
    place->second = std::min(place->second, day.days);
  }
  return days;
}

// Random batches, merges, checkpoints and reopenings in between; after each, sums as of random positions (the first,
// the last, inside merged runs) equal plain additions.
TEST_F(WarehouseTest, SumsAsOfAnyPositionEqualPlainAdditions) {
  std::mt19937_64 random(20'240'901);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  std::vector<Fact> facts;
  std::uint64_t position = 0;
  bool merged = false;
  for (int round = 0; round < 80; ++round) {
    LoadBatch batch;
    for (std::uint64_t n = below(round % 40 == 0 ? 3'000 : 12); n > 0; --n) {
      position += 1 + below(3);
      Fact f = fact(position, first_day, static_cast<Code>(1 + below(3)), static_cast<Code>(1 + below(4)),
                    static_cast<std::int64_t>(below(2'000)) - 1'000);
      f.time_us = first_day * day_us + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(11 * day_us)));
      f.fraction_1e18 = static_cast<std::int64_t>(below(1'000'000'000'000'000'000)) * (f.whole < 0 ? -1 : 1);
      f.codes[static_cast<std::size_t>(Dimension::project)] = static_cast<Code>(below(3));
      f.codes[static_cast<std::size_t>(Dimension::category)] = static_cast<Code>(below(2));
      f.codes[static_cast<std::size_t>(Dimension::subscription)] = static_cast<Code>(below(3));
      batch.facts.push_back(f);
    }
    position += below(2);
    batch.loaded_position = std::max(position, std::uint64_t{1});
    facts.insert(facts.end(), batch.facts.begin(), batch.facts.end());
    append(batch);
    merged |= store_->compact().value();
    if (round % 30 == 20) {
      ASSERT_TRUE(store_->checkpoint());
    }
    if (round % 30 == 29) open();
    for (const std::uint64_t as_of : {below(position + 1), below(position + 1), position + 5}) {
      SumQuery query = everything(as_of);
      if (below(3) == 0) query.orgs = {1, 3};
      if (below(3) == 0) query.meters = {2, 4};
      query.by_org = below(4) != 0;
      query.by_meter = below(4) != 0;
      query.by_day = below(4) != 0;
      if (below(3) == 0) query.group_by = {Dimension::category, Dimension::project};
      if (below(5) == 0) {
        query.step_us = static_cast<std::int64_t>(1 + below(30)) * day_us / 24;
        query.step_origin = query.from.plus_us(static_cast<std::int64_t>(below(5 * day_us)) - 2 * day_us);
      }
      if (below(5) == 0)
        query.only = {{.dimension = Dimension::category, .codes = {1}}, {Dimension::subscription, {0, 2}}};
      if (below(5) == 0) query.accounts = {{1, 1, 0}, {1, 2, 1}, {3, 4, 2}};
      query.with_quantity = below(5) != 0;
      if (below(3) == 0) query.from = query.from.plus_us(static_cast<std::int64_t>(below(day_us)));
      if (below(3) == 0) query.to = start_of(Day{first_day + 1 + static_cast<std::int32_t>(below(9))});
      ASSERT_EQ(ask(*store_, query), add_up(facts, query)) << "round " << round << " as of " << as_of;
      const Day before{first_day + static_cast<std::int32_t>(below(12))};
      ASSERT_EQ(ask_first_days(*store_, as_of, before), look_for_first_days(facts, as_of, before));
    }
  }
  EXPECT_TRUE(merged);
}

TEST_F(WarehouseTest, AScanHandsOutFactsAsTheyAre) {
  std::vector<Fact> facts = {fact(1, first_day, 1, 1, 5), fact(2, first_day, 1, 2, -6),
                             fact(3, first_day + 2, 2, 1, 7)};
  facts[1].fraction_1e18 = -250'000'000'000'000'000;
  facts[1].codes[static_cast<std::size_t>(Dimension::app_id)] = 9;
  facts[2].codes[static_cast<std::size_t>(Dimension::subscription)] = 4;
  append({.words = {}, .facts = facts, .loaded_position = 3});
  ScanQuery query{.as_of_position = 3,
                  .orgs = {1, 2},
                  .meters = {},
                  .from = start_of(Day{first_day}),
                  .to = start_of(Day{first_day + 3}),
                  .dims = {Dimension::subscription, Dimension::app_id}};
  const auto positions = [&] {
    std::vector<std::uint64_t> out;
    const auto status = store_->scan(query, [&](const FactRow& row) {
      out.push_back(row.position);
      const Fact& f = facts[row.position - 1];
      EXPECT_EQ(row.time.us, f.time_us);
      EXPECT_EQ(row.quantity, Decimal::from_parts(f.whole, f.fraction_1e18));
      EXPECT_EQ(row.org, f.codes[0]);
      EXPECT_EQ(row.meter, f.codes[1]);
      EXPECT_EQ(row.dims, (std::vector<Code>{code_of(f, Dimension::subscription), code_of(f, Dimension::app_id)}));
    });
    EXPECT_TRUE(status) << status.error().detail;
    std::ranges::sort(out);
    return out;
  };
  using Positions = std::vector<std::uint64_t>;
  EXPECT_EQ(positions(), (Positions{1, 2, 3}));
  query.as_of_position = 2;
  EXPECT_EQ(positions(), (Positions{1, 2}));
  query.as_of_position = 3;
  query.accounts = {{.org = 2, .meter = 1, .subscription = 4}, {.org = 1, .meter = 1, .subscription = 7}};
  EXPECT_EQ(positions(), (Positions{3}));
  query.accounts = {};
  query.only = {{.dimension = Dimension::app_id, .codes = {9}}};
  EXPECT_EQ(positions(), (Positions{2}));
  query.orgs = {};
  EXPECT_FALSE(store_->scan(query, [](const FactRow&) {}));
}

TEST_F(WarehouseTest, CountsAndMetersInUseFollowTheSameRules) {
  append({.words = {}, .facts = {fact(1, first_day, 1, 1, 1), fact(2, first_day, 1, 2, 1)}, .loaded_position = 2});
  append({.words = {}, .facts = {fact(3, first_day, 1, 3, 1), fact(4, first_day + 1, 2, 1, 1)}, .loaded_position = 4});
  const Instant from = start_of(Day{first_day});
  const Instant to = start_of(Day{first_day + 1});
  auto counts = store_->count_days(3, {1, 2}, {}, from, to).value();
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].records, 3u);
  EXPECT_EQ(counts[0].org, 1u);
  EXPECT_EQ(store_->count_days(3, {1, 2}, {3}, from, to).value().at(0).records, 1u);
  auto meters = store_->meters_in_use(2, {1, 2}, from, to).value();
  std::ranges::sort(meters);
  EXPECT_EQ(meters, (std::vector<Code>{1, 2}));
}

TEST_F(WarehouseTest, ThousandsOfOrgsWithGapsCanBeAskedForAtOnce) {
  LoadBatch batch;
  SumQuery query = everything(20'000);
  query.orgs.clear();
  for (Code org = 1; org <= 20'000; ++org) {
    batch.facts.push_back(fact(org, first_day, org, 1, 1));
    if (org % 3 != 0) query.orgs.push_back(org);
  }
  batch.loaded_position = 20'000;
  append(batch);
  EXPECT_EQ(ask(*store_, query).size(), query.orgs.size());
}

TEST_F(WarehouseTest, ReadersSeeWholeBatchesWhileTheLoaderAppendsAndMerges) {
  constexpr std::uint64_t batches = 60;
  std::jthread loader([&] {
    for (std::uint64_t b = 0; b < batches; ++b) {
      LoadBatch batch{.words = {}, .facts = {}, .loaded_position = (b + 1) * 100};
      for (std::uint64_t i = 1; i <= 100; ++i) batch.facts.push_back(fact(b * 100 + i, first_day, 1, 1, 1));
      ASSERT_TRUE(store_->append(batch));
      ASSERT_TRUE(store_->compact());
    }
  });
  for (std::uint64_t seen = 0; seen < batches * 100;) {
    const Sums sums = ask(*store_, everything(UINT64_MAX));
    const std::uint64_t records = sums.empty() ? 0 : sums.begin()->second.second;
    EXPECT_EQ(records % 100, 0u);
    EXPECT_GE(records, seen);
    seen = records;
    const std::uint64_t loaded = store_->loaded_position().value();
    auto at_loaded = ask(*store_, everything(loaded));
    EXPECT_EQ(at_loaded.empty() ? 0 : at_loaded.begin()->second.second, loaded);
  }
}

// A forked child can't start threads under the thread sanitizer, and DuckDB starts some: it would hang.
#if !__has_feature(thread_sanitizer)

/// Appends batches of 100 facts, merging and checkpointing on the way, one byte into the pipe after each; never
/// returns.
[[noreturn]] void append_until_killed(const DuckDbOptions& options, int pipe) {
  auto store = open_duckdb(options);
  std::uint64_t position = store ? (*store)->loaded_position().value_or(0) : 0;
  for (int n = 0; store; ++n) {
    LoadBatch batch{.words = {}, .facts = {}, .loaded_position = position + 100};
    while (position < batch.loaded_position) batch.facts.push_back(fact(++position, first_day, 1, 1, 1));
    if (!(*store)->append(batch) || write(pipe, "x", 1) != 1) break;
    if (!(*store)->compact() || (n % 7 == 6 && !(*store)->checkpoint())) break;
  }
  _exit(1);
}

TEST_F(WarehouseTest, AKilledProcessLeavesWholeBatches) {
  std::uint64_t appended = 0;
  for (int round = 0; round < 6; ++round) {
    store_.reset();
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) append_until_killed(options_, ends[1]);
    close(ends[1]);
    char byte = 0;
    for (int n = 0; n < 5 + 9 * round; ++n) {
      ASSERT_EQ(read(ends[0], &byte, 1), 1) << "the child ended by itself";
      appended += 100;
    }
    kill(child, SIGKILL);
    while (read(ends[0], &byte, 1) == 1) appended += 100;
    close(ends[0]);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    open();
    const std::uint64_t loaded = store_->loaded_position().value();
    EXPECT_GE(loaded, appended);
    EXPECT_LE(loaded, appended + 100);
    EXPECT_EQ(ask(*store_, everything(loaded)).begin()->second.second, loaded);
    appended = loaded;
  }
}

#endif

TEST_F(WarehouseTest, ADamagedFileSaysHowToMakeItAnew) {
  store_.reset();
  std::filesystem::remove(options_.path);
  std::ofstream(options_.path) << std::string(8'192, 'x');
  auto opened = open_duckdb(options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::internal);
  EXPECT_NE(opened.error().text.find("remove warehouse.duckdb"), std::string::npos);
}

}  // namespace
}  // namespace meterport::warehouse
