// Reads beside the metering: orgs and the activity log (informatica.md section 1, paths 13 and 14; section 10).
#include <algorithm>

#include "base/json_writer.h"
#include "dialects/informatica/context.h"

namespace meterport::informatica {

std::string parent_org_id(const catalog::Snapshot& catalogue, const Org& org, Day day) {
  const Org* parent = catalogue.org(org.parent_on(day));
  return parent == nullptr ? "0" : informatica_id_or_id(*parent);
}

namespace {

/// What the catalogue does not hold stands empty, in the JSON type of the vendor's object.
void append_empty(JsonWriter& json, std::initializer_list<const char*> names) {
  for (const char* name : names) json.field(name, "");
}

void append_sub_orgs(JsonWriter& json, const catalog::Snapshot& catalogue, const Principal& principal, const Org& org,
                     Day today) {
  json.key("subOrgs").begin_array();
  for (const Org* child : catalogue.children(org.id)) {
    const bool is_listed = child->kind == OrgKind::sub_org && child->status_on(today) != OrgStatus::deleted &&
                           catalogue.may_know(principal, child->id);
    if (!is_listed) continue;
    json.begin_object().field("id", informatica_id_or_id(*child)).field("name", child->name_on(today)).end_object();
  }
  json.end_array();
}

std::string org_json(const catalog::Snapshot& catalogue, const Principal& principal, const Org& org, Day today) {
  const std::string& id = informatica_id_or_id(org);
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("@type", "org").field("id", id).field("orgId", id).field("name", org.name_on(today));
  append_empty(json, {"description"});
  json.null_field("createTime").null_field("updateTime");  // orgs have no birthday here
  append_empty(json, {"createdBy", "updatedBy"});
  json.field("parentOrgId", parent_org_id(catalogue, org, today));
  append_empty(json, {"address1", "address2", "address3", "city", "state", "zipcode", "country"});
  json.field("timezone", org.time_zone);
  append_empty(json, {"employees", "offerCode", "successEmails", "warnEmails", "errorEmails", "campaignCode"});
  json.field("devOrg", org.kind == OrgKind::sandbox);
  append_sub_orgs(json, catalogue, principal, org, today);
  json.end_object();
  return body;
}

std::string path_value(const http::Request& request, std::string_view name) {
  const auto found = request.path_values.find(name);
  return found == request.path_values.end() ? std::string() : found->second;
}

/// By name on that day: the caller's own org, else the one with the lowest id (crosswalk 2.1), of those he may know.
const Org* readable_by_name(const catalog::Snapshot& catalogue, const Principal& principal, std::string_view name,
                            Day today) {
  if (const Org* own = catalogue.org(principal.org); own != nullptr && own->name_on(today) == name) return own;
  const auto orgs = catalogue.orgs();
  const auto found = std::ranges::find_if(
      orgs, [&](const Org* org) { return org->name_on(today) == name && catalogue.may_know(principal, org->id); });
  return found == orgs.end() ? nullptr : *found;
}

using Find = std::function<const Org*(const catalog::Snapshot&, const Principal&, Day)>;

http::Response answer_org(const Services& services, const http::Request& request, const Find& find) {
  auto principal = authenticate(services, request);
  if (!principal) return render_error(request, principal.error(), Shape::v2, services.settings);
  const auto catalogue = services.catalog.current();
  const Day today = day_of(services.clock.now());
  const Org* org = find(*catalogue, *principal, today);
  // His own org the log-in has told him of; of others he must hold a role on it or above it.
  if (org == nullptr || (org->id != principal->org && !catalogue->may_know(*principal, org->id))) {
    const Error error{ErrorKind::not_found, "There is no such organization.", {}, {}};
    return render_error(request, error, Shape::v2, services.settings);
  }
  return http::Response::json(200, org_json(*catalogue, *principal, *org, today));
}

}  // namespace

http::Response own_org(const Services& services, const http::Request& request) {
  return answer_org(services, request, [](const catalog::Snapshot& catalogue, const Principal& principal, Day) {
    return catalogue.org(principal.org);
  });
}

http::Response org_by_id(const Services& services, const http::Request& request) {
  return answer_org(services, request, [&](const catalog::Snapshot& catalogue, const Principal&, Day) {
    return catalogue.org_by_informatica_id(path_value(request, "orgId"));
  });
}

http::Response org_by_name(const Services& services, const http::Request& request) {
  return answer_org(services, request, [&](const catalog::Snapshot& catalogue, const Principal& principal, Day today) {
    return readable_by_name(catalogue, principal, path_value(request, "name"), today);
  });
}

// Not metering, but a client calls it first and stops if it fails: nothing is logged here, so nothing is listed.
http::Response activity_log(const Services& services, const http::Request& request) {
  auto principal = authenticate(services, request);
  if (!principal) return render_error(request, principal.error(), Shape::v2, services.settings);
  return http::Response::json(200, "[]");
}

}  // namespace meterport::informatica
