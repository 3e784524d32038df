#include "dialects/meterport/usage_body.h"

#include <fmt/format.h>

#include <utility>

#include "formats/compressed.h"
#include "http/text.h"

namespace meterport::api {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// "application/json; charset=utf-8" -> "application/json".
std::string_view media_type(std::string_view header) {
  return trimmed(header.substr(0, header.find(';')));
}

}  // namespace

bool prefers(const http::Request& request, std::string_view preference) {
  for (const auto& [name, value] : request.headers) {
    if (!http::same_ignoring_case(name, "prefer")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(',');
      if (http::same_ignoring_case(trimmed(rest.substr(0, rest.find_first_of(",;"))), preference)) return true;
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return false;
}

Result<UsageBody> read_usage_body(const Settings& settings, http::Request& request) {
  const std::string_view type = media_type(request.header("content-type"));
  UsageBody body;
  body.is_lines = http::same_ignoring_case(type, "application/x-ndjson");
  if (!body.is_lines && !type.empty() && !http::same_ignoring_case(type, "application/json")) {
    return fail(ErrorKind::unsupported_media,
                fmt::format("Content-Type \"{}\": application/json and application/x-ndjson are taken", type));
  }
  const auto coding = formats::parse_coding(request.header("content-encoding"));
  if (!coding) return fail(coding);
  body.text = std::move(request.body);
  if (*coding != formats::Coding::identity) {
    const auto plain_bytes_max = static_cast<std::size_t>(settings.number("http.body_bytes_max"));
    auto plain = formats::decompress(*coding, body.text, plain_bytes_max);
    if (!plain) return fail(std::move(plain));
    body.text = std::move(*plain);
  }
  return body;
}

}  // namespace meterport::api
