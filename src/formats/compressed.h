// Request and file bodies in gzip or zstd -> plain bytes, with a bound against bombs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace meterport::formats {

enum class Coding { identity, gzip, zstd };
/// From Content-Encoding ("", "identity", "gzip", "x-gzip", "zstd"); unsupported_media for others.
Result<Coding> parse_coding(std::string_view header);
/// From the first bytes of a file.
Coding detect_coding(std::string_view head);

/// malformed: broken or truncated stream, trailing garbage. too_large: more than `bytes_max` plain bytes.
Result<std::string> decompress(Coding coding, std::string_view bytes, std::size_t bytes_max);
/// gzip (RFC 1952) through ISA-L level 1.
std::string gzip(std::string_view bytes);

}  // namespace meterport::formats
