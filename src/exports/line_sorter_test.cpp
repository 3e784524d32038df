#include "exports/line_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "base/fault_files.h"
#include "base/test_folder.h"

namespace meterport::exports {
namespace {

using KeyAndLine = std::pair<std::string, std::string>;

class LineSorterTest : public ::testing::Test {
 protected:
  LineSorter::Options options(std::size_t memory_bytes, std::size_t runs_merged_max = 64) {
    return {.path = folder_ / "job-1.sort", .memory_bytes = memory_bytes, .runs_merged_max = runs_merged_max};
  }
  static std::vector<KeyAndLine> random_lines(std::uint64_t seed, std::size_t count) {
    std::mt19937_64 random(seed);
    std::vector<KeyAndLine> lines;
    for (std::size_t i = 0; i < count; ++i) {
      std::string key;
      for (std::uint64_t n = random() % 12; n > 0; --n) key += static_cast<char>(random() % 3 == 0 ? random() : 'a');
      lines.emplace_back(std::move(key), std::to_string(i) + std::string(random() % 90, 'x'));
    }
    return lines;
  }
  /// By key, then by place.
  static std::vector<KeyAndLine> in_order(const std::vector<KeyAndLine>& lines) {
    std::vector<std::size_t> places(lines.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    std::ranges::sort(places, [&](std::size_t a, std::size_t b) {
      const int order = lines[a].first.compare(lines[b].first);
      return order != 0 ? order < 0 : a < b;
    });
    std::vector<KeyAndLine> sorted;
    for (const std::size_t place : places) sorted.push_back(lines[place]);
    return sorted;
  }
  static Status add_all(LineSorter& sorter, const std::vector<KeyAndLine>& lines) {
    for (const auto& [key, line] : lines) {
      if (auto added = sorter.add(key, line); !added) return added;
    }
    return {};
  }
  static Status merge_into(LineSorter& sorter, std::vector<KeyAndLine>& out) {
    return sorter.merge([&](std::string_view key, std::string_view line) -> Status {
      out.emplace_back(key, line);
      return {};
    });
  }
  std::vector<std::string> left_files() { return *system_files().list(folder_.path()); }

  TestFolder folder_;
  FaultFiles files_{system_files()};
};

TEST_F(LineSorterTest, IsAStableSortWhateverFitsIntoMemory) {
  for (const std::size_t memory_bytes : {1UL, 300UL, 5'000UL, 100'000UL, 32UL << 20}) {
    for (const std::size_t runs_merged_max : {2UL, 3UL, 64UL}) {
      const auto lines = random_lines(memory_bytes + runs_merged_max, 1'500);
      LineSorter sorter(files_, options(memory_bytes, runs_merged_max));
      ASSERT_TRUE(add_all(sorter, lines));
      std::uint64_t bytes = 0;
      for (const auto& [key, line] : lines) bytes += line.size();
      EXPECT_EQ(sorter.line_bytes(), bytes);
      std::vector<KeyAndLine> sorted;
      ASSERT_TRUE(merge_into(sorter, sorted));
      EXPECT_EQ(sorted, in_order(lines)) << memory_bytes << " " << runs_merged_max;
      EXPECT_FALSE(sorter.has_failed());
    }
  }
  EXPECT_TRUE(left_files().empty()) << "gone with their sorters";
}

TEST_F(LineSorterTest, NothingIsNothing) {
  LineSorter sorter(files_, options(100));
  EXPECT_TRUE(sorter.is_empty());
  std::vector<KeyAndLine> sorted;
  ASSERT_TRUE(merge_into(sorter, sorted));
  EXPECT_TRUE(sorted.empty());
}

TEST_F(LineSorterTest, LongLinesAndEmptyOnesComeThrough) {
  std::vector<KeyAndLine> lines = {
      {"b", std::string(300'000, 'b')}, {"", ""}, {std::string(100'000, 'a'), ""}, {"c", "x"}};
  LineSorter sorter(files_, options(1));
  ASSERT_TRUE(add_all(sorter, lines));
  EXPECT_FALSE(sorter.is_empty());
  std::ranges::sort(lines);
  std::vector<KeyAndLine> sorted;
  ASSERT_TRUE(merge_into(sorter, sorted));
  EXPECT_EQ(sorted, lines);
}

TEST_F(LineSorterTest, WhatIsSpilledEndsInTmpAndGoesWithTheSorterAlsoUnmerged) {
  {
    LineSorter sorter(files_, options(1));
    ASSERT_TRUE(sorter.add("k", "line"));
    EXPECT_EQ(left_files(), std::vector<std::string>{"job-1.sort.0.tmp"});
  }
  EXPECT_TRUE(left_files().empty());
}

TEST_F(LineSorterTest, AFaultAtAnyCallIsAnErrorOfItsOwnAndLeavesNothing) {
  const auto lines = random_lines(5, 400);
  const auto text_of = [](FaultKind kind) {
    if (kind == FaultKind::no_space) return "The export could not be written: no space left on the server's disk.";
    const bool is_write = kind == FaultKind::short_write || kind == FaultKind::open_error;
    return is_write ? "The export could not be written: the server's disk reported an error."
                    : "The export could not be made: a temporary file could not be read.";
  };
  for (const FaultKind kind : {FaultKind::no_space, FaultKind::short_write, FaultKind::open_error,
                               FaultKind::read_error, FaultKind::torn_read, FaultKind::flipped_read}) {
    int failures = 0;
    for (std::uint64_t call = 1; call <= 40; ++call) {
      files_.heal();
      files_.plan({.kind = kind, .path_contains = ".tmp", .first = call});
      LineSorter sorter(files_, options(2'000, 3));
      Status done = add_all(sorter, lines);
      std::vector<KeyAndLine> sorted;
      if (done) done = merge_into(sorter, sorted);
      const bool was_hit = files_.faults_injected() > 0;
      if (done) {
        EXPECT_EQ(sorted, in_order(lines)) << "a fault that shows in no error must not show in the lines";
        continue;
      }
      EXPECT_TRUE(was_hit);
      EXPECT_TRUE(sorter.has_failed());
      EXPECT_EQ(done.error().text, text_of(kind));
      EXPECT_EQ(done.error().kind == ErrorKind::storage_full, kind == FaultKind::no_space);
      ++failures;
    }
    EXPECT_GE(failures, kind == FaultKind::open_error ? 2 : 20) << static_cast<int>(kind);
  }
  files_.heal();
  EXPECT_TRUE(left_files().empty());
}

TEST_F(LineSorterTest, AFullDiskIsAnOrdinaryError) {
  files_.limit_space(10'000);
  LineSorter sorter(files_, options(1'000));
  const Status added = add_all(sorter, random_lines(1, 2'000));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::storage_full);
}

TEST_F(LineSorterTest, WhoAsksItToEndIsHeardWhileRunsAreWrittenAndMerged) {
  int looks_left = 0;
  auto with_look = options(20'000, 2);
  with_look.look = [&]() -> Status {
    return looks_left-- > 0 ? Status() : Status(fail(ErrorKind::busy, "interrupted"));
  };
  const auto lines = random_lines(3, 4'000);
  const auto run = [&](int looks) {
    looks_left = looks;
    LineSorter sorter(files_, with_look);
    Status done = add_all(sorter, lines);
    std::vector<KeyAndLine> sorted;
    if (done) done = merge_into(sorter, sorted);
    EXPECT_FALSE(sorter.has_failed());
    return done;
  };
  EXPECT_TRUE(run(1'000'000));
  const int needed = 1'000'000 - looks_left;
  EXPECT_GT(needed, 20);
  for (int looks = 0; looks < needed; looks += 5) {
    const Status done = run(looks);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().text, "interrupted");
  }
  EXPECT_TRUE(left_files().empty());
}

TEST_F(LineSorterTest, AnErrorOfTheReaderEndsTheMerge) {
  LineSorter sorter(files_, options(1'000));
  ASSERT_TRUE(add_all(sorter, random_lines(3, 100)));
  int taken = 0;
  const Status done = sorter.merge([&](std::string_view, std::string_view) {
    return ++taken == 50 ? Status(fail(ErrorKind::busy, "enough")) : Status();
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text, "enough");
  EXPECT_EQ(taken, 50);
  EXPECT_FALSE(sorter.has_failed());
}

TEST(SortKeys, BytesAreInTheOrderOfTheValues) {
  const auto key = [](const auto& value) {
    std::string bytes;
    append_key(bytes, value);
    return bytes;
  };
  const std::string zero(1, '\0');
  const std::vector<std::string> texts = {zero,       zero + zero,      zero + "a", "\x01", "a",
                                          "a" + zero, "a" + zero + "b", "a\x01",    "aa",   "b",
                                          "\xff",     "\xff\xff",       ""};
  for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
    EXPECT_LT(key(std::string_view(texts[i])), key(std::string_view(texts[i + 1]))) << i;
    // A part never reaches into the next one.
    EXPECT_LT(key(std::string_view(texts[i])) + '\xff', key(std::string_view(texts[i + 1]))) << i;
  }
  for (const std::int64_t us :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0}, std::int64_t{255}}) {
    EXPECT_LT(key(Instant{us}), key(Instant{us + 1})) << us;
  }
  EXPECT_LT(key(Day{-1}), key(Day{0}));
  EXPECT_LT(key(std::uint64_t{255}), key(std::uint64_t{256}));
}

}  // namespace
}  // namespace meterport::exports
