// The index's parts on their own: table, filter, runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "base/test_folder.h"
#include "ledger/index_filters.h"
#include "ledger/index_runs.h"
#include "ledger/index_table.h"

namespace meterport::ledger {
namespace {

class Keys {
 public:
  explicit Keys(std::uint64_t seed) : random_(seeded_random(seed)) {}
  Hash128 next() {
    std::array<std::uint8_t, 16> bytes{};
    random_->fill(bytes);
    return std::bit_cast<Hash128>(bytes);
  }
  Hash128 next_of_shard(std::uint64_t shard) {
    Hash128 key = next();
    key.high = (key.high >> shard_bits) | (shard << (64 - shard_bits));
    return key;
  }
  std::vector<KeyValue> sorted_run(std::size_t count, Position first) {
    std::vector<KeyValue> entries;
    for (std::size_t i = 0; i < count; ++i) entries.push_back({next(), {first + i, i}});
    std::ranges::sort(entries, {}, &KeyValue::key);
    return entries;
  }

 private:
  std::unique_ptr<Random> random_;
};

TEST(KeyTable, BehavesLikeAMapUnderInsertsAndErasures) {
  Keys keys(1);
  KeyTable table;
  std::map<Hash128, Position> model;
  std::vector<Hash128> known;
  for (Position step = 1; step <= 20'000; ++step) {
    const Hash128 key = keys.next_of_shard(5);
    ASSERT_TRUE(table.insert(key, {step, step * 2}));
    model.emplace(key, step);
    known.push_back(key);
    if (step % 3 == 0) {
      const Hash128 victim = known[keys.next().low % known.size()];
      ASSERT_EQ(table.erase(victim), model.erase(victim) == 1);
    }
  }
  EXPECT_EQ(table.size(), model.size());
  for (const Hash128& key : known) {
    const IndexValue* found = table.find(key);
    const auto expected = model.find(key);
    ASSERT_EQ(found != nullptr, expected != model.end());
    if (found != nullptr) EXPECT_EQ(found->position, expected->second);
  }
  std::vector<KeyValue> sorted;
  table.append_sorted(sorted);
  ASSERT_EQ(sorted.size(), model.size());
  EXPECT_TRUE(std::ranges::is_sorted(sorted, {}, &KeyValue::key));
}

TEST(KeyTable, KeepsTheFirstValueOfAKey) {
  KeyTable table(100);
  EXPECT_TRUE(table.insert({1, 2}, {7, 8}));
  EXPECT_FALSE(table.insert({1, 2}, {9, 9}));
  EXPECT_EQ(table.find({1, 2})->position, 7u);
  EXPECT_EQ(table.find({1, 3}), nullptr);
}

/// The slot of a key is its position's last bits.
std::uint64_t test_slot(const KeyValue& entry) {
  return entry.value.position % KeyFilter::slots;
}

KeyFilter filter_of(const std::vector<KeyValue>& entries) {
  KeyFilter::Builder builder(entries.size());
  for (const KeyValue& entry : entries) builder.add(KeyFilter::hash_of(entry.key), test_slot(entry));
  return builder.finish();
}

KeyFilter::SlotMap same_slots() {
  KeyFilter::SlotMap map{};
  for (std::uint8_t s = 0; s < map.size(); ++s) map[s] = s;
  return map;
}

TEST(KeyFilter, NeverForgetsAKeyAndSeldomClaimsAStranger) {
  for (const std::size_t count : {0u, 1u, 63u, 64u, 5'000u, 200'000u}) {
    Keys keys(count + 1);
    const std::vector<KeyValue> entries = keys.sorted_run(count, 1);
    const KeyFilter filter = filter_of(entries);
    EXPECT_EQ(filter.keys(), count);
    for (const KeyValue& entry : entries) {
      ASSERT_NE(filter.slots_of(KeyFilter::hash_of(entry.key)) & (1u << test_slot(entry)), 0u);
    }
    int false_maybes = 0;
    for (int i = 0; i < 100'000; ++i) false_maybes += filter.slots_of(KeyFilter::hash_of(keys.next())) != 0 ? 1 : 0;
    EXPECT_LE(false_maybes, 20) << count;
  }
}

TEST(KeyFilter, TwoFiltersMergeIntoTheFilterOfAllTheirKeys) {
  Keys keys(3);
  std::vector<KeyValue> a = keys.sorted_run(70'000, 1);
  const std::vector<KeyValue> b = keys.sorted_run(3'000, 100'000);
  const KeyFilter merged = KeyFilter::merge(filter_of(a), same_slots(), filter_of(b), same_slots());
  a.insert(a.end(), b.begin(), b.end());
  std::ranges::sort(a, {}, &KeyValue::key);
  EXPECT_EQ(merged.to_bytes(), filter_of(a).to_bytes());
  EXPECT_EQ(KeyFilter::merge(filter_of({}), same_slots(), merged, same_slots()).to_bytes(), merged.to_bytes());
}

TEST(KeyFilter, ADamagedFileIsNotRead) {
  Keys keys(4);
  std::string bytes = filter_of(keys.sorted_run(1'000, 1)).to_bytes();
  ASSERT_TRUE(KeyFilter::from_bytes(bytes));
  EXPECT_EQ(KeyFilter::from_bytes(bytes)->to_bytes(), bytes);
  EXPECT_FALSE(KeyFilter::from_bytes(std::string_view(bytes).substr(0, bytes.size() - 1)));
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_FALSE(KeyFilter::from_bytes(bytes));
}

TEST(RunStore, KeysAndFactsOfARunAppearTogetherAndSurviveReopening) {
  const TestFolder folder;
  Keys keys(5);
  const std::vector<KeyValue> first = keys.sorted_run(5'000, 1);
  const std::vector<KeyValue> second = keys.sorted_run(3'000, 5'001);
  {
    auto store = RunStore::open(folder.path() + "/runs");
    ASSERT_TRUE(store) << store.error().detail;
    EXPECT_EQ((*store)->facts().runs, 0u);
    ASSERT_TRUE((*store)->ingest(first, {5'000, 1, 5'000, 42}));
    ASSERT_TRUE((*store)->ingest(second, {8'000, 2, 8'000, 42}));
  }
  auto store = RunStore::open(folder.path() + "/runs");
  ASSERT_TRUE(store) << store.error().detail;
  EXPECT_EQ((*store)->facts().covered, 8'000u);
  EXPECT_EQ((*store)->facts().ledger_id, 42u);
  for (const std::uint64_t number : {1u, 2u}) {
    const std::vector<KeyValue>& run = number == 1 ? first : second;
    for (std::size_t i = 0; i < run.size(); i += 97) {
      const auto found = (*store)->get(number, run[i].key);
      ASSERT_TRUE(found && *found);
      EXPECT_EQ((*found)->position, run[i].value.position);
      EXPECT_FALSE(*(*store)->get(3 - number, run[i].key)) << "only its own run has it";
    }
    std::vector<Hash128> seen;
    ASSERT_TRUE((*store)->for_each(number, [&](const Hash128& key) { seen.push_back(key); }));
    EXPECT_TRUE(std::ranges::equal(seen, run, {}, {}, &KeyValue::key));
  }
  EXPECT_FALSE(*(*store)->get(1, keys.next()));
}

TEST(FilterFiles, FiltersNameTheRunOfEachKeyAndAMissingFileIsMadeAgain) {
  const TestFolder folder;
  Keys keys(6);
  auto store = RunStore::open(folder.path() + "/runs");
  ASSERT_TRUE(store);
  FilterFiles files(folder.path());
  FilterSet set;
  std::vector<Hash128> known;
  std::vector<std::uint64_t> run_of;
  constexpr std::uint64_t runs = 77;  // more than a filter has slots
  for (std::uint64_t run = 1; run <= runs; ++run) {
    const std::vector<KeyValue> entries = keys.sorted_run(100, run * 100);
    for (const KeyValue& entry : entries) {
      known.push_back(entry.key);
      run_of.push_back(run);
    }
    auto filter = files.make(run, entries);
    ASSERT_TRUE(filter);
    ASSERT_TRUE((*store)->ingest(entries, {run, run, run * 100, 1}));
    set.filters.push_back(*filter);
    for (auto merged = files.merge_newest(set); merged && *merged;) merged = files.merge_newest(set);
    files.remove_stale(set);
  }
  EXPECT_LE(set.filters.size(), 4u);
  const auto knows_all = [&](const FilterSet& some) {
    std::set<std::pair<std::uint32_t, std::uint64_t>> named;
    for (const Maybe& maybe : some.find(known)) named.emplace(maybe.key, maybe.run);
    EXPECT_LE(named.size(), known.size() * 5) << "a slot of the largest filter holds up to 4 runs";
    for (std::uint32_t i = 0; i < known.size(); ++i) {
      if (!named.contains({i, run_of[i]})) return false;
    }
    return true;
  };
  EXPECT_TRUE(knows_all(set));
  auto loaded = files.load(**store);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->filters.size(), set.filters.size());
  EXPECT_TRUE(knows_all(*loaded));

  for (const std::size_t lost_at : {loaded->filters.size() - 1, std::size_t{0}}) {
    const RunFilter& lost = *loaded->filters[lost_at];
    ASSERT_TRUE(system_files().remove(folder.path() + "/filter-" + std::to_string(lost.first_run) + "-" +
                                      std::to_string(lost.last_run)));
    const auto again = files.load(**store);
    ASSERT_TRUE(again);
    EXPECT_TRUE(knows_all(*again));
    loaded = files.load(**store);
    ASSERT_TRUE(loaded);
  }
}

}  // namespace
}  // namespace meterport::ledger
