#include "catalog/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ids.h"

namespace meterport::catalog {
namespace {

std::size_t character_count(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Line feeds and tabs occur in real names (informatica I51); other control characters are mistakes.
bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F; });
}

const std::vector<JsonValue>& no_items() {
  static const std::vector<JsonValue> none;
  return none;
}

std::string_view rule_of(DecimalError error) {
  switch (error) {
    case DecimalError::bad_format:
      return "must be a decimal number, such as \"0.16\"";
    case DecimalError::out_of_range:
      return "has more than 18 digits before the point";
    case DecimalError::not_exact:
      return "has more than 18 decimals";
  }
  return "must be a decimal number";
}

}  // namespace

void FormCheck::refuse(const std::string& pointer, std::string_view rule) {
  if (first) return;
  first = Error{ErrorKind::invalid, fmt::format("{}: {}", pointer.empty() ? "file" : pointer, rule), {}, pointer};
}

std::string read_text(FormCheck& check, const JsonValue& value, const std::string& pointer,
                      std::size_t characters_max) {
  if (value.type != JsonValue::Type::string) {
    check.refuse(pointer, "must be a text");
  } else if (check.is_replay) {
    return value.text;
  } else if (has_control_character(value.text)) {
    check.refuse(pointer, "holds a control character other than line feed and tab");
  } else if (value.text.empty() || character_count(value.text) > characters_max) {
    check.refuse(pointer, fmt::format("must have 1 to {} characters", characters_max));
  } else {
    return value.text;
  }
  return {};
}

ObjectReader::ObjectReader(FormCheck& check, const JsonValue& value, std::string pointer,
                           std::initializer_list<std::string_view> members)
    : check_(check), value_(value), pointer_(std::move(pointer)) {
  if (!value.is_object()) {
    check_.refuse(pointer_, "must be an object");
    return;
  }
  if (check.is_replay) return;
  for (const JsonMember& member : value.members) {
    if (std::ranges::find(members, std::string_view(member.name)) == members.end()) {
      refuse(member.name, fmt::format("unknown member; known are {}", fmt::join(members, ", ")));
    }
  }
}

std::string ObjectReader::text(std::string_view name, Need need, std::size_t characters_max) {
  const JsonValue* value = value_.find(name);
  if (value == nullptr) {
    if (need == Need::required) refuse(name, "is required");
    return {};
  }
  return read_text(check_, *value, at(name), characters_max);
}

std::string ObjectReader::id(std::string_view name, Need need) {
  std::string value = text(name, need);
  if (!value.empty() && !is_safe_id(value)) {
    refuse(name, fmt::format("must be {}", safe_id_rule));
    return {};
  }
  return value;
}

std::optional<Decimal> ObjectReader::decimal(std::string_view name, Need need) {
  const JsonValue* value = value_.find(name);
  if (value == nullptr) {
    if (need == Need::required) refuse(name, "is required");
    return std::nullopt;
  }
  if (value->type != JsonValue::Type::string && value->type != JsonValue::Type::number) {
    refuse(name, rule_of(DecimalError::bad_format));
    return std::nullopt;
  }
  const auto parsed = Decimal::parse(value->text);
  if (!parsed) {
    refuse(name, rule_of(parsed.error()));
    return std::nullopt;
  }
  return *parsed;
}

std::optional<Day> ObjectReader::day(std::string_view name, Need need) {
  const std::string given = text(name, need);
  if (given.empty()) return std::nullopt;
  const auto parsed = parse_day(given);
  if (!parsed) {
    refuse(name, "must be a date as yyyy-MM-dd");
    return std::nullopt;
  }
  return *parsed;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const JsonValue* value = value_.find(name);
  if (value == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const char* end = value->text.data() + value->text.size();
  const auto [stop, code] = std::from_chars(value->text.data(), end, number);
  if (value->type != JsonValue::Type::number || code != std::errc{} || stop != end || number < min || number > max) {
    refuse(name, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
  const JsonValue* value = value_.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->type != JsonValue::Type::boolean) {
    refuse(name, "must be true or false");
    return std::nullopt;
  }
  return value->boolean;
}

std::vector<std::string> ObjectReader::texts(std::string_view name, std::size_t characters_max) {
  std::vector<std::string> out;
  for (const JsonValue& item : items(name, Need::optional)) {
    const std::string pointer = pointer_to(at(name), out.size());
    std::string value = read_text(check_, item, pointer, characters_max);
    if (std::ranges::find(out, value) != out.end()) check_.refuse(pointer, "stands twice");
    out.push_back(std::move(value));
  }
  return out;
}

const std::vector<JsonValue>& ObjectReader::items(std::string_view name, Need need) {
  const JsonValue* value = value_.find(name);
  if (value == nullptr) {
    if (need == Need::required) refuse(name, "is required");
    return no_items();
  }
  if (!value->is_array()) {
    refuse(name, "must be an array");
    return no_items();
  }
  return value->items;
}

const JsonValue* ObjectReader::object(std::string_view name) {
  const JsonValue* value = value_.find(name);
  if (value != nullptr && !value->is_object()) {
    refuse(name, "must be an object");
    return nullptr;
  }
  return value;
}

}  // namespace meterport::catalog
