#include "catalog/snapshot.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "catalog/snapshot_build.h"
#include "model/charge_item.h"

namespace meterport::catalog {
namespace {

// Keys are views into objects that the State holds.
template <class V>
using ByText = std::unordered_map<std::string_view, V>;

/// What a tenant (a production org and all under it) sees apart from everyone's meters.
struct Tenant {
  std::vector<const Org*> orgs;
  ByText<const Meter*> meters, meter_aliases;
};

struct Node {
  const Org* org = nullptr;
  const Node* parent = nullptr;      ///< null for production orgs
  const Account* account = nullptr;  ///< null: no subscriptions
  Tenant* tenant = nullptr;
  const Org* top = nullptr;
  std::vector<const Org*> children;
  ByText<const Org*> children_by_alias;
};

class StateSnapshot final : public Snapshot {
 public:
  StateSnapshot(std::shared_ptr<const State> state, Day today) : state_(std::move(state)) {
    add_orgs(today);
    add_meters();
    for (const auto& [owner, account] : state_->accounts) {
      if (const auto it = nodes_.find(owner); it != nodes_.end()) it->second.account = account.get();
    }
  }

  std::uint64_t position() const override { return state_->position; }

  const Org* org(std::string_view id) const override {
    const Node* found = node(id);
    return found == nullptr ? nullptr : found->org;
  }
  const Org* org_by_informatica_id(std::string_view id) const override {
    const auto it = informatica_ids_.find(id);
    return it != informatica_ids_.end() ? it->second : org(id);
  }
  const Org* org_by_netsuite_account(std::string_view account) const override {
    const auto it = netsuite_accounts_.find(normal_netsuite_account(account));
    return it == netsuite_accounts_.end() ? nullptr : it->second;
  }
  const Org* org_by_realm(std::string_view realm) const override {
    if (const auto it = realms_.find(realm); it != realms_.end()) return it->second;
    const Org* by_id = org(realm);
    return by_id != nullptr && realm_of(*by_id) == realm ? by_id : nullptr;
  }
  const Org* org_by_alias(std::string_view parent, std::string_view alias) const override {
    const Node* above = node(parent);
    if (above == nullptr) return nullptr;
    const auto it = above->children_by_alias.find(alias);
    return it == above->children_by_alias.end() ? nullptr : it->second;
  }
  std::vector<const Org*> orgs() const override {
    std::vector<const Org*> out;
    out.reserve(state_->orgs.size());
    for (const auto& [id, org] : state_->orgs) out.push_back(org.get());
    return out;
  }
  std::vector<const Org*> children(std::string_view org) const override {
    const Node* found = node(org);
    return found == nullptr ? std::vector<const Org*>{} : found->children;
  }
  std::string_view region_of(std::string_view id) const override {
    const Node* at = node(id);
    if (at == nullptr) return {};
    while (at->org->region.empty() && at->parent != nullptr) at = at->parent;
    return at->org->region.empty() ? default_region : std::string_view(at->org->region);
  }
  std::vector<Region> regions() const override {
    std::map<std::string_view, Region> named;
    for (const auto& [id, org] : state_->orgs) {
      if (!org->region.empty()) named.try_emplace(org->region, Region{org->region, {}, {}});
    }
    for (const auto& [name, recorded] : state_->regions) named.insert_or_assign(name, recorded->region);
    std::vector<Region> out;
    out.reserve(named.size());
    for (auto& [name, region] : named) out.push_back(std::move(region));
    return out;
  }
  const Org* top_of(std::string_view org) const override {
    const Node* found = node(org);
    return found == nullptr ? nullptr : found->top;
  }
  std::vector<const Org*> linked(std::string_view org) const override {
    const Node* found = node(org);
    return found == nullptr || found->tenant == nullptr ? std::vector<const Org*>{} : found->tenant->orgs;
  }
  bool covers(std::string_view scope, std::string_view org) const override {
    for (const Node* at = node(org); at != nullptr; at = at->parent) {
      if (at->org->id == scope) return true;
    }
    return false;
  }

  const Meter* meter(std::string_view org, std::string_view id) const override {
    return visible(org, id, &Tenant::meters, everyones_);
  }
  const Meter* meter_by_alias(std::string_view org, std::string_view alias) const override {
    return visible(org, alias, &Tenant::meter_aliases, everyones_aliases_);
  }
  std::vector<const Meter*> meters() const override {
    std::vector<const Meter*> out;
    out.reserve(state_->meters.size());
    for (const auto& [key, meter] : state_->meters) out.push_back(meter.get());
    return out;
  }
  std::vector<const Meter*> meters_of_id(std::string_view id) const override {
    std::vector<const Meter*> out;
    const auto first = state_->meters.lower_bound(OwnedId{std::string(id), {}});
    for (auto it = first; it != state_->meters.end() && it->first.id == id; ++it) out.push_back(it->second.get());
    return out;
  }
  std::vector<const Meter*> meters_visible_to(std::string_view org) const override {
    std::vector<const Meter*> out;
    if (node(org) == nullptr) return out;
    for (const auto& [key, meter] : state_->meters) {
      if (meter->org.empty() || covers(meter->org, org)) out.push_back(meter.get());
    }
    return out;
  }

