#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "model/date_format.h"

namespace meterport::catalog {
namespace {

constexpr std::string_view kinds = "production, additional-production, sandbox, sub-org";
constexpr std::string_view statuses = "active, disabled, deleted";

struct IdRule {
  std::string_view characters_besides_alnum;
  std::size_t min, max;
  std::string_view words;
};
// crosswalk 2.2: the vendor's org ids, NetSuite accounts, HERE realms.
constexpr IdRule informatica_rule = {"._-", 1, 64, safe_id_rule};
constexpr IdRule netsuite_rule = {"_-", 1, 64, "1 to 64 of A-Z 0-9 _ (lower case and - are taken as the same)"};
constexpr IdRule here_rule = {"-_", 5, 30, "5 to 30 of A-Z a-z 0-9 - _"};

bool fits(const IdRule& rule, std::string_view id) {
  if (id.size() < rule.min || id.size() > rule.max) return false;
  return std::ranges::all_of(id, [&](char c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alnum || rule.characters_besides_alnum.find(c) != std::string_view::npos;
  });
}

std::string wire_id(ObjectReader& ids, std::string_view name, const IdRule& rule) {
  std::string value = ids.text(name, Need::optional);
  if (!value.empty() && !fits(rule, value)) ids.refuse(name, fmt::format("must be {}", rule.words));
  return value;
}

void read_ids(ObjectReader& reader, Org& org) {
  const JsonValue* value = reader.object("ids");
  if (value == nullptr) return;
  ObjectReader ids(reader.check(), *value, reader.at("ids"), {"informatica", "netsuite_account", "here_realm"});
  org.informatica_id = wire_id(ids, "informatica", informatica_rule);
  org.netsuite_account = wire_id(ids, "netsuite_account", netsuite_rule);
  org.here_realm = wire_id(ids, "here_realm", here_rule);
}

std::optional<std::string> optional_text(ObjectReader& reader, std::string_view name) {
  if (!reader.has(name)) return std::nullopt;
  return reader.text(name, Need::optional);
}

std::optional<int> read_anchor_day(ObjectReader& reader) {
  const auto number = reader.integer("billing_anchor_day", 1, 31);
  return number ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
}

OrgChange read_change(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"valid_from", "name", "parent", "status", "billing_anchor_day"});
  OrgChange change;
  change.valid_from = reader.day("valid_from", Need::required).value_or(Day{});
  change.name = optional_text(reader, "name");
  if (reader.has("parent")) change.parent = reader.id("parent", Need::optional);
  change.status = reader.word("status", Need::optional, &parse_org_status, statuses);
  change.billing_anchor_day = read_anchor_day(reader);
  if (!change.name && !change.parent && !change.status && !change.billing_anchor_day) {
    check.refuse(pointer, "changes nothing: give name, parent, status or billing_anchor_day");
  }
  return change;
}

void read_history(ObjectReader& reader, Org& org) {
  std::size_t index = 0;
  for (const JsonValue& item : reader.items("history", Need::optional)) {
    const std::string pointer = pointer_to(reader.at("history"), index++);
    OrgChange change = read_change(reader.check(), item, pointer);
    if (std::ranges::find(org.history, change.valid_from, &OrgChange::valid_from) != org.history.end()) {
      reader.check().refuse(pointer_to(pointer, "valid_from"), "stands twice in this history");
    }
    org.history.push_back(std::move(change));
  }
  std::ranges::sort(org.history, {}, &OrgChange::valid_from);
}

std::string read_environment(ObjectReader& reader, OrgKind kind) {
  std::string value = reader.text("environment", Need::optional);
  if (value.empty()) return std::string(default_environment(kind));
  if (value != "Sandbox" && value != "Development" && value != "QA" && value != "Production") {
    reader.refuse("environment", "must be one of Sandbox, Development, QA, Production");
  }
  return value;
}

std::string read_time_zone(ObjectReader& reader) {
  std::string value = reader.text("time_zone", Need::optional);
  if (value.empty()) return "UTC";
  if (!reader.check().is_replay && !is_time_zone(value)) {
    reader.refuse("time_zone", "must be an IANA time zone name, such as Europe/Budapest");
  }
  return value;
}

void write_history(JsonWriter& out, const Org& org) {
  if (org.history.empty()) return;
  out.key("history").begin_array();
  for (const OrgChange& change : org.history) {
    out.begin_object().field("valid_from", format_day(change.valid_from));
    if (change.name) out.field("name", *change.name);
    if (change.parent) out.field("parent", *change.parent);
    if (change.status) out.field("status", to_string(*change.status));
    if (change.billing_anchor_day) out.field("billing_anchor_day", *change.billing_anchor_day);
    out.end_object();
  }
  out.end_array();
}

void write_ids(JsonWriter& out, const Org& org) {
  if (org.informatica_id.empty() && org.netsuite_account.empty() && org.here_realm.empty()) return;
  out.key("ids").begin_object();
  text_field(out, "informatica", org.informatica_id);
  text_field(out, "netsuite_account", org.netsuite_account);
  text_field(out, "here_realm", org.here_realm);
  out.end_object();
}

}  // namespace

std::string_view default_environment(OrgKind kind) {
  return kind == OrgKind::sandbox ? "Sandbox" : "Production";
}

const std::vector<std::string>& default_usage_fields() {
  static const std::vector<std::string> fields = {"custrecord_usage_source", "custrecord_usage_unit"};
  return fields;
}

Org read_org(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer,
                      {"id", "kind", "name", "parent", "region", "time_zone", "billing_anchor_day", "environment",
                       "ids", "aliases", "usage_fields", "date_format", "status", "history"});
  Org org;
  org.id = reader.id("id", Need::optional);
  org.kind = reader.word("kind", Need::required, &parse_org_kind, kinds).value_or(OrgKind::production);
  org.name = reader.text("name", Need::required);
  org.parent = reader.id("parent", Need::optional);
  org.region = reader.id("region", Need::optional);
  org.time_zone = read_time_zone(reader);
  org.billing_anchor_day = read_anchor_day(reader).value_or(1);
  org.environment = read_environment(reader, org.kind);
  read_ids(reader, org);
  org.aliases = reader.texts("aliases", alias_characters_max);
  org.usage_fields = reader.texts("usage_fields");
  if (org.usage_fields.empty()) org.usage_fields = default_usage_fields();
  const std::string date_format = reader.text("date_format", Need::optional);
  if (!date_format.empty()) org.date_format = date_format;
  if (!is_date_format(org.date_format)) reader.refuse("date_format", date_format_rule);
  org.status = reader.word("status", Need::optional, &parse_org_status, statuses).value_or(OrgStatus::active);
  read_history(reader, org);
  return org;
}

std::string org_to_json(const Org& org) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  text_field(out, "id", org.id);
  out.field("kind", to_string(org.kind)).field("name", org.name);
  text_field(out, "parent", org.parent);
  text_field(out, "region", org.region);
  if (org.time_zone != "UTC") text_field(out, "time_zone", org.time_zone);
  if (org.billing_anchor_day != 1) out.field("billing_anchor_day", org.billing_anchor_day);
  if (org.environment != default_environment(org.kind)) text_field(out, "environment", org.environment);
  write_ids(out, org);
  texts_field(out, "aliases", org.aliases);
  if (org.usage_fields != default_usage_fields()) texts_field(out, "usage_fields", org.usage_fields);
  if (org.date_format != "M/D/YYYY") text_field(out, "date_format", org.date_format);
  if (org.status != OrgStatus::active) out.field("status", to_string(org.status));
  write_history(out, org);
  out.end_object();
  return text;
}

}  // namespace meterport::catalog
