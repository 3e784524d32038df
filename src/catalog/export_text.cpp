#include "catalog/export_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace meterport::catalog {
namespace {

/// Parents before children, else by id: a file that reads from the top down.
int depth_of(const Org& org) {
  if (org.kind == OrgKind::production) return 0;
  return org.kind == OrgKind::sub_org ? 2 : 1;
}

std::vector<std::string> org_lines(const State& state, const Snapshot& snapshot, const Principal& principal) {
  std::vector<const Org*> orgs;
  for (const auto& [id, org] : state.orgs) {
    if (snapshot.may_know(principal, id)) orgs.push_back(org.get());
  }
  std::ranges::sort(orgs, [&](const Org* a, const Org* b) {
    return std::pair(depth_of(*a), std::string_view(a->id)) < std::pair(depth_of(*b), std::string_view(b->id));
  });
  std::vector<std::string> lines;
  for (const Org* org : orgs) lines.push_back(org_to_json(*org));
  return lines;
}

/// Visible: everyone's, and those owned by an org the principal may know or that one of his orgs can use.
bool may_see_meter(const Snapshot& snapshot, const Principal& principal, const Meter& meter) {
  if (meter.org.empty() || snapshot.may_know(principal, meter.org)) return true;
  return std::ranges::any_of(principal.grants, [&](const Grant& grant) {
    return grant.role != Role::operator_ && snapshot.covers(meter.org, grant.org);
  });
}

std::vector<std::string> meter_lines(const State& state, const Snapshot& snapshot, const Principal& principal) {
  std::vector<std::string> lines;
  for (const auto& [key, meter] : state.meters) {
    if (!may_see_meter(snapshot, principal, *meter)) continue;
    Meter shown = *meter;
    std::erase_if(shown.rates,
                  [&](const Rate& rate) { return !rate.org.empty() && !snapshot.may_know(principal, rate.org); });
    lines.push_back(meter_to_json(shown));
  }
  return lines;
}

void append_array(std::string& out, std::string_view name, const std::vector<std::string>& lines) {
  out += "  \"";
  out += name;
  out += "\": [";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    out += lines[i];
  }
  out += lines.empty() ? "]" : "\n  ]";
}

}  // namespace

std::string export_text(const State& state, const Snapshot& snapshot, const Principal& principal,
                        std::string_view users_json) {
  std::vector<std::string> regions, subscriptions;
  for (const auto& [name, region] : state.regions) regions.push_back(region->json);
  for (const Subscription* subscription : state.subscriptions()) {
    if (snapshot.may_know(principal, subscription->org)) subscriptions.push_back(subscription_to_json(*subscription));
  }
  std::string out = "{\n";
  append_array(out, "regions", regions);
  out += ",\n";
  append_array(out, "orgs", org_lines(state, snapshot, principal));
  out += ",\n";
  append_array(out, "meters", meter_lines(state, snapshot, principal));
  out += ",\n";
  append_array(out, "subscriptions", subscriptions);
  if (!users_json.empty()) {
    out += ",\n  \"users\": ";
    out += users_json;
  }
  out += "\n}\n";
  return out;
}

}  // namespace meterport::catalog