  std::vector<Rate> rates_on(const Meter& meter, std::string_view org_id, Day day) const override {
    // The tree of the day, not of today: a record is rated as its org stood then.
    for (const Org* at = org(org_id); at != nullptr; at = org(at->parent_on(day))) {
      auto table = table_of(meter, at->id, day);
      if (!table.empty()) return table;
    }
    return table_of(meter, {}, day);
  }

  const Subscription* subscription(std::string_view owner, std::string_view id) const override {
    return account(owner).subscription(id);
  }
  std::vector<const Subscription*> subscriptions() const override { return state_->subscriptions(); }
  const Subscription* subscription_seen_by(std::string_view org, std::string_view id) const override {
    for (const Node* at = node(org); at != nullptr; at = at->parent) {
      const Subscription* found = at->account == nullptr ? nullptr : at->account->subscription(id);
      if (found != nullptr) return found;
    }
    return nullptr;
  }
  FoundSubscription find_subscription(std::string_view owner, std::string_view field,
                                      std::string_view value) const override {
    return account(owner).find_subscription(field, value);
  }
  FoundLine find_line(std::string_view owner, std::string_view field, std::string_view value) const override {
    return account(owner).find_line(field, value);
  }
  bool has_subscription_field(std::string_view owner, std::string_view field) const override {
    return account(owner).has_subscription_field(field);
  }
  bool has_line_field(std::string_view owner, std::string_view field) const override {
    return account(owner).has_line_field(field);
  }

 private:
  const Node* node(std::string_view id) const {
    const auto it = nodes_.find(id);
    return it == nodes_.end() ? nullptr : &it->second;
  }
  const Account& account(std::string_view owner) const {
    static const Account none;
    const Node* found = node(owner);
    return found == nullptr || found->account == nullptr ? none : *found->account;
  }

  const Meter* visible(std::string_view org, std::string_view key, ByText<const Meter*> Tenant::* of_tenant,
                       const ByText<const Meter*>& of_everyone) const {
    const Node* found = node(org);
    if (found == nullptr) return nullptr;
    if (found->tenant != nullptr) {
      const auto& own = found->tenant->*of_tenant;
      if (const auto it = own.find(key); it != own.end()) {
        return covers(it->second->org, org) ? it->second : nullptr;
      }
    }
    const auto it = of_everyone.find(key);
    return it == of_everyone.end() ? nullptr : it->second;
  }

  /// The newest table of that org (empty = everyone) valid on the day. Rates are sorted by org, valid_from, tier_from.
  static std::vector<Rate> table_of(const Meter& meter, std::string_view org, Day day) {
    std::vector<Rate> table;
    for (const Rate& rate : meter.rates) {
      if (rate.org != org || (rate.valid_from && *rate.valid_from > day)) continue;
      if (!table.empty() && table.front().valid_from != rate.valid_from) table.clear();
      table.push_back(rate);
    }
    return table;
  }

  void add_orgs(Day today) {
    for (const auto& [id, org] : state_->orgs) {
      nodes_.try_emplace(org->id).first->second.org = org.get();
      if (!org->informatica_id.empty()) informatica_ids_.emplace(org->informatica_id, org.get());
      if (!org->here_realm.empty()) realms_.emplace(org->here_realm, org.get());
      if (!org->netsuite_account.empty()) {
        netsuite_accounts_.emplace(normal_netsuite_account(org->netsuite_account), org.get());
      }
    }
    for (const auto& [id, org] : state_->orgs) {  // by id, so that all lists are
      Node& own = nodes_.at(id);
      const std::string& parent = org->parent_on(today);
      if (const auto above = nodes_.find(parent); !parent.empty() && above != nodes_.end()) {
        own.parent = &above->second;
        above->second.children.push_back(org.get());
        for (const std::string& alias : org->aliases) above->second.children_by_alias.emplace(alias, org.get());
      }
    }
    for (const auto& [id, org] : state_->orgs) {
      Node& own = nodes_.at(id);
      const Node* top = &own;
      while (top->parent != nullptr) top = top->parent;
      own.top = top->org;
      own.tenant = &tenants_[top->org->id];
      own.tenant->orgs.push_back(org.get());
    }
  }

