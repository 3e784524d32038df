// Who may change what (catalog.h, apply). An org outside the caller's scope answers like one that does not exist.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalog/change.h"

namespace meterport::catalog {
namespace {

class Rights {
 public:
  explicit Rights(const PlanContext& context) : context_(context) {}

  Status need_admin_on_existing(std::string_view org, const std::string& pointer) const {
    if (context_.before.org(org) == nullptr) return {};  // made by the same file, or missing: judged elsewhere
    if (!context_.now.may_know(context_.principal, org)) return broken(pointer, fmt::format("no org \"{}\"", org));
    if (!context_.now.allows(context_.principal, Role::admin, org)) {
      return fail(ErrorKind::forbidden, fmt::format("{}: needs the role admin on org \"{}\"", pointer, org), {},
                  pointer);
    }
    return {};
  }

  /// New production orgs, regions and everyone's meters concern all tenants.
  Status need_first_tenant_admin(const std::string& pointer, std::string_view what) const {
    const std::string& first = context_.before.first_tenant;
    if (!first.empty() && context_.now.allows(context_.principal, Role::admin, first)) return {};
    return fail(ErrorKind::forbidden, fmt::format("{}: only an admin of the first tenant may make {}", pointer, what),
                {}, pointer);
  }

  Status org(const Org& org, const Places& places) const {
    const Org* old = context_.before.org(org.id);
    const std::string id_pointer = places.org(org.id, "id");
    if (old != nullptr) {
      if (!context_.now.may_know(context_.principal, org.id)) {
        return fail(ErrorKind::conflict, fmt::format("{}: \"{}\" is taken", id_pointer, org.id), {}, id_pointer);
      }
      if (auto may = need_admin_on_existing(org.id, id_pointer); !may) return may;
    } else if (org.kind == OrgKind::production) {
      return need_first_tenant_admin(id_pointer, "a production org");
    }
    for (const std::string& parent : parents_of(org)) {
      if (old != nullptr && parents_of(*old).contains(parent)) continue;
      if (auto may = need_admin_on_existing(parent, places.org(org.id, "parent")); !may) return may;
    }
    return {};
  }

  Status meter(const OwnedId& key, const Meter& meter, const Places& places) const {
    if (key.owner.empty()) {
      if (auto may = need_first_tenant_admin(places.meter(key, "org"), "a meter without an owner"); !may) return may;
    } else if (auto may = need_admin_on_existing(key.owner, places.meter(key, "org")); !may) {
      return may;
    }
    const auto old = context_.before.meters.find(key);
    for (const Rate& rate : meter.rates) {
      if (rate.org.empty() || context_.now.may_know(context_.principal, rate.org)) continue;
      const bool is_kept = old != context_.before.meters.end() && has_rates_of(*old->second, rate.org);
      if (!is_kept && context_.before.org(rate.org) != nullptr) {
        return broken(places.meter(key, "rates"), fmt::format("no org \"{}\"", rate.org));
      }
    }
    return {};
  }

 private:
  static std::set<std::string> parents_of(const Org& org) {
    std::set<std::string> out;
    if (!org.parent.empty()) out.insert(org.parent);
    for (const OrgChange& change : org.history) {
      if (change.parent) out.insert(*change.parent);
    }
    return out;
  }
  static bool has_rates_of(const Meter& meter, const std::string& org) {
    return std::ranges::find(meter.rates, org, &Rate::org) != meter.rates.end();
  }

  const PlanContext& context_;
};

}  // namespace

Status authorize(const PlanContext& context, const State& after, const Places& places) {
  if (context.principal.is_server_itself) return {};
  const Rights rights(context);
  for (const auto& [name, index] : places.regions) {
    if (auto may = rights.need_first_tenant_admin(fmt::format("/regions/{}", index), "a region"); !may) return may;
  }
  for (const auto& [id, index] : places.orgs) {
    if (auto may = rights.org(*after.org(id), places); !may) return may;
  }
  for (const auto& [key, index] : places.meters) {
    if (auto may = rights.meter(key, *after.meters.at(key), places); !may) return may;
  }
  for (const auto& [key, index] : places.subscriptions) {
    if (auto may = rights.need_admin_on_existing(key.owner, places.subscription(key, "org")); !may) return may;
  }
  return {};
}

}  // namespace meterport::catalog
