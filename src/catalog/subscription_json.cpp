#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "catalog/objects.h"

namespace meterport::catalog {
namespace {

constexpr std::array<std::string_view, 6> statuses = {"draft",     "pending-activation", "active",
                                                      "suspended", "terminated",         "closed"};
constexpr std::array<std::string_view, 3> line_types = {"usage", "one-time", "recurring"};

template <std::size_t N>
std::string read_word(ObjectReader& reader, std::string_view name, const std::array<std::string_view, N>& words,
                      std::string_view otherwise) {
  std::string value = reader.text(name, Need::optional);
  if (value.empty()) return std::string(otherwise);
  if (std::ranges::find(words, std::string_view(value)) == words.end()) {
    reader.refuse(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
  }
  return value;
}

/// `{start?, end?}`, both inclusive; written only when it says something.
void copy_term(ObjectReader& reader, JsonWriter& out) {
  const JsonValue* value = reader.object("term");
  if (value == nullptr) return;
  ObjectReader term(reader.check(), *value, reader.at("term"), {"start", "end"});
  const auto start = term.day("start", Need::optional);
  const auto end = term.day("end", Need::optional);
  if (start && end && *end < *start) term.refuse("end", "must not be before start");
  if (!start && !end) return;
  out.key("term").begin_object();
  if (start) out.field("start", format_day(*start));
  if (end) out.field("end", format_day(*end));
  out.end_object();
}

/// Members by name, so that two ways to write the same come out equal; numbers as they were written.
void copy_fields(ObjectReader& reader, JsonWriter& out) {
  const JsonValue* value = reader.object("fields");
  if (value == nullptr || value->members.empty()) return;
  std::vector<const JsonMember*> members;
  for (const JsonMember& member : value->members) {
    const bool is_number = member.value.type == JsonValue::Type::number;
    if (!is_number && member.value.type != JsonValue::Type::string) {
      reader.check().refuse(pointer_to(reader.at("fields"), member.name), "must be a text or a number");
    }
    members.push_back(&member);
  }
  std::ranges::sort(members, {}, [](const JsonMember* m) -> const std::string& { return m->name; });
  out.key("fields").begin_object();
  for (const JsonMember* member : members) {
    out.key(member->name);
    append_json(out, member->value);
  }
  out.end_object();
}

Subscription::Line read_line(FormCheck& check, const JsonValue& value, const std::string& pointer, JsonWriter& out) {
  ObjectReader reader(check, value, pointer,
                      {"number", "id", "item", "type", "status", "term", "fields", "org", "meter"});
  Subscription::Line line;
  const auto number = reader.integer("number", 1, std::numeric_limits<std::int32_t>::max());
  if (!number) reader.refuse("number", "is required");
  line.number = number.value_or(0);
  line.id = reader.id("id", Need::optional);
  line.org = reader.id("org", Need::optional);
  line.meter = reader.id("meter", Need::optional);
  out.begin_object().field("number", line.number);
  text_field(out, "id", line.id);
  text_field(out, "item", reader.text("item", Need::optional));
  const std::string type = read_word(reader, "type", line_types, "usage");
  if (type != "usage") out.field("type", type);
  text_field(out, "status", read_word(reader, "status", statuses, ""));
  copy_term(reader, out);
  copy_fields(reader, out);
  text_field(out, "org", line.org);
  text_field(out, "meter", line.meter);
  out.end_object();
  if (type == "usage" && line.meter.empty()) reader.refuse("meter", "is required for a line of type usage");
  return line;
}

void copy_lines(ObjectReader& reader, JsonWriter& out, Subscription& subscription) {
  const auto& items = reader.items("lines", Need::optional);
  if (items.empty()) return;
  out.key("lines").begin_array();
  for (const JsonValue& item : items) {
    const std::string pointer = pointer_to(reader.at("lines"), subscription.lines.size());
    const Subscription::Line line = read_line(reader.check(), item, pointer, out);
    if (std::ranges::find(subscription.lines, line.number, &Subscription::Line::number) != subscription.lines.end()) {
      reader.check().refuse(pointer_to(pointer, "number"), "stands twice in this subscription");
    }
    subscription.lines.push_back(line);
  }
  out.end_array();
}

/// "ed25519:" and 32 bytes as base64url without padding.
bool is_signing_key(std::string_view key) {
  constexpr std::string_view prefix = "ed25519:";
  if (!key.starts_with(prefix)) return false;
  key.remove_prefix(prefix.size());
  return key.size() == 43 && std::ranges::all_of(key, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

}  // namespace

Subscription read_subscription(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer,
                      {"id", "name", "org", "customer", "charge_number", "term", "status", "fields", "lines"});
  Subscription subscription;
  subscription.id = reader.id("id", Need::required);
  subscription.org = reader.id("org", Need::required);
  JsonWriter out(subscription.json);
  out.begin_object().field("id", subscription.id).field("name", reader.text("name", Need::required));
  out.field("org", subscription.org);
  text_field(out, "customer", reader.text("customer", Need::optional));
  text_field(out, "charge_number", reader.text("charge_number", Need::optional));
  copy_term(reader, out);
  const std::string status = read_word(reader, "status", statuses, "active");
  if (status != "active") out.field("status", status);
  copy_fields(reader, out);
  copy_lines(reader, out, subscription);
  out.end_object();
  return subscription;
}

Region read_region(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"name", "url", "key"});
  Region region;
  region.name = reader.id("name", Need::required);
  const std::string url = reader.text("url", Need::optional, 1024);
  const std::string key = reader.text("key", Need::optional);
  if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
    reader.refuse("url", "must begin with https:// or http://");
  }
  if (!key.empty() && !is_signing_key(key)) reader.refuse("key", "must be ed25519: and 43 characters of base64url");
  JsonWriter out(region.json);
  out.begin_object().field("name", region.name);
  text_field(out, "url", url);
  text_field(out, "key", key);
  out.end_object();
  return region;
}

}  // namespace meterport::catalog
