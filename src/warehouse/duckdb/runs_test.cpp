#include "warehouse/duckdb/runs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterport::warehouse::duck {
namespace {

using Ids = std::vector<std::uint64_t>;

TEST(Cover, TakesTheRunsThatEndAtOrBeforeThePosition) {
  const std::vector<RollUpRun> runs = {{1, 1, 10, 5, 0}, {2, 11, 20, 5, 0}, {3, 21, 30, 5, 0}};
  const Cover at_25 = cover(runs, 25);
  EXPECT_EQ(at_25.runs, (Ids{1, 2}));
  EXPECT_EQ(at_25.end, 20u);
  EXPECT_EQ(cover(runs, 30).end, 30u);
  EXPECT_EQ(cover(runs, 99).end, 30u);
  EXPECT_EQ(cover(runs, 9).runs, Ids{});
  EXPECT_EQ(cover(runs, 9).end, 0u);
}

TEST(Cover, PrefersAMergedRunAndFallsBackToItsChildrenInsideIt) {
  const std::vector<RollUpRun> runs = {{1, 1, 10, 5, 4}, {2, 11, 20, 5, 4}, {3, 21, 30, 5, 0}, {4, 1, 20, 8, 0}};
  EXPECT_EQ(cover(runs, 30).runs, (Ids{4, 3}));
  EXPECT_EQ(cover(runs, 20).runs, (Ids{4}));
  const Cover inside = cover(runs, 15);
  EXPECT_EQ(inside.runs, (Ids{1}));
  EXPECT_EQ(inside.end, 10u);
}

TEST(Cover, OfNoRunsIsEmpty) {
  const Cover nothing = cover({}, 7);
  EXPECT_TRUE(nothing.runs.empty());
  EXPECT_EQ(nothing.end, 0u);
}

TEST(RunsToMerge, WaitsForEnoughRunsAndLeavesALargeBaseAlone) {
  std::vector<RollUpRun> runs = {{1, 1, 1'000, 900, 0}};
  for (std::uint64_t i = 2; i <= 16; ++i) runs.push_back({i, 999 + i, 999 + i, 1, 0});
  EXPECT_TRUE(runs_to_merge(runs, 16).empty());
  runs.push_back({17, 1'016, 1'016, 1, 0});
  const auto merged = runs_to_merge(runs, 16);
  ASSERT_EQ(merged.size(), 16u);
  EXPECT_EQ(merged.front().id, 2u);
}

TEST(RunsToMerge, KeepsRunsFewAndRewritesRarelyOverThousandsOfBatches) {
  std::vector<RollUpRun> runs;
  std::uint64_t rewritten = 0;
  const std::uint64_t batches = 5'000;
  for (std::uint64_t i = 1; i <= batches; ++i) {
    runs.push_back({i, i, i, 100, 0});
    const auto merged = runs_to_merge(runs, 16);
    if (merged.empty()) continue;
    RollUpRun sum{i + batches, merged.front().first_position, merged.back().last_position, 0, 0};
    for (const RollUpRun& run : merged) sum.rows += run.rows;
    std::erase_if(runs, [&](const RollUpRun& run) { return run.first_position >= sum.first_position; });
    runs.push_back(sum);
    rewritten += sum.rows;
    EXPECT_LT(runs.size(), 40u);
  }
  EXPECT_LT(rewritten, batches * 100 * 10);
}

}  // namespace
}  // namespace meterport::warehouse::duck
