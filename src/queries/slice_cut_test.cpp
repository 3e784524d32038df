#include "queries/slice_cut.h"

#include <gtest/gtest.h>

#include <random>

namespace meterport::queries {
namespace {

TEST(Cut, PutsWholeMajorsTogetherAndCutsALargeOneByMinors) {
  const std::vector<Cell> cells = {{0, 1, 30}, {1, 0, 30}, {2, 0, 70}, {2, 1, 50}, {2, 2, 20}, {4, 2, 10}};
  const std::vector<Piece> expected = {
      {0, 2, 0, 3, 60},
      {2, 3, 0, 1, 70},
      {2, 3, 1, 3, 70},
      {3, 6, 0, 3, 10},
  };
  EXPECT_EQ(cut(cells, 6, 3, 100), expected);
}

TEST(Cut, AnEmptyPlanIsOnePiece) {
  EXPECT_EQ(cut({}, 30, 4, 100), (std::vector<Piece>{{0, 30, 0, 4, 0}}));
  EXPECT_TRUE(cut({}, 0, 4, 100).empty());
  EXPECT_TRUE(cut({}, 4, 0, 100).empty());
}

TEST(Cut, ACellIsNeverCut) {
  const std::vector<Cell> cells = {{0, 0, 1'000}, {0, 1, 1}};
  EXPECT_EQ(cut(cells, 1, 2, 10), (std::vector<Piece>{{0, 1, 0, 1, 1'000}, {0, 1, 1, 2, 1}}));
}

TEST(Cut, PiecesTileTheTableInOrderWithinTheBound) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t majors = 1 + random() % 12;
    const std::uint32_t minors = 1 + random() % 9;
    std::vector<Cell> cells;
    for (std::uint32_t major = 0; major < majors; ++major) {
      for (std::uint32_t minor = 0; minor < minors; ++minor) {
        if (random() % 3 == 0) cells.push_back({major, minor, 1 + random() % 40});
      }
    }
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    for (const Piece& piece : cut(cells, majors, minors, 60)) {
      ASSERT_EQ(piece.major_first, major);
      ASSERT_EQ(piece.minor_first, minor);
      ASSERT_LE(piece.records, 60u);
      std::uint64_t records = 0;
      for (const Cell& cell : cells) {
        const bool is_in = cell.major >= piece.major_first && cell.major < piece.major_end &&
                           cell.minor >= piece.minor_first && cell.minor < piece.minor_end;
        if (is_in) records += cell.records;
      }
      ASSERT_EQ(piece.records, records);
      ASSERT_TRUE(piece.major_end == piece.major_first + 1 || (piece.minor_first == 0 && piece.minor_end == minors));
      minor = piece.minor_end % minors;
      major = piece.minor_end == minors ? piece.major_end : piece.major_first;
    }
    ASSERT_EQ(major, majors);
    ASSERT_EQ(minor, 0u);
  }
}

}  // namespace
}  // namespace meterport::queries
