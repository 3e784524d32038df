#include "http/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>
#include <string>

namespace meterport::http {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::int64_t> parse_seconds(std::string_view digits) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  // More than the type holds is as good as for ever.
  return parsed.ec == std::errc() ? seconds : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::optional<std::int64_t> retry_after_seconds(std::string_view value, Instant now) {
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  if (value.empty()) return std::nullopt;
  if (std::ranges::all_of(value, is_digit)) return parse_seconds(value);
  // libcurl reads every HTTP date, but also much else: a date here names its weekday, and has a time.
  const bool may_be_date = value.front() >= 'A' && value.front() <= 'Z' && value.contains(':');
  const std::time_t at = may_be_date ? ::curl_getdate(std::string(value).c_str(), nullptr) : -1;
  if (at < 0) return std::nullopt;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(at) - now.us / Instant::us_per_second);
}

}  // namespace meterport::http
