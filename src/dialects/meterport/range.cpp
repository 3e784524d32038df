#include "dialects/meterport/range.h"

#include <algorithm>
#include <charconv>

namespace meterport::api {
namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || code != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

RangeAnswer parse_range(std::string_view header, std::uint64_t file_bytes) {
  constexpr std::string_view unit = "bytes=";
  const RangeAnswer whole{RangeKind::whole, {0, file_bytes}};
  const RangeAnswer unsatisfiable{RangeKind::unsatisfiable, {}};
  if (!header.starts_with(unit)) return whole;
  const std::string_view spec = trimmed(header.substr(unit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return whole;
  const auto first = number_of(spec.substr(0, dash));
  const auto last = number_of(spec.substr(dash + 1));
  if (dash == 0) {  // the last n bytes
    if (!last) return whole;
    if (*last == 0 || file_bytes == 0) return unsatisfiable;
    const std::uint64_t bytes = std::min(*last, file_bytes);
    return {RangeKind::part, {file_bytes - bytes, bytes}};
  }
  const bool has_last = dash + 1 < spec.size();
  if (!first || (has_last && (!last || *last < *first))) return whole;
  if (*first >= file_bytes) return unsatisfiable;
  const std::uint64_t end = has_last ? std::min(*last, file_bytes - 1) : file_bytes - 1;
  return {RangeKind::part, {*first, end - *first + 1}};
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const std::size_t end = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view tag = trimmed(if_none_match.substr(0, end));
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
    if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
  }
  return false;
}

}  // namespace meterport::api
