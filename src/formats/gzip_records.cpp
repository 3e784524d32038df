#include "formats/gzip_records.h"

#include <limits>

namespace meterport::formats::gzip_records {
namespace {

constexpr char method_deflate = 8;
constexpr char flag_name = 8;
constexpr char no_extra_flags = 0;
constexpr auto os_unknown = static_cast<char>(255);

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

}  // namespace

void append_header(std::string& out, std::string_view name, Instant time) {
  const std::int64_t seconds = time.us / Instant::us_per_second;
  const bool is_in_range = time.us >= 0 && seconds <= std::numeric_limits<std::uint32_t>::max();
  out += "\x1f\x8b";
  out += method_deflate;
  out += flag_name;
  append_u32(out, is_in_range ? static_cast<std::uint32_t>(seconds) : 0);
  out += no_extra_flags;
  out += os_unknown;
  out += name;
  out += '\0';
}

void append_trailer(std::string& out, std::uint32_t crc32, std::uint64_t uncompressed_bytes) {
  append_u32(out, crc32);
  append_u32(out, static_cast<std::uint32_t>(uncompressed_bytes));
}

}  // namespace meterport::formats::gzip_records
