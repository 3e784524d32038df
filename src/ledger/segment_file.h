// Private to ledger: names and fixed parts of segment files, byte for byte (docs/formats/ledger-log.md 1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ledger/frame.h"

namespace meterport::ledger {

inline constexpr std::size_t file_header_bytes = 96;
inline constexpr std::size_t table_entry_bytes = 48;
inline constexpr std::size_t trailer_bytes = 128;
inline constexpr std::size_t block_plain_bytes_max = 262'144;
inline constexpr std::uint16_t file_version = 1;
inline constexpr std::string_view spare_name = "spare.segment";

enum class SegmentState { active, sealed, sealing };

std::string segment_name(Position first, SegmentState state);
struct SegmentName {
  Position first = 0;
  SegmentState state = SegmentState::active;
};
/// None: not the name of a segment.
std::optional<SegmentName> parse_segment_name(std::string_view name);

/// The state of the chain between two batches, or before the first of a segment.
struct ChainPoint {
  Position next = 1;
  Digest chain{};
  Instant commit_time;
};

struct FileHeader {
  bool is_sealed = false;
  LedgerId ledger{};
  ChainPoint before;  ///< next = the segment's first position
};
std::string encode_file_header(const FileHeader& header);
Parse parse_file_header(std::string_view bytes, FileHeader& header);

struct BlockEntry {
  std::uint64_t offset = 0;
  std::uint32_t compressed_bytes = 0;
  std::uint32_t plain_bytes = 0;
  Position first = 0;
  Instant commit_time;
  Instant arrival_time;
  std::uint32_t records_left = 0;
  std::uint32_t crc = 0;
};
void append_table_entry(std::string& out, const BlockEntry& entry);
/// `bytes` holds table_entry_bytes.
BlockEntry read_table_entry(const char* bytes);

struct Trailer {
  std::uint32_t blocks = 0;
  std::uint64_t table_offset = 0;
  Position first = 0;
  Position last = 0;
  Instant first_commit;
  Instant last_commit;
  Digest chain{};
  std::uint64_t plain_bytes = 0;
  LedgerId ledger{};
  std::uint32_t table_crc = 0;
};
std::string encode_trailer(const Trailer& trailer);
Parse parse_trailer(std::string_view bytes, Trailer& trailer);

/// The error for a format of the future.
std::unexpected<Error> fail_new_version(std::string_view what);

}  // namespace meterport::ledger
