#include "http/response_head.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iterator>

#include "base/log.h"
#include "http/problem.h"
#include "http/text.h"

namespace meterport::http {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_servers_own(std::string_view name) {
  return same_ignoring_case(name, "content-length") || same_ignoring_case(name, "connection") ||
         same_ignoring_case(name, "transfer-encoding") || same_ignoring_case(name, "date");
}

/// Line ends inside a value would let its author write headers, or a whole answer, of his own.
bool is_safe_field(std::string_view name, std::string_view value) {
  static constexpr std::string_view breaking("\r\n\0", 3);
  return !name.empty() && name.find_first_of("\r\n: ") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos && value.find_first_of(breaking) == std::string_view::npos;
}

}  // namespace

void append_head(std::string& out, const Response& response, const ResponseFraming& framing, std::string_view date,
                 std::string_view request_id) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(response.status));
  out.append(" ").append(reason_of(response.status)).append("\r\n");
  append_field(out, "Date", date);
  if (!response.content_type.empty() && is_safe_field("Content-Type", response.content_type)) {
    append_field(out, "Content-Type", response.content_type);
  }
  bool has_retry_after = false;
  for (const auto& [name, value] : response.headers) {
    if (is_servers_own(name) || !is_safe_field(name, value)) {
      log::warning("a response header was left out", {{"request", request_id}, {"header", name}});
      continue;
    }
    has_retry_after = has_retry_after || same_ignoring_case(name, "retry-after");
    append_field(out, name, value);
  }
  if (!has_retry_after && (response.status == 429 || response.status == 503)) append_field(out, "Retry-After", "1");
  if (!request_id.empty() && !response.has_own_request_id) append_field(out, "X-Request-Id", request_id);
  if (framing.is_stream) {
    if (!framing.is_http_1_0) append_field(out, "Transfer-Encoding", "chunked");
  } else if (!is_bodiless(response.status)) {
    out.append("Content-Length: ");
    append_number(out, framing.body_bytes);
    out.append("\r\n");
  }
  if (!framing.keep_alive) append_field(out, "Connection", "close");
  if (framing.keep_alive && framing.is_http_1_0) append_field(out, "Connection", "keep-alive");
  out.append("\r\n");
}

bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

std::string http_date(std::time_t t) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&t, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                     utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

}  // namespace meterport::http
