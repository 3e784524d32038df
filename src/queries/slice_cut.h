// Private to queries: cuts a sparse table of counts into pieces of bounded size. A pure function.
//
// Majors are what the rows are ordered by first (days or orgs), minors what comes second. The pieces tile all majors x
// minors, in order, the empty ones too; a cell is never cut, so a piece is larger than the bound only where one cell
// is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace meterport::queries {

struct Cell {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint64_t records = 0;
};

/// Several whole majors, or a run of minors of one.
struct Piece {
  std::uint32_t major_first = 0, major_end = 0;  ///< half-open
  std::uint32_t minor_first = 0, minor_end = 0;  ///< half-open
  std::uint64_t records = 0;
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// `cells` by (major, minor), none twice; major < majors, minor < minors.
std::vector<Piece> cut(std::span<const Cell> cells, std::uint32_t majors, std::uint32_t minors,
                       std::uint64_t records_max);

}  // namespace meterport::queries
