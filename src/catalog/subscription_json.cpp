#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "catalog/catalog.h"
#include "catalog/objects.h"

namespace meterport::catalog {
namespace {

constexpr std::string_view statuses = "draft, pending-activation, active, suspended, terminated, closed";
constexpr std::string_view line_types = "usage, one-time, recurring";

std::optional<SubscriptionStatus> read_status(ObjectReader& reader) {
  return reader.word("status", Need::optional, &parse_subscription_status, statuses);
}

/// One that says nothing is none.
std::optional<Term> read_term(ObjectReader& reader) {
  const JsonValue* value = reader.object("term");
  if (value == nullptr) return std::nullopt;
  ObjectReader members(reader.check(), *value, reader.at("term"), {"start", "end"});
  const Term term{members.day("start", Need::optional), members.day("end", Need::optional)};
  if (term.start && term.end && *term.end < *term.start) members.refuse("end", "must not be before start");
  return term.start || term.end ? std::optional(term) : std::nullopt;
}

/// By name, so that two ways to write the same come out equal.
std::vector<CustomField> read_fields(ObjectReader& reader) {
  std::vector<CustomField> fields;
  const JsonValue* value = reader.object("fields");
  if (value == nullptr) return fields;
  for (const JsonMember& member : value->members) {
    const bool is_number = member.value.type == JsonValue::Type::number;
    if (!is_number && member.value.type != JsonValue::Type::string) {
      reader.check().refuse(pointer_to(reader.at("fields"), member.name), "must be a text or a number");
    }
    fields.push_back({member.name, member.value.text, is_number});
  }
  std::ranges::sort(fields, {}, &CustomField::name);
  return fields;
}

SubscriptionLine read_line(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer,
                      {"number", "id", "item", "type", "status", "term", "fields", "org", "meter"});
  SubscriptionLine line;
  const auto number = reader.integer("number", 1, std::numeric_limits<std::int32_t>::max());
  if (!number) reader.refuse("number", "is required");
  line.number = number.value_or(0);
  line.id = reader.id("id", Need::optional);
  line.item = reader.text("item", Need::optional);
  line.type = reader.word("type", Need::optional, &parse_line_type, line_types).value_or(LineType::usage);
  line.status = read_status(reader);
  line.term = read_term(reader);
  line.fields = read_fields(reader);
  line.org = reader.id("org", Need::optional);
  line.meter = reader.id("meter", Need::optional);
  if (line.type == LineType::usage && line.meter.empty()) {
    reader.refuse("meter", "is required for a line of type usage");
  }
  return line;
}

void read_lines(ObjectReader& reader, Subscription& subscription) {
  for (const JsonValue& item : reader.items("lines", Need::optional)) {
    const std::string pointer = pointer_to(reader.at("lines"), subscription.lines.size());
    SubscriptionLine line = read_line(reader.check(), item, pointer);
    if (subscription.line(line.number) != nullptr) {
      reader.check().refuse(pointer_to(pointer, "number"), "stands twice in this subscription");
    }
    subscription.lines.push_back(std::move(line));
  }
}

void write_term(JsonWriter& out, const Term& term) {
  if (!term.start && !term.end) return;
  out.key("term").begin_object();
  if (term.start) out.field("start", format_day(*term.start));
  if (term.end) out.field("end", format_day(*term.end));
  out.end_object();
}

void write_fields(JsonWriter& out, const std::vector<CustomField>& fields) {
  if (fields.empty()) return;
  out.key("fields").begin_object();
  for (const CustomField& field : fields) {
    out.key(field.name);
    if (field.is_number) {
      out.raw(field.value);
    } else {
      out.string(field.value);
    }
  }
  out.end_object();
}

void write_line(JsonWriter& out, const SubscriptionLine& line) {
  out.begin_object().field("number", line.number);
  text_field(out, "id", line.id);
  text_field(out, "item", line.item);
  if (line.type != LineType::usage) out.field("type", to_string(line.type));
  if (line.status) out.field("status", to_string(*line.status));
  if (line.term) write_term(out, *line.term);
  write_fields(out, line.fields);
  text_field(out, "org", line.org);
  text_field(out, "meter", line.meter);
  out.end_object();
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
  subscription.name = reader.text("name", Need::required);
  subscription.org = reader.id("org", Need::required);
  subscription.customer = reader.text("customer", Need::optional);
  subscription.charge_number = reader.text("charge_number", Need::optional);
  subscription.term = read_term(reader).value_or(Term{});
  subscription.status = read_status(reader).value_or(SubscriptionStatus::active);
  subscription.fields = read_fields(reader);
  read_lines(reader, subscription);
  return subscription;
}

std::string subscription_to_json(const Subscription& subscription) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("id", subscription.id).field("name", subscription.name).field("org", subscription.org);
  text_field(out, "customer", subscription.customer);
  text_field(out, "charge_number", subscription.charge_number);
  write_term(out, subscription.term);
  if (subscription.status != SubscriptionStatus::active) out.field("status", to_string(subscription.status));
  write_fields(out, subscription.fields);
  if (!subscription.lines.empty()) {
    out.key("lines").begin_array();
    for (const SubscriptionLine& line : subscription.lines) write_line(out, line);
    out.end_array();
  }
  out.end_object();
  return text;
}

RecordedRegion read_region(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"name", "url", "key"});
  RecordedRegion read;
  auto& [name, url, key] = read.region;
  name = reader.id("name", Need::required);
  url = reader.text("url", Need::optional, 1024);
  key = reader.text("key", Need::optional);
  if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
    reader.refuse("url", "must begin with https:// or http://");
  }
  if (!key.empty() && !is_signing_key(key)) reader.refuse("key", "must be ed25519: and 43 characters of base64url");
  JsonWriter out(read.json);
  out.begin_object().field("name", name);
  text_field(out, "url", url);
  text_field(out, "key", key);
  out.end_object();
  return read;
}

}  // namespace meterport::catalog
