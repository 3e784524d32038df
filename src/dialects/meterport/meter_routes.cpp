// /v1/meters. A meter's id is unique inside a tenant only, so ?org= says which one is meant where a caller can see two.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "dialects/meterport/catalog_edit.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/listing.h"

namespace meterport::api {
namespace {

using catalog::JsonValue;

constexpr std::string_view array = "meters";

/// Everyone's, those of orgs the caller may know, and those that one of his orgs can use.
bool may_see(const catalog::Snapshot& catalogue, const Principal& principal, const Meter& meter) {
  if (meter.org.empty() || catalogue.may_know(principal, meter.org)) return true;
  return std::ranges::any_of(principal.grants, [&](const Grant& grant) {
    return grant.role != Role::operator_ && catalogue.covers(meter.org, grant.org);
  });
}

bool is_hidden(const catalog::Snapshot& catalogue, const Principal& principal, std::string_view rate_org) {
  return !rate_org.empty() && !catalogue.may_know(principal, rate_org);
}

/// Rates of orgs that are not the caller's to know are left out.
std::string shown_json(const catalog::Snapshot& catalogue, const Principal& principal, const Meter& meter) {
  Meter shown = meter;
  std::erase_if(shown.rates, [&](const Rate& rate) { return is_hidden(catalogue, principal, rate.org); });
  return catalog::meter_to_json(shown);
}

Result<const Meter*> find_meter(const catalog::Snapshot& catalogue, const Call& call) {
  const std::string& id = call.path_value("id");
  const std::string org = call.query("org");
  std::vector<const Meter*> found;
  if (!org.empty()) {
    const Meter* meter = catalogue.may_know(call.principal, org) ? catalogue.meter(org, id) : nullptr;
    if (meter != nullptr) return meter;
  } else {
    for (const Meter* meter : catalogue.meters()) {
      if (meter->id == id && may_see(catalogue, call.principal, *meter)) found.push_back(meter);
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return fail(ErrorKind::not_found, "there is no such meter");
  std::vector<std::string_view> owners;
  for (const Meter* meter : found) owners.push_back(meter->org);
  return fail(ErrorKind::invalid,
              fmt::format("org: several meters have this id, owned by {}: say which org's", fmt::join(owners, ", ")),
              {}, "org");
}

http::Response meter_response(Context& context, const Call& call, int status, const Meter& changed) {
  const auto now = context.services.catalog.current();
  const auto meters = now->meters();
  const auto it = std::ranges::find_if(
      meters, [&](const Meter* meter) { return meter->id == changed.id && meter->org == changed.org; });
  return http::Response::json(status, shown_json(*now, call.principal, it == meters.end() ? changed : **it));
}

/// A new `name` holds from today on; the ones before stay for the days before.
void put_name(JsonValue& meter, const Meter& old, JsonValue name, Day today) {
  if (name.text == old.name_on(today)) return;
  const std::string day = format_day(today);
  auto& entries = std::ranges::find(meter.members, "names", &catalog::JsonMember::name)->value.items;
  std::erase_if(entries, [&](const JsonValue& entry) {
    const JsonValue* from = entry.find("valid_from");
    return from != nullptr && from->text == day;
  });
  JsonValue entry;
  entry.type = JsonValue::Type::object;
  set_member(entry, "valid_from", text_value(day));
  set_member(entry, "name", std::move(name));
  entries.push_back(std::move(entry));
}

/// The caller replaces the rates he can see; the others stay.
void keep_hidden_rates(JsonValue& meter, const JsonValue& old, const catalog::Snapshot& catalogue,
                       const Principal& principal) {
  const JsonValue* before = old.find("rates");
  const auto given = std::ranges::find(meter.members, "rates", &catalog::JsonMember::name);
  if (before == nullptr || given == meter.members.end() || !given->value.is_array()) return;
  for (const JsonValue& rate : before->items) {
    const JsonValue* org = rate.find("org");
    if (org != nullptr && is_hidden(catalogue, principal, org->text)) given->value.items.push_back(rate);
  }
}

Result<JsonValue> patched(const Meter& meter, JsonValue patch, const catalog::Snapshot& catalogue,
                          const Principal& principal, Day today) {
  const auto old = catalog::parse_json(catalog::meter_to_json(meter));
  if (!old) return fail(old);
  JsonValue name;
  const bool has_name = take_member(patch, "name", name);
  if (has_name && (name.type != JsonValue::Type::string || member_of(patch, "names") != nullptr)) {
    return fail(ErrorKind::invalid, "/name: must be a text, and can't be given together with names", {}, "/name");
  }
  JsonValue changed = *old;
  merge_patch(changed, patch);
  if (has_name) put_name(changed, meter, std::move(name), today);
  const catalog::JsonMember* rates = member_of(patch, "rates");
  if (rates != nullptr && rates->value.type == JsonValue::Type::null) {
    JsonValue none;
    none.type = JsonValue::Type::array;
    set_member(changed, "rates", std::move(none));
  }
  if (rates != nullptr) keep_hidden_rates(changed, *old, catalogue, principal);
  return changed;
}

}  // namespace

Answer list_meters(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, catalogue_page_size);
  if (!page_size) return fail(page_size);
  const auto catalogue = context.services.catalog.current();
  const std::string after = call.query("page_token"), org = call.query("org");
  if (auto known = check_org_filter(*catalogue, call.principal, org); !known) return fail(std::move(known));
  Page page(array, *page_size);
  for (const Meter* meter : catalogue->meters()) {
    if (!is_after(after, meter->id, meter->org) || !may_see(*catalogue, call.principal, *meter)) continue;
    if (!org.empty() && catalogue->meter(org, meter->id) != meter) continue;
    if (!page.has_room()) break;
    page.add(shown_json(*catalogue, call.principal, *meter), owned_token(meter->id, meter->org));
  }
  return page.response();
}

Answer get_meter(Context& context, const Call& call) {
  const auto catalogue = context.services.catalog.current();
  const auto meter = find_meter(*catalogue, call);
  if (!meter) return fail(meter);
  return http::Response::json(200, shown_json(*catalogue, call.principal, **meter));
}

Answer post_meter(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  const auto file = parse_one(array, *body);
  if (!file) return fail(file);
  const std::lock_guard lock(context.catalogue_edits);
  const Meter& fresh = file->meters.front();
  const auto catalogue = context.services.catalog.current();
  for (const Meter* meter : catalogue->meters()) {
    if (meter->id == fresh.id && meter->org == fresh.org && may_see(*catalogue, call.principal, *meter)) {
      return fail(ErrorKind::conflict, fmt::format("/id: \"{}\" is taken", fresh.id), {}, "/id");
    }
  }
  if (auto summary = apply_one(context, call.principal, array, *file); !summary) return fail(std::move(summary));
  auto response = meter_response(context, call, 201, fresh);
  response.with_header("Location", "/v1/meters/" + fresh.id + (fresh.org.empty() ? "" : "?org=" + fresh.org));
  return response;
}

Answer patch_meter(Context& context, const Call& call) {
  const auto patch = parse_object(call.request);
  if (!patch) return fail(patch);
  const std::lock_guard lock(context.catalogue_edits);
  const auto catalogue = context.services.catalog.current();
  const auto meter = find_meter(*catalogue, call);
  if (!meter) return fail(meter);
  if (auto status = check_same_id(*patch, (*meter)->id); !status) return fail(std::move(status));
  if (auto status = check_same_owner(*patch, (*meter)->org, "meter"); !status) return fail(std::move(status));
  const auto changed = patched(**meter, *patch, *catalogue, call.principal, day_of(context.services.clock.now()));
  if (!changed) return fail(changed);
  const auto file = parse_one(array, *changed);
  if (!file) return fail(file);
  if (auto summary = apply_one(context, call.principal, array, *file); !summary) return fail(std::move(summary));
  return meter_response(context, call, 200, file->meters.front());
}

}  // namespace meterport::api
