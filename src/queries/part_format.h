// Private to queries: the bytes of a part file (docs/formats/part-files.md), as writer and reader share them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "queries/part.h"

namespace meterport::queries::part_format {

inline constexpr std::string_view magic = "MPPART01";
inline constexpr std::size_t header_bytes = 16;
inline constexpr std::size_t frame_head_bytes = 16;
inline constexpr std::size_t end_bytes = 16;
/// What a frame holds at the least before it is written, but for the last of its kind.
inline constexpr std::size_t frame_bytes = std::size_t{256} << 10;
/// More than any writer puts into one.
inline constexpr std::uint32_t frame_bytes_max = std::uint32_t{32} << 20;
inline constexpr std::int64_t unit_1e18 = 1'000'000'000'000'000'000;

enum class FrameKind : std::uint8_t { words = 1, rows = 2, end = 3 };

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), sizeof(T));
}
template <class T>
void set(char* at, T value) {
  std::memcpy(at, &value, sizeof(T));
}
template <class T>
T get(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

struct FrameHead {
  FrameKind kind = FrameKind::end;
  std::uint8_t dimension = 0;  ///< of words
  std::uint32_t items = 0;
  std::uint32_t bytes = 0;  ///< after the head
  std::uint32_t crc = 0;    ///< of the head before it and of these bytes
};

/// Where a row's cells stand, by grain.
struct RowLayout {
  RowLayout(PartGrain grain, const std::vector<warehouse::Dimension>& dims)
      : is_sum(grain == PartGrain::day_sums), is_record(grain == PartGrain::records) {
    columns = {static_cast<std::uint8_t>(warehouse::Dimension::org),
               static_cast<std::uint8_t>(warehouse::Dimension::meter)};
    for (const warehouse::Dimension dimension : dims) columns.push_back(static_cast<std::uint8_t>(dimension));
    codes = is_sum ? 20 : is_record ? 44 : 32;
    bytes = codes + sizeof(warehouse::Code) * columns.size();
  }
  bool is_sum, is_record;
  std::vector<std::uint8_t> columns;  ///< dimensions by number: org, meter, those asked for
  std::size_t codes = 0;              ///< where they begin
  std::size_t bytes = 0;
};

}  // namespace meterport::queries::part_format
