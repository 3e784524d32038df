#include "queries/slice_cut.h"

namespace meterport::queries {

namespace {

/// Runs of minors of the one major that all cells have.
void cut_major(std::span<const Cell> cells, std::uint32_t minors, std::uint64_t records_max,
               std::vector<Piece>& pieces) {
  const std::uint32_t major = cells.front().major;
  Piece open{.major_first = major, .major_end = major + 1};
  for (const Cell& cell : cells) {
    if (open.records > 0 && open.records + cell.records > records_max) {
      open.minor_end = cell.minor;
      pieces.push_back(open);
      open.minor_first = cell.minor;
      open.records = 0;
    }
    open.records += cell.records;
  }
  open.minor_end = minors;
  pieces.push_back(open);
}

}  // namespace

std::vector<Piece> cut(std::span<const Cell> cells, std::uint32_t majors, std::uint32_t minors,
                       std::uint64_t records_max) {
  std::vector<Piece> pieces;
  if (majors == 0 || minors == 0) return pieces;
  Piece open{.minor_end = minors};
  const auto close_before = [&](std::uint32_t major) {
    open.major_end = major;
    if (open.major_end > open.major_first) pieces.push_back(open);
    open.major_first = major;
    open.records = 0;
  };
  for (std::size_t i = 0; i < cells.size();) {
    const std::uint32_t major = cells[i].major;
    std::uint64_t records = 0;
    std::size_t end = i;
    for (; end < cells.size() && cells[end].major == major; ++end) records += cells[end].records;
    if (open.records > 0 && open.records + records > records_max) close_before(major);
    if (records > records_max) {
      close_before(major);
      cut_major(cells.subspan(i, end - i), minors, records_max, pieces);
      open.major_first = major + 1;
    } else {
      open.records += records;
    }
    i = end;
  }
  close_before(majors);
  return pieces;
}

}  // namespace meterport::queries
