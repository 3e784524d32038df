#include "ledger/segment_file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

constexpr std::string_view file_magic = "MPLEDGER";
constexpr std::string_view trailer_magic = "MPSEALED";

std::string_view ending(SegmentState state) {
  switch (state) {
    case SegmentState::active:
      return "active";
    case SegmentState::sealed:
      return "sealed";
    case SegmentState::sealing:
      return "sealing";
  }
  std::abort();
}

char* put_magic(char* at, std::string_view magic) {
  std::memcpy(at, magic.data(), magic.size());
  return at + magic.size();
}

std::uint32_t crc_before_last4(std::string_view bytes) {
  return crc32c(0, bytes.substr(0, bytes.size() - 4));
}

/// Magic, CRC and version, the same at both places.
Parse check_frame_of_file(std::string_view bytes, std::string_view magic) {
  if (!bytes.starts_with(magic) ||
      get_fixed<std::uint32_t>(bytes.data() + bytes.size() - 4) != crc_before_last4(bytes)) {
    return Parse::damaged;
  }
  return get_fixed<std::uint16_t>(bytes.data() + 8) == file_version ? Parse::ok : Parse::new_version;
}

}  // namespace

std::string segment_name(Position first, SegmentState state) {
  return fmt::format("{:016x}.{}", first, ending(state));
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  constexpr std::size_t digits = 16;
  SegmentName parsed;
  if (name.size() < digits + 1) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + digits, parsed.first, 16);
  if (error != std::errc{} || end != name.data() + digits) return std::nullopt;
  for (const SegmentState state : {SegmentState::active, SegmentState::sealed, SegmentState::sealing}) {
    parsed.state = state;
    if (segment_name(parsed.first, state) == name) return parsed;
  }
  return std::nullopt;
}

std::string encode_file_header(const FileHeader& header) {
  std::string out(file_header_bytes, '\0');
  char* at = put_magic(out.data(), file_magic);
  at = put_fixed(at, file_version);
  at = put_fixed(at, static_cast<std::uint16_t>(header.is_sealed ? 1 : 0));
  at = put_fixed(at, std::uint32_t{0});
  at = put_fixed(at, header.ledger);
  at = put_fixed(at, header.before.next);
  at = put_fixed(at, header.before.commit_time.us);
  put_fixed(at, header.before.chain);
  put_fixed(out.data() + out.size() - 4, crc_before_last4(out));
  return out;
}

Parse parse_file_header(std::string_view bytes, FileHeader& header) {
  if (bytes.size() < file_header_bytes) return Parse::incomplete;
  bytes = bytes.substr(0, file_header_bytes);
  if (const Parse p = check_frame_of_file(bytes, file_magic); p != Parse::ok) return p;
  const char* at = bytes.data();
  const auto form = get_fixed<std::uint16_t>(at + 10);
  if (form > 1) return Parse::new_version;
  header.is_sealed = form == 1;
  header.ledger = get_fixed<LedgerId>(at + 16);
  header.before.next = get_fixed<Position>(at + 32);
  header.before.commit_time.us = get_fixed<std::int64_t>(at + 40);
  header.before.chain = get_fixed<Digest>(at + 48);
  return Parse::ok;
}

void append_table_entry(std::string& out, const BlockEntry& entry) {
  std::array<char, table_entry_bytes> bytes;
  char* at = put_fixed(bytes.data(), entry.offset);
  at = put_fixed(at, entry.compressed_bytes);
  at = put_fixed(at, entry.plain_bytes);
  at = put_fixed(at, entry.first);
  at = put_fixed(at, entry.commit_time.us);
  at = put_fixed(at, entry.arrival_time.us);
  at = put_fixed(at, entry.records_left);
  put_fixed(at, entry.crc);
  out.append(bytes.data(), bytes.size());
}

BlockEntry read_table_entry(const char* bytes) {
  BlockEntry entry;
  entry.offset = get_fixed<std::uint64_t>(bytes);
  entry.compressed_bytes = get_fixed<std::uint32_t>(bytes + 8);
  entry.plain_bytes = get_fixed<std::uint32_t>(bytes + 12);
  entry.first = get_fixed<Position>(bytes + 16);
  entry.commit_time.us = get_fixed<std::int64_t>(bytes + 24);
  entry.arrival_time.us = get_fixed<std::int64_t>(bytes + 32);
  entry.records_left = get_fixed<std::uint32_t>(bytes + 40);
  entry.crc = get_fixed<std::uint32_t>(bytes + 44);
  return entry;
}

std::string encode_trailer(const Trailer& trailer) {
  std::string out(trailer_bytes, '\0');
  char* at = put_magic(out.data(), trailer_magic);
  at = put_fixed(at, file_version);
  at = put_fixed(at, std::uint16_t{0});
  at = put_fixed(at, trailer.blocks);
  at = put_fixed(at, trailer.table_offset);
  at = put_fixed(at, trailer.first);
  at = put_fixed(at, trailer.last);
  at = put_fixed(at, trailer.first_commit.us);
  at = put_fixed(at, trailer.last_commit.us);
  at = put_fixed(at, trailer.chain);
  at = put_fixed(at, trailer.plain_bytes);
  put_fixed(at, trailer.ledger);
  put_fixed(out.data() + 120, trailer.table_crc);
  put_fixed(out.data() + 124, crc_before_last4(out));
  return out;
}

Parse parse_trailer(std::string_view bytes, Trailer& trailer) {
  if (bytes.size() < trailer_bytes) return Parse::incomplete;
  if (const Parse p = check_frame_of_file(bytes, trailer_magic); p != Parse::ok) return p;
  const char* at = bytes.data();
  trailer.blocks = get_fixed<std::uint32_t>(at + 12);
  trailer.table_offset = get_fixed<std::uint64_t>(at + 16);
  trailer.first = get_fixed<Position>(at + 24);
  trailer.last = get_fixed<Position>(at + 32);
  trailer.first_commit.us = get_fixed<std::int64_t>(at + 40);
  trailer.last_commit.us = get_fixed<std::int64_t>(at + 48);
  trailer.chain = get_fixed<Digest>(at + 56);
  trailer.plain_bytes = get_fixed<std::uint64_t>(at + 88);
  trailer.ledger = get_fixed<LedgerId>(at + 96);
  trailer.table_crc = get_fixed<std::uint32_t>(at + 120);
  return Parse::ok;
}

std::unexpected<Error> fail_new_version(std::string_view what) {
  return fail(
      ErrorKind::not_supported,
      fmt::format("{} was written by a newer Meterport; this one reads ledger format 1: use the newer one", what));
}

}  // namespace meterport::ledger
