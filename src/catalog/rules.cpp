#include "catalog/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "model/charge_item.h"

namespace meterport::catalog {
namespace {

constexpr Day first_day{std::numeric_limits<std::int32_t>::min()};

bool may_be_above(OrgKind parent, OrgKind child) {
  switch (child) {
    case OrgKind::production:
      return false;
    case OrgKind::additional_production:
    case OrgKind::sandbox:
      return parent == OrgKind::production;
    case OrgKind::sub_org:
      return parent != OrgKind::sub_org;
  }
  return false;
}

std::string_view parent_rule(OrgKind child) {
  return child == OrgKind::sub_org ? "a sub-org is under a production, additional-production or sandbox org"
                                   : "an additional-production or sandbox org is under a production org";
}

Status check_parent(const State& state, const Org& org, Day day, const std::string& pointer) {
  const std::string& parent_id = org.parent_on(day);
  if (org.kind == OrgKind::production) {
    if (!parent_id.empty()) return broken(pointer, "a production org has no parent");
    return {};
  }
  if (parent_id.empty()) return broken(pointer, fmt::format("is required: {}", parent_rule(org.kind)));
  if (parent_id == org.id) return broken(pointer, "an org cannot be under itself");
  const Org* parent = state.org(parent_id);
  if (parent == nullptr) return broken(pointer, fmt::format("no org \"{}\"", parent_id));
  // As no kind may be above itself, this keeps the tree free of cycles, too.
  if (!may_be_above(parent->kind, org.kind)) {
    return broken(pointer,
                  fmt::format("\"{}\" is of kind {}; {}", parent_id, to_string(parent->kind), parent_rule(org.kind)));
  }
  return {};
}

Status check_tree(const State& state, const Places& places) {
  const std::vector<Day> days = tree_days(state);
  for (const auto& [id, org] : state.orgs) {
    for (const Day day : days) {
      auto fine = check_parent(state, *org, day, places.org(id, day == first_day ? "parent" : "history"));
      if (!fine) return fine;
    }
  }
  for (const auto& [id, org] : state.orgs) {
    if (org->kind != OrgKind::sub_org || org->region.empty()) continue;
    for (const Day day : days) {
      const std::string_view above = state.region_of(*state.org(org->parent_on(day)), day);
      if (org->region != above) {
        return broken(places.org(id, "region"), fmt::format("a sub-org is in its parent's region, {}", above));
      }
    }
  }
  return {};
}

Status check_regions(const State& state, const Places& places, std::string_view own_region) {
  for (const auto& [id, org] : state.orgs) {
    if (org->region.empty() || org->region == default_region || org->region == own_region) continue;
    if (!state.regions.contains(org->region)) {
      return broken(places.org(id, "region"), fmt::format("no region \"{}\"", org->region));
    }
  }
  return {};
}

/// An org never changes its ledger, so none that takes its region from above may get a parent in another one. Judged
/// where the file names it: an org that changes its region without a new parent of its own is below one that does.
Status check_kept_regions(const State& state, const Places& places) {
  const std::vector<Day> days = tree_days(state);
  for (const auto& [id, index] : places.orgs) {
    const Org& org = *state.org(id);
    if (!org.region.empty()) continue;
    const std::string_view region = state.region_of(org, first_day);
    for (const Day day : days) {
      const std::string_view other = state.region_of(org, day);
      if (other == region) continue;
      return broken(places.org(id, "history"),
                    fmt::format("an org keeps its region, {}; its parent from {} on is in region {}", region,
                                format_day(day), other));
    }
  }
  return {};
}

/// Finds a value that two orgs share; the pointer is that of the one in the file.
class OrgValues {
 public:
  OrgValues(const Places& places, std::string_view member) : places_(places), member_(member) {}

  Status add(const std::string& value, const Org& org) {
    if (value.empty()) return {};
    const auto [it, is_new] = owners_.try_emplace(value, org.id);
    if (is_new || it->second == org.id) return {};
    const std::string own = places_.org(org.id, member_);
    return broken(own.empty() ? places_.org(it->second, member_) : own,
                  fmt::format("\"{}\" is taken by another org", value));
  }

