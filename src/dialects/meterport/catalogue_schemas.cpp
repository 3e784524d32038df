// Schemas of the catalogue file's objects (crosswalk 2.2).
#include <algorithm>

#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

constexpr std::string_view json = "application/json";

constexpr Schema table[] = {
    {"Org", json, R"({
      "type":"object","required":["kind","name"],"additionalProperties":false,
      "description":"Members at their default are left out of answers.",
      "properties":{
        "id":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$","description":"left out: made"},
        "kind":{"type":"string","enum":["production","additional-production","sandbox","sub-org"]},
        "name":{"type":"string","minLength":1,"maxLength":255},"parent":{"type":"string"},
        "region":{"type":"string"},"time_zone":{"type":"string","default":"UTC"},
        "billing_anchor_day":{"type":"integer","minimum":1,"maximum":31,"default":1},
        "environment":{"type":"string","enum":["Sandbox","Development","QA","Production"]},
        "ids":{"type":"object","additionalProperties":false,"properties":{"informatica":{"type":"string"},
          "netsuite_account":{"type":"string"},"here_realm":{"type":"string"}}},
        "aliases":{"type":"array","items":{"type":"string"}},
        "usage_fields":{"type":"array","items":{"type":"string"}},
        "date_format":{"type":"string"},
        "status":{"type":"string","enum":["active","disabled","deleted"],"default":"active"},
        "history":{"type":"array","items":{"type":"object","required":["valid_from"],"additionalProperties":false,
          "properties":{"valid_from":{"type":"string","format":"date"},"name":{"type":"string"},
            "parent":{"type":"string"},"status":{"type":"string"},"billing_anchor_day":{"type":"integer"}}}}}})"},
    {"OrgPatch", "application/json,application/merge-patch+json", R"({
      "type":"object",
      "description":"Members of Org to change (RFC 7396). name, parent, status and billing_anchor_day change from today on: they become an entry of history."})"},
    {"OrgList", json, R"({
      "type":"object","required":["orgs","next_page_token"],
      "properties":{"orgs":{"type":"array","items":{"$ref":"#/components/schemas/Org"}},
        "next_page_token":{"type":"string"}}})"},
    {"Meter", json, R"({
      "type":"object","required":["id"],"additionalProperties":false,
      "properties":{
        "id":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$"},
        "name":{"type":"string","description":"short for one undated entry of names; not in answers"},
        "names":{"type":"array","items":{"type":"object","required":["name"],"additionalProperties":false,
          "properties":{"valid_from":{"type":"string","format":"date"},"name":{"type":"string"}}}},
        "unit":{"type":"string","default":"1"},"scalar":{"type":"string"},
        "divisor":{"type":["string","number"],"description":"units in one scalar"},
        "category":{"type":"string"},
        "rates":{"type":"array","items":{"type":"object","required":["ipu_per_unit"],"additionalProperties":false,
          "properties":{"valid_from":{"type":"string","format":"date"},"org":{"type":"string"},
            "tier_from":{"type":["string","number"]},"ipu_per_unit":{"type":["string","number"]}}}},
        "here":{"type":"object"},"billing":{"type":"object"},"openmeter":{"type":"object"},
        "org":{"type":"string","description":"owner; left out: everyone's"},
        "aliases":{"type":"array","items":{"type":"string"}}}})"},
    {"MeterPatch", "application/json,application/merge-patch+json", R"({
      "type":"object",
      "description":"Members of Meter to change (RFC 7396). name becomes an entry of names from today on; names and rates, where given, replace."})"},
    {"MeterList", json, R"({
      "type":"object","required":["meters","next_page_token"],
      "properties":{"meters":{"type":"array","items":{"$ref":"#/components/schemas/Meter"}},
        "next_page_token":{"type":"string"}}})"},
    {"Subscription", json, R"({
      "type":"object","required":["id","name","org"],"additionalProperties":false,
      "description":"Members at their default are left out of answers.",
      "properties":{
        "id":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$","description":"unique in its owner account"},
        "name":{"type":"string","minLength":1,"maxLength":255},
        "org":{"type":"string","description":"the owner account"},
        "customer":{"type":"string"},"charge_number":{"type":"string"},
        "term":{"$ref":"#/components/schemas/Term"},
        "status":{"$ref":"#/components/schemas/SubscriptionStatus"},
        "fields":{"$ref":"#/components/schemas/CustomFields"},
        "lines":{"type":"array","items":{"type":"object","required":["number"],"additionalProperties":false,
          "properties":{
            "number":{"type":"integer","minimum":1,"maximum":2147483647},
            "id":{"type":"string","description":"unique in the owner account"},"item":{"type":"string"},
            "type":{"type":"string","enum":["usage","one-time","recurring"],"default":"usage"},
            "status":{"$ref":"#/components/schemas/SubscriptionStatus"},
            "term":{"$ref":"#/components/schemas/Term"},
            "fields":{"$ref":"#/components/schemas/CustomFields"},
            "org":{"type":"string","description":"whose usage it is: the owner or an org under it; left out: the owner"},
            "meter":{"type":"string","description":"what its usage counts; required for type usage"}}}}}})"},
    {"SubscriptionStatus", json, R"({
      "type":"string","enum":["draft","pending-activation","active","suspended","terminated","closed"],
      "description":"Only active and suspended lines take usage. Left out: active; of a line: the subscription's."})"},
    {"Term", json, R"({
      "type":"object","additionalProperties":false,
      "description":"UTC days, both inclusive; one left out leaves that end open. Of a line, left out: the subscription's.",
      "properties":{"start":{"type":"string","format":"date"},"end":{"type":"string","format":"date"}}})"},
    {"CustomFields", json, R"({
      "type":"object","additionalProperties":{"type":["string","number"]},
      "description":"What subscriptions and lines can be looked up by, compared as text."})"},
    {"SubscriptionPatch", "application/json,application/merge-patch+json", R"({
      "type":"object",
      "description":"Members of Subscription to change (RFC 7396); lines, where given, replace all lines."})"},
    {"SubscriptionList", json, R"({
      "type":"object","required":["subscriptions","next_page_token"],
      "properties":{"subscriptions":{"type":"array","items":{"$ref":"#/components/schemas/Subscription"}},
        "next_page_token":{"type":"string"}}})"},
    {"Catalogue", json, R"({
      "type":"object","additionalProperties":false,
      "properties":{
        "$schema":{"type":"string"},
        "regions":{"type":"array","items":{"type":"object"}},
        "orgs":{"type":"array","items":{"$ref":"#/components/schemas/Org"}},
        "meters":{"type":"array","items":{"$ref":"#/components/schemas/Meter"}},
        "subscriptions":{"type":"array","items":{"$ref":"#/components/schemas/Subscription"}},
        "users":{"type":"array","items":{"type":"object"},"description":"for admins; with password_hash"}}})"},
    {"CatalogueCounts", json, R"({
      "type":"object","required":["position","orgs","meters","subscriptions","regions","users","notices"],
      "description":"objects made or changed; with dry_run: objects checked",
      "properties":{"position":{"type":"integer"},"orgs":{"type":"integer"},"meters":{"type":"integer"},
        "subscriptions":{"type":"integer"},"regions":{"type":"integer"},"users":{"type":"integer"},
        "notices":{"type":"array","items":{"type":"string"}}}})"},
};

}  // namespace

std::span<const Schema> catalogue_schemas() {
  return table;
}

const Schema* find_schema(std::string_view name) {
  for (const auto schemas : {usage_schemas(), export_schemas(), delivery_schemas(), catalogue_schemas(),
                             identity_schemas(), region_schemas()}) {
    const auto it = std::ranges::find(schemas, name, &Schema::name);
    if (it != schemas.end()) return &*it;
  }
  return nullptr;
}

}  // namespace meterport::api
