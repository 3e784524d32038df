// /v1/orgs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dialects/meterport/catalog_edit.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/listing.h"

namespace meterport::api {
namespace {

using catalog::JsonValue;

constexpr std::string_view array = "orgs";
/// crosswalk 2.1 "versioned by date".
constexpr std::array<std::string_view, 4> versioned = {"name", "parent", "status", "billing_anchor_day"};

std::unexpected<Error> no_such_org() {
  return fail(ErrorKind::not_found, "there is no such organization");
}

/// Null: no such org, or not the caller's to know.
const Org* known_org(const catalog::Snapshot& catalogue, const Call& call) {
  const Org* org = catalogue.org(call.path_value("id"));
  return org != nullptr && catalogue.may_know(call.principal, org->id) ? org : nullptr;
}

std::string value_on(const Org& org, std::string_view member, Day day) {
  if (member == "name") return org.name_on(day);
  if (member == "parent") return org.parent_on(day);
  if (member == "status") return std::string(to_string(org.status_on(day)));
  return std::to_string(org.billing_anchor_on(day));
}

/// Where the history entry of a day stands in an org's tree; added if there is none.
std::size_t history_entry(JsonValue& org, const std::string& day) {
  if (member_of(org, "history") == nullptr) {
    JsonValue list;
    list.type = JsonValue::Type::array;
    set_member(org, "history", std::move(list));
  }
  auto& entries = std::ranges::find(org.members, "history", &catalog::JsonMember::name)->value.items;
  const auto it = std::ranges::find_if(entries, [&](const JsonValue& entry) {
    const JsonValue* from = entry.find("valid_from");
    return from != nullptr && from->text == day;
  });
  if (it != entries.end()) return static_cast<std::size_t>(it - entries.begin());
  JsonValue entry;
  entry.type = JsonValue::Type::object;
  set_member(entry, "valid_from", text_value(day));
  entries.push_back(std::move(entry));
  return entries.size() - 1;
}

struct Patched {
  JsonValue org;
  std::string entry_prefix;  ///< pointer of the history entry that holds the versioned members; empty: none
};

/// The org's tree with the patch in it: versioned members as a history entry from `today` on.
Result<Patched> patched(const Org& org, JsonValue patch, Day today) {
  auto tree = catalog::parse_json(catalog::org_to_json(org));
  if (!tree) return fail(std::move(tree));
  JsonValue entry;
  entry.type = JsonValue::Type::object;
  for (const std::string_view name : versioned) {
    JsonValue value;
    if (!take_member(patch, name, value)) continue;
    if (value.type == JsonValue::Type::null) {
      const std::string pointer = fmt::format("/{}", name);
      return fail(ErrorKind::invalid, pointer + ": can't be taken away, only changed", {}, pointer);
    }
    if (value.text != value_on(org, name, today)) set_member(entry, name, std::move(value));
  }
  Patched result{.org = std::move(*tree), .entry_prefix = {}};
  merge_patch(result.org, patch);
  const catalog::JsonMember* history = member_of(result.org, "history");
  const bool has_place = history == nullptr || history->value.is_array();  // else its own error comes first
  if (!entry.members.empty() && has_place) {
    const std::size_t index = history_entry(result.org, format_day(today));
    auto& entries = std::ranges::find(result.org.members, "history", &catalog::JsonMember::name)->value.items;
    merge_patch(entries[index], entry);
    result.entry_prefix = fmt::format("/history/{}", index);
  }
  return result;
}

http::Response org_response(Context& context, int status, std::string_view id) {
  const auto now = context.services.catalog.current();
  return http::Response::json(status, catalog::org_to_json(*now->org(id)));
}

}  // namespace

Answer list_orgs(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, catalogue_page_size);
  if (!page_size) return fail(page_size);
  const auto catalogue = context.services.catalog.current();
  const std::string after = call.query("page_token");
  Page page(array, *page_size);
  for (const Org* org : catalogue->orgs()) {
    if (org->id <= after || !catalogue->may_know(call.principal, org->id)) continue;
    if (!page.has_room()) break;
    page.add(catalog::org_to_json(*org), org->id);
  }
  return page.response();
}

Answer get_org(Context& context, const Call& call) {
  const auto catalogue = context.services.catalog.current();
  const Org* org = known_org(*catalogue, call);
  if (org == nullptr) return no_such_org();
  return http::Response::json(200, catalog::org_to_json(*org));
}

Answer post_org(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  const auto file = parse_one(array, *body);
  if (!file) return fail(file);
  const std::lock_guard lock(context.catalogue_edits);
  const std::string& id = file->orgs.front().id;
  if (context.services.catalog.current()->org(id) != nullptr) {
    return fail(ErrorKind::conflict, fmt::format("/id: \"{}\" is taken", id), {}, "/id");
  }
  const auto summary = apply_one(context, call.principal, array, *file);
  if (!summary) return fail(summary);
  auto response = org_response(context, 201, summary->org_ids.front());
  response.with_header("Location", "/v1/orgs/" + summary->org_ids.front());
  return response;
}

Answer patch_org(Context& context, const Call& call) {
  const auto patch = parse_object(call.request);
  if (!patch) return fail(patch);
  const std::lock_guard lock(context.catalogue_edits);
  const auto catalogue = context.services.catalog.current();
  const Org* org = known_org(*catalogue, call);
  if (org == nullptr) return no_such_org();
  if (auto status = check_same_id(*patch, org->id); !status) return fail(std::move(status));
  auto changed = patched(*org, *patch, day_of(context.services.clock.now()));
  if (!changed) return fail(std::move(changed));
  const auto told = [&](Error error) {
    // The caller wrote "/status", not the history entry that it became.
    return changed->entry_prefix.empty() ? error : relocated(std::move(error), changed->entry_prefix, "");
  };
  auto file = parse_one(array, changed->org);
  if (!file) return std::unexpected(told(std::move(file.error())));
  auto summary = apply_one(context, call.principal, array, *file);
  if (!summary) return std::unexpected(told(std::move(summary.error())));
  return org_response(context, 200, org->id);
}

}  // namespace meterport::api
