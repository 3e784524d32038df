#include "formats/zip_records.h"

#include <algorithm>

namespace meterport::formats::zip_records {
namespace {

constexpr std::uint16_t version_plain = 20;  // deflate
constexpr std::uint16_t version_zip64 = 45;  // ZIP64 records
constexpr std::uint16_t flags = 0x0808;      // bit 3: sizes follow the data; bit 11: names are UTF-8
constexpr std::uint16_t method_deflate = 8;
constexpr std::uint16_t zip64_extra_id = 1;

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}
void u16(std::string& out, std::uint64_t value) {
  append_number(out, value, 2);
}
void u32(std::string& out, std::uint64_t value) {
  append_number(out, value, 4);
}
void u64(std::string& out, std::uint64_t value) {
  append_number(out, value, 8);
}

std::uint64_t clamp32(std::uint64_t value) {
  return std::min(value, zip64_from);
}

bool has_large_size(const ZipEntry& entry) {
  return entry.compressed_bytes >= zip64_from || entry.uncompressed_bytes >= zip64_from;
}

}  // namespace

std::uint32_t dos_time(Instant time) {
  const Day day = std::clamp(day_of(time), day_from({1980, 1, 1}), day_from({2107, 12, 31}));
  const CivilDate date = civil_of(day);
  const auto seconds = static_cast<std::uint32_t>((floor_to_second(time).us - start_of(day_of(time)).us) / 1'000'000);
  const auto year = static_cast<std::uint32_t>(date.year - 1980);
  const std::uint32_t clock = (seconds / 3'600) << 11 | (seconds / 60 % 60) << 5 | (seconds % 60) / 2;
  return (year << 9 | date.month << 5 | date.day) << 16 | clock;
}

void append_local_header(std::string& out, const ZipEntry& entry, std::uint32_t dos_time) {
  u32(out, 0x04034b50);
  u16(out, entry.is_zip64 ? version_zip64 : version_plain);
  u16(out, flags);
  u16(out, method_deflate);
  u32(out, dos_time);
  // CRC and sizes are in the data descriptor; the ZIP64 field with its two sizes only says how wide they are there.
  const std::uint64_t size = entry.is_zip64 ? zip64_from : 0;
  u32(out, 0);
  u32(out, size);
  u32(out, size);
  u16(out, entry.name.size());
  u16(out, entry.is_zip64 ? 20 : 0);
  out += entry.name;
  if (entry.is_zip64) {
    u16(out, zip64_extra_id);
    u16(out, 16);
    u64(out, 0);
    u64(out, 0);
  }
}

void append_data_descriptor(std::string& out, const ZipEntry& entry) {
  const unsigned size_bytes = entry.is_zip64 || has_large_size(entry) ? 8 : 4;
  u32(out, 0x08074b50);
  u32(out, entry.crc32);
  append_number(out, entry.compressed_bytes, size_bytes);
  append_number(out, entry.uncompressed_bytes, size_bytes);
}

void append_central_header(std::string& out, const ZipEntry& entry, std::uint64_t offset, std::uint32_t dos_time) {
  // The extra field holds only the numbers that do not fit, in this order (APPNOTE 4.5.3).
  std::string extra;
  if (entry.uncompressed_bytes >= zip64_from) u64(extra, entry.uncompressed_bytes);
  if (entry.compressed_bytes >= zip64_from) u64(extra, entry.compressed_bytes);
  if (offset >= zip64_from) u64(extra, offset);
  const bool has_extra = !extra.empty();

  u32(out, 0x02014b50);
  u16(out, version_plain);  // made by: MS-DOS attributes, so none is needed
  u16(out, has_extra || entry.is_zip64 ? version_zip64 : version_plain);
  u16(out, flags);
  u16(out, method_deflate);
  u32(out, dos_time);
  u32(out, entry.crc32);
  u32(out, clamp32(entry.compressed_bytes));
  u32(out, clamp32(entry.uncompressed_bytes));
  u16(out, entry.name.size());
  u16(out, has_extra ? extra.size() + 4 : 0);
  u16(out, 0);  // no comment
  u16(out, 0);  // disk
  u16(out, 0);  // internal attributes
  u32(out, 0);  // external attributes
  u32(out, clamp32(offset));
  out += entry.name;
  if (has_extra) {
    u16(out, zip64_extra_id);
    u16(out, extra.size());
    out += extra;
  }
}

void append_end_records(std::string& out, std::uint64_t entries, std::uint64_t directory_bytes,
                        std::uint64_t directory_offset) {
  const bool is_zip64 = entries >= 0xFFFF || directory_bytes >= zip64_from || directory_offset >= zip64_from;
  if (is_zip64) {
    u32(out, 0x06064b50);
    u64(out, 44);  // bytes of this record after this field
    u16(out, version_zip64);
    u16(out, version_zip64);
    u32(out, 0);
    u32(out, 0);
    u64(out, entries);
    u64(out, entries);
    u64(out, directory_bytes);
    u64(out, directory_offset);
    u32(out, 0x07064b50);  // locator
    u32(out, 0);
    u64(out, directory_offset + directory_bytes);
    u32(out, 1);
  }
  u32(out, 0x06054b50);
  u16(out, 0);
  u16(out, 0);
  u16(out, std::min<std::uint64_t>(entries, 0xFFFF));
  u16(out, std::min<std::uint64_t>(entries, 0xFFFF));
  u32(out, clamp32(directory_bytes));
  u32(out, clamp32(directory_offset));
  u16(out, 0);  // no comment
}

}  // namespace meterport::formats::zip_records
