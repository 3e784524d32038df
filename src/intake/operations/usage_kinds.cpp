#include "intake/operations/usage_kinds.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "formats/usage_json.h"

namespace meterport::intake {
namespace {

/// The items once more as one body, `between` standing between them.
std::string joined(const ItemChunk& chunk, std::string_view begin, std::string_view between, std::string_view end) {
  std::string out;
  out.reserve(chunk.bytes.size() + chunk.items.size() + begin.size() + end.size() + formats::body_spare_bytes);
  out += begin;
  for (const ItemText& item : chunk.items) {
    if (out.size() > begin.size()) out += between;
    out += item.text;
  }
  out += end;
  return out;
}

formats::UsageReadOptions options_of(const ReadContext& context, const Settings& settings) {
  formats::UsageReadOptions options;
  options.records_max = std::numeric_limits<std::size_t>::max();
  options.record_bytes_max = static_cast<std::size_t>(settings.number("intake.record_bytes_max"));
  options.default_source = context.operation.sender.default_source;
  return options;
}

}  // namespace

void add_usage_kinds(Operations& operations, const Settings& settings) {
  operations.set_kind(std::string(usage_json_kind), {.read = [&settings](const ReadContext& context, ItemChunk chunk) {
                        return formats::read_usage_json(joined(chunk, "[", ",", "]"), options_of(context, settings));
                      }});
  operations.set_kind(std::string(usage_ndjson_kind),
                      {.read = [&settings](const ReadContext& context, ItemChunk chunk) {
                        return formats::read_usage_ndjson(joined(chunk, "", "\n", ""), options_of(context, settings));
                      }});
}

Result<std::vector<formats::TextRange>> line_ranges(std::string_view body, std::size_t lines_max) {
  std::vector<formats::TextRange> ranges;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string_view line = body.substr(at, end - at);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos) {
      if (ranges.size() == lines_max) {
        return fail(ErrorKind::too_large,
                    fmt::format("The body has more than {} lines, which is the most.", lines_max));
      }
      const std::size_t last = line.find_last_not_of(" \t\r");
      ranges.push_back({at + first, static_cast<std::uint32_t>(last + 1 - first)});
    }
    at = end + 1;
  }
  return ranges;
}

}  // namespace meterport::intake
