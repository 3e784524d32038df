// Request targets and percent-encoding (RFC 3986 2.1, 3.3, 3.4; RFC 9112 3.2). Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterport::http {

/// Decodes %XX; with `plus_is_blank` also '+' (forms, queries). None: a broken sequence, or %00.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
/// All but A-Z a-z 0-9 - . _ ~ become %XX.
std::string percent_encode(std::string_view text);

/// "a=1&b&c=%20" -> {a,1} {b,""} {c," "}; none: a broken sequence. Also reads form bodies.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

struct Target {
  std::string_view path;   ///< raw, starts with '/' (or is "*")
  std::string_view query;  ///< raw, without '?'
};
/// Origin form, absolute form ("http://host/path") and "*"; none: anything else.
std::optional<Target> split_target(std::string_view target);

}  // namespace meterport::http