  void add_meters() {
    for (const auto& [key, meter] : state_->meters) {
      const Node* owner = node(meter->org);
      auto& ids = owner == nullptr ? everyones_ : owner->tenant->meters;
      auto& aliases = owner == nullptr ? everyones_aliases_ : owner->tenant->meter_aliases;
      ids.emplace(meter->id, meter.get());
      for (const std::string& alias : meter->aliases) aliases.emplace(alias, meter.get());
    }
  }

  std::shared_ptr<const State> state_;
  ByText<Node> nodes_;  // its elements point at each other; elements of an unordered_map do not move
  ByText<Tenant> tenants_;
  ByText<const Org*> informatica_ids_;
  ByText<const Org*> realms_;                                      ///< of ids.here_realm
  std::unordered_map<std::string, const Org*> netsuite_accounts_;  // in normal form
  ByText<const Meter*> everyones_, everyones_aliases_;
};

}  // namespace

const Org* Snapshot::top_on(std::string_view id, Day day) const {
  const Org* top = org(id);
  for (const Org* at = top; at != nullptr; at = org(at->parent_on(day))) top = at;
  return top;
}

bool Snapshot::covers_on(std::string_view scope, std::string_view id, Day day) const {
  for (const Org* at = org(id); at != nullptr; at = org(at->parent_on(day))) {
    if (at->id == scope) return true;
  }
  return false;
}

const Meter* Snapshot::meter_on(std::string_view org_id, std::string_view id, Day day) const {
  const auto all = meters_of_id(id);
  for (const Org* at = org(org_id); at != nullptr; at = org(at->parent_on(day))) {
    const auto own = std::ranges::find(all, at->id, &Meter::org);
    if (own != all.end()) return *own;
  }
  const auto everyones = std::ranges::find(all, std::string_view(), &Meter::org);
  return everyones == all.end() ? nullptr : *everyones;
}

bool Snapshot::sees_meter(std::string_view org, std::string_view id, Day first, Day last) const {
  if (meter(org, id) != nullptr || meter_on(org, id, first) != nullptr) return true;
  return std::ranges::any_of(tree_changes_above(org), [&](Day change) {
    return change > first && change <= last && meter_on(org, id, change) != nullptr;
  });
}

const Meter* Snapshot::meter_of_usage(std::string_view org_id, std::string_view id) const {
  if (const Meter* seen = meter(org_id, id)) return seen;
  const auto all = meters_of_id(id);
  const auto is_of_tenant = [&](const Meter* meter) { return top_of(meter->org) == top_of(org_id); };
  if (const auto of_tenant = std::ranges::find_if(all, is_of_tenant); of_tenant != all.end()) return *of_tenant;
  return all.empty() ? nullptr : all.front();
}

const Meter* Snapshot::meter_of_usage(std::string_view org_id, std::string_view id, Day day) const {
  const Meter* seen = meter_on(org_id, id, day);
  return seen != nullptr ? seen : meter_of_usage(org_id, id);
}

std::vector<Day> Snapshot::tree_changes_above(std::string_view id) const {
  std::vector<Day> days;
  std::vector<const Org*> above;  // and the org itself; few
  const auto take_in = [&](std::string_view one) {
    const Org* found = org(one);
    if (found != nullptr && std::ranges::find(above, found) == above.end()) above.push_back(found);
  };
  take_in(id);
  for (std::size_t i = 0; i < above.size(); ++i) {
    const Org& at = *above[i];
    take_in(at.parent);
    for (const OrgChange& change : at.history) {
      if (!change.parent.has_value()) continue;
      days.push_back(change.valid_from);
      take_in(*change.parent);
    }
  }
  std::ranges::sort(days);
  const auto repeated = std::ranges::unique(days);
  days.erase(repeated.begin(), repeated.end());
  return days;
}

bool Snapshot::allows_on(const Principal& principal, Role role, std::string_view org, Day day) const {
  if (principal.is_server_itself) return true;
  return std::ranges::any_of(principal.grants, [&](const Grant& grant) {
    return (grant.role == role || grant.role == Role::admin) && covers_on(grant.org, org, day);
  });
}

bool Snapshot::allows(const Principal& principal, Role role, std::string_view org) const {
  if (principal.is_server_itself) return true;
  return std::ranges::any_of(principal.grants, [&](const Grant& grant) {
    return (grant.role == role || grant.role == Role::admin) && covers(grant.org, org);
  });
}

bool Snapshot::may_know(const Principal& principal, std::string_view org) const {
  if (principal.is_server_itself) return true;
  return std::ranges::any_of(
      principal.grants, [&](const Grant& grant) { return grant.role != Role::operator_ && covers(grant.org, org); });
}

SnapshotPtr build_snapshot(std::shared_ptr<const State> state, Day day) {
  return std::make_shared<const StateSnapshot>(std::move(state), day);
}

}  // namespace meterport::catalog
