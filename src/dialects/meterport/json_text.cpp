#include "dialects/meterport/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace meterport::api {

using catalog::JsonMember;
using catalog::JsonValue;

namespace {
constexpr std::size_t page_size_max = 1'000;
}

Result<JsonValue> parse_object(const http::Request& request) {
  const std::string_view coding = request.header("content-encoding");
  if (!coding.empty() && coding != "identity") {
    return fail(ErrorKind::unsupported_media, "Content-Encoding: this path takes plain bodies only");
  }
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(ErrorKind::malformed, "the body is empty; a JSON object is required");
  }
  auto tree = catalog::parse_json(request.body);
  if (!tree) return fail(std::move(tree));
  if (!tree->is_object()) return fail(ErrorKind::invalid, "the body must be a JSON object");
  return tree;
}

Status finish(catalog::FormCheck& check) {
  if (check.first) return std::unexpected(std::move(*check.first));
  return {};
}

const JsonMember* member_of(const JsonValue& object, std::string_view name) {
  const auto it = std::ranges::find(object.members, name, &JsonMember::name);
  return it == object.members.end() ? nullptr : &*it;
}

bool take_member(JsonValue& object, std::string_view name, JsonValue& value) {
  const auto it = std::ranges::find(object.members, name, &JsonMember::name);
  if (it == object.members.end()) return false;
  value = std::move(it->value);
  object.members.erase(it);
  return true;
}

JsonValue text_value(std::string_view text) {
  JsonValue value;
  value.type = JsonValue::Type::string;
  value.text = text;
  return value;
}

void set_member(JsonValue& object, std::string_view name, JsonValue value) {
  const auto it = std::ranges::find(object.members, name, &JsonMember::name);
  if (it == object.members.end()) {
    object.members.push_back({std::string(name), std::move(value)});
  } else {
    it->value = std::move(value);
  }
}

void merge_patch(JsonValue& target, const JsonValue& patch) {
  for (const JsonMember& change : patch.members) {
    const auto it = std::ranges::find(target.members, change.name, &JsonMember::name);
    if (change.value.type == JsonValue::Type::null) {
      if (it != target.members.end()) target.members.erase(it);
    } else if (it != target.members.end() && it->value.is_object() && change.value.is_object()) {
      merge_patch(it->value, change.value);
    } else if (change.value.is_object()) {
      JsonValue fresh;
      fresh.type = JsonValue::Type::object;
      merge_patch(fresh, change.value);  // takes the nulls out
      set_member(target, change.name, std::move(fresh));
    } else {
      set_member(target, change.name, change.value);
    }
  }
}

Error relocated(Error error, std::string_view prefix, std::string_view replacement) {
  const auto replace = [&](std::string& text) {
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + replacement.size())) {
      text.replace(at, prefix.size(), replacement);
    }
  };
  replace(error.field);
  replace(error.text);
  constexpr std::string_view of_nothing = ": ";  // the error was of the whole object
  if (error.text.starts_with(of_nothing)) error.text.erase(0, of_nothing.size());
  return error;
}

Error at_member(Error error) {
  if (!error.field.empty() && !error.field.starts_with('/')) error.field.insert(0, 1, '/');
  return error;
}

Result<Instant> parse_time_or_day(std::string_view text, std::string_view name) {
  constexpr std::size_t day_characters = 10;
  if (text.size() == day_characters) {
    if (const auto day = parse_day(text)) return start_of(*day);
  } else if (const auto instant = parse_instant(text)) {
    return *instant;
  }
  return fail(ErrorKind::invalid,
              fmt::format("{}: must be a day or an RFC 3339 time, such as 2024-09-01 or 2024-09-01T00:00:00Z", name),
              {}, std::string(name));
}

Result<std::uint64_t> parse_count(std::string_view text, std::string_view name, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc{} || stop != end || number > max) {
    const std::string bound = max == std::numeric_limits<std::uint64_t>::max() ? "" : fmt::format(" up to {}", max);
    return fail(ErrorKind::invalid, fmt::format("{}: must be a whole number{}", name, bound), {}, std::string(name));
  }
  return number;
}

Result<bool> parse_flag(std::string_view text, std::string_view name) {
  if (text == "true") return true;
  if (text.empty() || text == "false") return false;
  return fail(ErrorKind::invalid, fmt::format("{}: must be true or false", name), {}, std::string(name));
}

Result<std::size_t> page_size_of(const Call& call, std::size_t fallback) {
  const auto given = call.request.query_value("page_size");
  if (!given) return fallback;
  const auto size = parse_count(*given, "page_size", page_size_max);
  if (!size) return fail(size);
  if (*size == 0) {
    return fail(ErrorKind::invalid, fmt::format("page_size: must be 1 to {}", page_size_max), {}, "page_size");
  }
  return static_cast<std::size_t>(*size);
}

void field_or_null(JsonWriter& out, std::string_view name, std::string_view value) {
  if (value.empty()) {
    out.null_field(name);
  } else {
    out.field(name, value);
  }
}

void field_or_null(JsonWriter& out, std::string_view name, const std::optional<Instant>& value) {
  if (value) {
    out.field(name, format_rfc3339(*value));
  } else {
    out.null_field(name);
  }
}

}  // namespace meterport::api
