// Private to formats: header and trailer of a gzip member as bytes (RFC 1952 section 2.3). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace meterport::formats::gzip_records {

/// `name` without a zero byte.
void append_header(std::string& out, std::string_view name, Instant time);
/// The size is kept modulo 2^32.
void append_trailer(std::string& out, std::uint32_t crc32, std::uint64_t uncompressed_bytes);

}  // namespace meterport::formats::gzip_records