 private:
  const Places& places_;
  std::string_view member_;
  std::map<std::string, std::string> owners_;
};

/// A wire's name for an org must not be what another org is called there by its id: it would take that away from it.
/// Judged where the file names one of the two, as what stands already cannot be mended.
Status check_against_id(const State& state, const Places& places, const Org& org, std::string_view name,
                        std::string_view member) {
  const Org* by_id = name.empty() || name == org.id ? nullptr : state.org(name);
  if (by_id == nullptr || (member == "ids/here_realm" && realm_of(*by_id) != name)) return {};
  std::string pointer = places.org(org.id, member);
  if (pointer.empty()) pointer = places.org(by_id->id, "id");
  return pointer.empty() ? Status() : broken(pointer, fmt::format("\"{}\" is taken by another org", name));
}

Status check_wire_ids(const State& state, const Places& places) {
  OrgValues informatica(places, "ids/informatica"), netsuite(places, "ids/netsuite_account"),
      here(places, "ids/here_realm");
  for (const auto& [id, org] : state.orgs) {
    if (auto fine = informatica.add(org->informatica_id, *org); !fine) return fine;
    if (auto fine = netsuite.add(normal_netsuite_account(org->netsuite_account), *org); !fine) return fine;
    if (auto fine = here.add(org->here_realm, *org); !fine) return fine;
  }
  for (const auto& [id, org] : state.orgs) {
    if (auto fine = check_against_id(state, places, *org, org->informatica_id, "ids/informatica"); !fine) return fine;
    if (auto fine = check_against_id(state, places, *org, org->here_realm, "ids/here_realm"); !fine) return fine;
  }
  return {};
}

Status check_org_aliases(const State& state, const Places& places, Day day) {
  OrgValues aliases(places, "aliases");
  for (const auto& [id, org] : state.orgs) {
    for (const std::string& alias : org->aliases) {
      const std::string among_siblings = org->parent_on(day) + "\n" + alias;
      if (const Status fine = aliases.add(among_siblings, *org); !fine) {
        return broken(fine.error().field, fmt::format("\"{}\" is taken by another org of the same parent", alias));
      }
    }
  }
  return {};
}

/// Finds a value that two meters of one tenant share, or a tenant's meter and everyone's.
class MeterValues {
 public:
  MeterValues(const Places& places, std::string_view member) : places_(places), member_(member) {}

  Status add(const std::string& value, const OwnedId& meter, const std::string& tenant) {
    if (value.empty()) return {};
    auto& holders = holders_[value];
    for (const auto& [other_tenant, other] : holders) {
      if (other == meter || (other_tenant != tenant && !other_tenant.empty() && !tenant.empty())) continue;
      const std::string own = places_.meter(meter, member_);
      return broken(own.empty() ? places_.meter(other, member_) : own,
                    fmt::format("\"{}\" is taken by another meter{}", value,
                                other_tenant.empty() || tenant.empty() ? " of everyone" : " of this tenant"));
    }
    holders.emplace_back(tenant, meter);
    return {};
  }

