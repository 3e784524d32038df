#include "dialects/here/correlation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace meterport::here {
namespace {

constexpr std::size_t id_bytes_max = 128;

/// Safe to send back in a header and to print in a log.
bool is_printable_id(std::string_view text) {
  return !text.empty() && text.size() <= id_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

}  // namespace

std::string make_uuid(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

std::string correlation_id_of(const http::Request& request, Random& random) {
  const std::string_view given = request.header("X-Correlation-ID");
  return is_printable_id(given) ? std::string(given) : make_uuid(random);
}

void add_call_headers(http::Response& response, const http::Request& request, std::string_view correlation_id) {
  response.with_header("X-Correlation-ID", std::string(correlation_id));
  if (const std::string_view given = request.header("X-Request-ID"); is_printable_id(given)) {
    response.with_header("X-Request-ID", std::string(given));
  }
  response.has_own_request_id = true;
  response.with_header("Cache-Control", "no-store");
}

}  // namespace meterport::here
