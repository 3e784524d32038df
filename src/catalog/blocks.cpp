// The blocks of other wires inside a meter (crosswalk 2.2): checked and brought into one normal text.
#include <algorithm>
#include <array>
#include <map>

#include "catalog/objects.h"

namespace meterport::catalog {
namespace {

constexpr std::array<std::string_view, 7> aggregations = {"SUM", "COUNT",        "AVG",   "MIN",
                                                          "MAX", "UNIQUE_COUNT", "LATEST"};

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/// openmeter.md 4: lower-case letters, digits, single underscores inside, 1 to 64.
bool is_slug(std::string_view slug) {
  if (slug.empty() || slug.size() > 64 || slug.front() == '_' || slug.back() == '_') return false;
  for (std::size_t i = 0; i < slug.size(); ++i) {
    if (!is_lower(slug[i]) && !is_digit(slug[i]) && slug[i] != '_') return false;
    if (slug[i] == '_' && slug[i - 1] == '_') return false;
  }
  return true;
}

bool is_group_key(std::string_view key) {
  return !key.empty() && is_name_start(key.front()) &&
         std::ranges::all_of(key, [](char c) { return is_name_start(c) || is_digit(c); });
}

/// One step of a path at its front: `.name`, `['any text']`, `["any text"]` or `[0]`. 0: none of these.
std::size_t step_length(std::string_view path) {
  if (path.size() > 1 && path[0] == '.' && is_name_start(path[1])) {
    const auto end = std::ranges::find_if_not(path.substr(1), [](char c) { return is_name_start(c) || is_digit(c); });
    return static_cast<std::size_t>(end - path.begin());
  }
  if (path.size() < 3 || path[0] != '[') return 0;
  if (path[1] == '\'' || path[1] == '"') {
    const std::size_t quote = path.find(path[1], 2);
    const bool closed = quote != std::string_view::npos && quote > 2 && path.substr(quote + 1).starts_with(']');
    return closed ? quote + 2 : 0;
  }
  const std::size_t end = path.find_first_not_of("0123456789", 1);
  return end != std::string_view::npos && end > 1 && path[end] == ']' ? end + 1 : 0;
}

/// The subset of openmeter.md 4: `$.a.b`, `$['a b']`, `$.a[0]`.
bool is_path(std::string_view path) {
  if (path.size() < 2 || path[0] != '$') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t length = step_length(path);
    if (length == 0) return false;
    path.remove_prefix(length);
  }
  return true;
}

constexpr std::string_view path_rule = "must be a path such as $.a.b, $['a b'] or $.a[0]";

std::map<std::string, std::string> read_text_map(ObjectReader& reader, std::string_view name) {
  std::map<std::string, std::string> out;
  const JsonValue* value = reader.object(name);
  if (value == nullptr) return out;
  for (const JsonMember& member : value->members) {
    out[member.name] = read_text(reader.check(), member.value, pointer_to(reader.at(name), member.name), 1024);
  }
  return out;
}

void write_text_map(JsonWriter& out, std::string_view name, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  out.key(name).begin_object();
  for (const auto& [key, value] : values) out.field(key, value);
  out.end_object();
}

void check_value_property(ObjectReader& reader, std::string_view aggregation, const std::string& path) {
  if (aggregation == "COUNT") {
    if (!path.empty()) reader.refuse("value_property", "is not for COUNT");
  } else if (path.empty()) {
    reader.refuse("value_property", "is required, but for COUNT");
  } else if (!is_path(path)) {
    reader.refuse("value_property", path_rule);
  }
}

void check_group_by(ObjectReader& reader, const std::map<std::string, std::string>& group_by,
                    const std::string& value_property) {
  for (const auto& [key, path] : group_by) {
    const std::string pointer = pointer_to(reader.at("group_by"), key);
    if (!is_group_key(key)) reader.check().refuse(pointer, "its name must be letters, digits and _, no digit first");
    if (!is_path(path)) reader.check().refuse(pointer, path_rule);
    if (path == value_property) reader.check().refuse(pointer, "must differ from value_property");
  }
}

}  // namespace

HereNames read_here_block(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"feature_id", "name", "category", "value_driver"});
  HereNames names;
  names.feature_id = reader.text("feature_id", Need::optional);
  names.name = reader.text("name", Need::optional);
  names.category = reader.text("category", Need::optional);
  names.value_driver = reader.text("value_driver", Need::optional);
  return names;
}

void write_here_block(JsonWriter& out, const HereNames& names) {
  out.key("here").begin_object();
  text_field(out, "feature_id", names.feature_id);
  text_field(out, "name", names.name);
  text_field(out, "category", names.category);
  text_field(out, "value_driver", names.value_driver);
  out.end_object();
}

BillingRule read_billing_block(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"free_per_month", "block_size", "hourly"});
  const auto number = [&](std::string_view name) {
    const Decimal read = reader.decimal(name, Need::optional).value_or(Decimal{});
    if (read.is_negative()) reader.refuse(name, "must not be negative");
    return read;
  };
  BillingRule rule;
  rule.free_per_month = number("free_per_month");
  rule.block_size = number("block_size");
  rule.hourly = reader.boolean("hourly").value_or(true);
  return rule;
}

void write_billing_block(JsonWriter& out, const BillingRule& rule) {
  out.key("billing").begin_object();
  out.field("free_per_month", rule.free_per_month.to_text()).field("block_size", rule.block_size.to_text());
  out.field("hourly", rule.hourly).end_object();
}

std::string read_openmeter_block(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(
      check, value, pointer,
      {"slug", "event_type", "aggregation", "value_property", "group_by", "description", "metadata", "event_from"});
  const std::string slug = reader.text("slug", Need::required);
  const std::string event_type = reader.text("event_type", Need::required);
  const std::string aggregation = reader.text("aggregation", Need::required);
  const std::string value_property = reader.text("value_property", Need::optional, 1024);
  const auto group_by = read_text_map(reader, "group_by");
  const std::string description = reader.text("description", Need::optional, 1024);
  const auto metadata = read_text_map(reader, "metadata");
  const std::string event_from = reader.text("event_from", Need::optional);
  if (!is_slug(slug)) reader.refuse("slug", "must be 1 to 64 of a-z 0-9, with single _ inside");
  if (std::ranges::find(aggregations, aggregation) == aggregations.end()) {
    reader.refuse("aggregation", "must be one of SUM, COUNT, AVG, MIN, MAX, UNIQUE_COUNT, LATEST");
  }
  check_value_property(reader, aggregation, value_property);
  check_group_by(reader, group_by, value_property);
  if (!event_from.empty() && !parse_instant(event_from)) reader.refuse("event_from", "must be an RFC 3339 time");

  std::string text;
  JsonWriter out(text);
  out.begin_object().field("slug", slug).field("event_type", event_type).field("aggregation", aggregation);
  text_field(out, "value_property", value_property);
  write_text_map(out, "group_by", group_by);
  text_field(out, "description", description);
  write_text_map(out, "metadata", metadata);
  text_field(out, "event_from", event_from);
  out.end_object();
  return text;
}

std::string block_text(std::string_view block_json, std::string_view member) {
  if (block_json.empty()) return {};
  const auto block = parse_json(block_json);
  if (!block) return {};
  const JsonValue* value = block->find(member);
  return value == nullptr ? std::string{} : value->text;
}

void text_field(JsonWriter& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.field(name, value);
}

void texts_field(JsonWriter& out, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out.key(name).begin_array();
  for (const std::string& value : values) out.string(value);
  out.end_array();
}

}  // namespace meterport::catalog
