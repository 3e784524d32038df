// The home region of a tenant alone changes it (catalog.h, apply and apply_feed). Judged over the changes that are
// really made: a file that holds what is here already may be applied anywhere.
#include <fmt/format.h>

#include <set>

#include "catalog/change.h"

namespace meterport::catalog {
namespace {

class Homes {
 public:
  Homes(const PlanContext& context, const State& after)
      : context_(context), after_(after), days_(tree_days(after)), days_before_(tree_days(context.before)) {}

  /// The tenants that a change of this object touches, by their production orgs.
  [[nodiscard]] std::set<std::string_view> tenants_of(const ObjectChange& change) const {
    // An owner moved by the same file is judged at the org.
    if (change.kind != "org") return {top_on(after_, change.owner, context_.today).id};
    const Org* old = context_.before.org(change.id);
    const Org& org = *after_.org(change.id);
    std::set<std::string_view> tenants = {top_on(after_, org.id, context_.today).id};
    if (old != nullptr) tenants.insert(top_on(context_.before, org.id, context_.today).id);
    add_moves(tenants, old, org, days_);
    add_moves(tenants, old, org, days_before_);
    return tenants;
  }

  Status tenant(std::string_view id, const std::string& pointer) const {
    const Org* old = context_.before.org(id);
    if (old == nullptr && context_.principal.is_server_itself && context_.home == context_.own_region) return {};
    // A region that changes is another rule's matter.
    const std::string_view home = old != nullptr ? context_.before.region_of(*old, context_.today)
                                                 : after_.region_of(*after_.org(id), context_.today);
    if (home == context_.home) return {};
    return fail(ErrorKind::conflict,
                fmt::format("{}: the tenant \"{}\" is at home in region \"{}\"; change it there", pointer, id, home),
                {}, pointer);
  }

 private:
  /// Of the days on which the org gets or loses its parent: the tenants on both sides.
  void add_moves(std::set<std::string_view>& tenants, const Org* old, const Org& org,
                 const std::vector<Day>& days) const {
    for (const Day day : days) {
      if (old != nullptr && old->parent_on(day) == org.parent_on(day)) continue;
      tenants.insert(top_on(after_, org.id, day).id);
      if (old != nullptr) tenants.insert(top_on(context_.before, org.id, day).id);
    }
  }

  const PlanContext& context_;
  const State& after_;
  std::vector<Day> days_, days_before_;
};

std::string pointer_of(const ObjectChange& change, const Places& places) {
  if (change.kind == "org") return fmt::format("/orgs/{}", places.orgs.at(change.id));
  const OwnedId key{change.id, change.owner};
  if (change.kind == "meter") return fmt::format("/meters/{}", places.meters.at(key));
  return fmt::format("/subscriptions/{}", places.subscriptions.at(key));
}

}  // namespace

Status check_homes(const PlanContext& context, const State& after, const std::vector<ObjectChange>& changes,
                   const Places& places) {
  const Homes homes(context, after);
  for (const ObjectChange& change : changes) {
    if (change.kind == "region" || (change.kind == "meter" && change.owner.empty())) continue;
    for (const std::string_view tenant : homes.tenants_of(change)) {
      if (auto fine = homes.tenant(tenant, pointer_of(change, places)); !fine) return fine;
    }
  }
  return {};
}

}  // namespace meterport::catalog
