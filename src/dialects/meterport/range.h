// Private to the /v1 dialect: single byte ranges and validators of downloads (RFC 9110 13.1, 14). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace meterport::api {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

enum class RangeKind {
  whole,  ///< no range, one that can't be read, or several: the whole file is a right answer
  part,
  unsatisfiable,  ///< begins behind the end
};
struct RangeAnswer {
  RangeKind kind = RangeKind::whole;
  ByteRange range;
};
/// `header` as sent ("bytes=0-99"), of a file of that size.
RangeAnswer parse_range(std::string_view header, std::uint64_t file_bytes);

/// True when an If-None-Match list holds the tag (weak comparison) or is "*".
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace meterport::api