 private:
  const Places& places_;
  std::string_view member_;
  std::map<std::string, std::vector<std::pair<std::string, OwnedId>>> holders_;
};

Status check_meter_values(const State& state, const Places& places, Day day) {
  MeterValues ids(places, "id"), features(places, "here/feature_id"), aliases(places, "aliases");
  for (const auto& [key, meter] : state.meters) {
    const std::string tenant = meter->org.empty() ? std::string{} : top_on(state, meter->org, day).id;
    if (auto fine = ids.add(meter->id, key, tenant); !fine) return fine;
    if (auto fine = features.add(meter->here ? meter->here->feature_id : std::string(), key, tenant); !fine)
      return fine;
    for (const std::string& alias : meter->aliases) {
      if (auto fine = aliases.add(alias, key, tenant); !fine) return fine;
    }
  }
  return {};
}

Status check_meter_orgs(const State& state, const Places& places, Day today) {
  std::map<std::pair<std::string, std::string>, OwnedId> slugs;  // of one owner
  for (const auto& [key, meter] : state.meters) {
    if (!meter->org.empty() && state.org(meter->org) == nullptr) {
      return broken(places.meter(key, "org"), fmt::format("no org \"{}\"", meter->org));
    }
    for (const Rate& rate : meter->rates) {
      if (rate.org.empty()) continue;
      if (state.org(rate.org) == nullptr) {
        return broken(places.meter(key, "rates"), fmt::format("no org \"{}\"", rate.org));
      }
      if (!meter->org.empty() && !covers_on(state, meter->org, rate.org, today)) {
        return broken(places.meter(key, "rates"),
                      fmt::format("org \"{}\" is not under the meter's owner and cannot see it", rate.org));
      }
    }
    const std::string slug = block_text(meter->openmeter_json, "slug");
    if (slug.empty()) continue;
    const auto [it, is_new] = slugs.try_emplace({meter->org, slug}, key);
    if (is_new) continue;
    const std::string own = places.meter(key, "openmeter/slug");
    return broken(own.empty() ? places.meter(it->second, "openmeter/slug") : own,
                  fmt::format("\"{}\" is taken by another meter of this owner", slug));
  }
  return {};
}

/// `line_ids`: those of the owner's other subscriptions.
Status check_lines(const State& state, const Subscription& subscription, const Places& places, Day today,
                   std::set<std::string_view>& line_ids) {
  const OwnedId key{subscription.id, subscription.org};
  for (std::size_t i = 0; i < subscription.lines.size(); ++i) {
    const auto& line = subscription.lines[i];
    const std::string& org = subscription.org_of(line);
    const auto at = [&](std::string_view member) {
      return places.subscription(key, fmt::format("lines/{}/{}", i, member));
    };
    if (!covers_on(state, subscription.org, org, today)) {
      return broken(at("org"), fmt::format("no org \"{}\" under the subscription's, \"{}\"", org, subscription.org));
    }
    if (!line.meter.empty() && !sees_meter(state, org, line.meter, today)) {
      return broken(at("meter"), fmt::format("no meter \"{}\" that org \"{}\" can see", line.meter, org));
    }
    if (!line.id.empty() && !line_ids.insert(line.id).second) {
      return broken(at("id"), fmt::format("\"{}\" is taken by another line of org \"{}\"", line.id, subscription.org));
    }
  }
  return {};
}

Status check_subscriptions(const State& state, const Places& places, Day today) {
  for (const auto& [owner, account] : state.accounts) {
    std::set<std::string_view> line_ids;
    for (const auto& [id, subscription] : account->subscriptions()) {
      if (state.org(owner) == nullptr) {
        return broken(places.subscription({id, owner}, "org"), fmt::format("no org \"{}\"", owner));
      }
      if (auto fine = check_lines(state, *subscription, places, today, line_ids); !fine) return fine;
    }
  }
  return {};
}

}  // namespace

std::string Places::org(std::string_view id, std::string_view member) const {
  const auto it = orgs.find(id);
  return it == orgs.end() ? std::string{} : fmt::format("/orgs/{}/{}", it->second, member);
}

std::string Places::meter(const OwnedId& key, std::string_view member) const {
  const auto it = meters.find(key);
  return it == meters.end() ? std::string{} : fmt::format("/meters/{}/{}", it->second, member);
}

std::string Places::subscription(const OwnedId& key, std::string_view member) const {
  const auto it = subscriptions.find(key);
  return it == subscriptions.end() ? std::string{} : fmt::format("/subscriptions/{}/{}", it->second, member);
}

std::unexpected<Error> broken(const std::string& pointer, std::string_view rule) {
  return fail(ErrorKind::invalid, pointer.empty() ? std::string(rule) : fmt::format("{}: {}", pointer, rule), {},
              pointer);
}

bool covers_on(const State& state, std::string_view scope, std::string_view org, Day day) {
  for (const Org* at = state.org(org); at != nullptr; at = state.org(at->parent_on(day))) {
    if (at->id == scope) return true;
  }
  return false;
}

bool sees_meter(const State& state, std::string_view org, const std::string& id, Day day) {
  for (auto it = state.meters.lower_bound(OwnedId{id, {}}); it != state.meters.end() && it->first.id == id; ++it) {
    if (it->first.owner.empty() || covers_on(state, it->first.owner, org, day)) return true;
  }
  return false;
}

std::vector<Day> tree_days(const State& state) {
  std::set<Day> days = {first_day};
  for (const auto& [id, org] : state.orgs) {
    for (const OrgChange& change : org->history) {
      if (change.parent) days.insert(change.valid_from);
    }
  }
  return {days.begin(), days.end()};
}

const Org& top_on(const State& state, std::string_view org, Day day) {
  const Org* at = state.org(org);
  while (!at->parent_on(day).empty()) at = state.org(at->parent_on(day));
  return *at;
}

Status check_rules(const State& state, const Places& places, Day today, std::string_view own_region) {
  if (auto fine = check_regions(state, places, own_region); !fine) return fine;
  if (auto fine = check_tree(state, places); !fine) return fine;
  if (auto fine = check_kept_regions(state, places); !fine) return fine;
  if (auto fine = check_wire_ids(state, places); !fine) return fine;
  if (auto fine = check_meter_orgs(state, places, today); !fine) return fine;
  // A move that is dated ahead must not bring two of a name together either.
  std::vector<Day> days = tree_days(state);
  std::erase_if(days, [&](Day day) { return day <= today; });
  days.insert(days.begin(), today);
  for (const Day day : days) {
    if (auto fine = check_org_aliases(state, places, day); !fine) return fine;
    if (auto fine = check_meter_values(state, places, day); !fine) return fine;
  }
  return check_subscriptions(state, places, today);
}

}  // namespace meterport::catalog
