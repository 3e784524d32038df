#include "formats/usage_checks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/json_writer.h"

namespace meterport::formats {
namespace {

constexpr std::size_t shown_bytes_max = 48;

const Instant time_min = Instant{0};
const Instant time_end = start_of(day_from({2201, 1, 1}));

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

/// "/asset/name" -> "asset.name"
std::string dotted(std::string_view pointer) {
  std::string name(pointer.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::optional<RecordError> missing(std::string_view field, std::string_view why) {
  return RecordError{RecordErrorCode::missing_field, fmt::format("/{}", field), fmt::format("{}: {}", field, why)};
}

/// Kept apart from the check itself, which runs for every record.
RecordError text_too_long(const UsageRecord& record, const UsageReadOptions& options) {
  RecordError error{RecordErrorCode::text_too_long, {}, {}};
  for_each_text(record, [&](const char* pointer, std::string_view text) {
    if (text.size() <= options.text_bytes_max || !error.pointer.empty()) return;
    error.pointer = pointer;
    error.text =
        fmt::format("{}: has {} bytes; at most {} are allowed", dotted(pointer), text.size(), options.text_bytes_max);
  });
  return error;
}

}  // namespace

std::string shown(std::string_view value) {
  const bool is_cut = value.size() > shown_bytes_max;
  if (is_cut) {
    std::size_t end = shown_bytes_max;
    while (end > 0 && is_continuation(value[end])) --end;
    value = value.substr(0, end);
  }
  std::string out;
  append_json_string(out, value);
  if (is_cut) out += "...";
  return out;
}

RecordError decimal_error(DecimalError error, std::string pointer, std::string_view field, std::string_view value) {
  const std::string text = shown(value);
  switch (error) {
    case DecimalError::bad_format:
      break;
    case DecimalError::out_of_range:
      return {RecordErrorCode::quantity_out_of_range, std::move(pointer),
              fmt::format("{}: {} is too large; {}", field, text, quantity_rule)};
    case DecimalError::not_exact:
      return {RecordErrorCode::quantity_not_exact, std::move(pointer),
              fmt::format("{}: {} has too many decimals; {}", field, text, quantity_rule)};
  }
  return {RecordErrorCode::bad_format, std::move(pointer),
          fmt::format("{}: {} is no decimal number; {}", field, text, quantity_rule)};
}

std::optional<RecordError> check_limits(const UsageRecord& record, const UsageReadOptions& options) {
  std::size_t longest = 0;
  for_each_text(record, [&](const char*, std::string_view text) { longest = std::max(longest, text.size()); });
  if (longest > options.text_bytes_max) return text_too_long(record, options);
  if (record.memo.size() > options.memo_characters_max) {
    if (const std::size_t characters = count_characters(record.memo); characters > options.memo_characters_max) {
      return RecordError{
          RecordErrorCode::text_too_long, "/memo",
          fmt::format("memo: has {} characters; at most {} are allowed", characters, options.memo_characters_max)};
    }
  }
  if (record.time < time_min || record.time >= time_end) {
    return RecordError{
        RecordErrorCode::time_out_of_range, "/time",
        fmt::format("time: {} is out of range; the years 1970 to 2200 are allowed", format_rfc3339(record.time))};
  }
  return std::nullopt;
}

std::optional<RecordError> check_record(const UsageRecord& record, const UsageReadOptions& options) {
  if (record.org.empty()) return missing("org", "is missing; the id of an organization is required");
  if (record.meter.empty()) return missing("meter", "is missing; the id of a meter is required");
  if (record.id.empty()) return missing("id", "is missing; the sender's own id of this usage is required");
  if (record.source.empty()) {
    return missing("source", "is missing and the API key names no default; a text naming the sender is required");
  }
  if (!record.subscription.empty() && !record.line) {
    return missing("line", "is missing; with a subscription the number of its line is required");
  }
  if (record.subscription.empty() && record.line) {
    return missing("subscription", "is missing; with a line the id of its subscription is required");
  }
  return check_limits(record, options);
}

}  // namespace meterport::formats
