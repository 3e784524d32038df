// Private to catalog: all objects of the catalogue at one position, as values that snapshots share.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "catalog/account.h"
#include "catalog/objects.h"

namespace meterport::catalog {

/// Owner org ("" = everyone's) and id.
struct OwnedId {
  std::string id, owner;
  friend auto operator<=>(const OwnedId&, const OwnedId&) = default;
};

struct State {
  std::uint64_t position = 0;  ///< of the last record in it
  std::string first_tenant;    ///< the production org recorded first; its admin may make others
  std::map<std::string, std::shared_ptr<const Org>, std::less<>> orgs;
  std::map<OwnedId, std::shared_ptr<const Meter>> meters;
  std::map<std::string, std::shared_ptr<Account>, std::less<>> accounts;  ///< by owner; shared with other States
  std::map<std::string, std::shared_ptr<const RecordedRegion>, std::less<>> regions;

  void put(Org org) {
    if (first_tenant.empty() && org.kind == OrgKind::production) first_tenant = org.id;
    auto shared = std::make_shared<const Org>(std::move(org));
    orgs.insert_or_assign(shared->id, shared);
  }
  void put(Meter meter) {
    auto shared = std::make_shared<const Meter>(std::move(meter));
    meters.insert_or_assign(OwnedId{shared->id, shared->org}, shared);
  }
  void put(Subscription subscription) {
    std::shared_ptr<Account>& account = accounts[subscription.org];
    const bool is_ours_alone = account.use_count() == 1;  // made by this State, which nobody else has seen
    if (!is_ours_alone) account = account ? std::make_shared<Account>(*account) : std::make_shared<Account>();
    account->put(std::move(subscription));
  }
  void put(RecordedRegion region) {
    auto shared = std::make_shared<const RecordedRegion>(std::move(region));
    regions.insert_or_assign(shared->region.name, shared);
  }
  [[nodiscard]] const Org* org(std::string_view id) const {
    const auto it = orgs.find(id);
    return it == orgs.end() ? nullptr : it->second.get();
  }
  [[nodiscard]] const Subscription* subscription(std::string_view owner, std::string_view id) const {
    const auto it = accounts.find(owner);
    return it == accounts.end() ? nullptr : it->second->subscription(id);
  }
  /// By id, then owner.
  [[nodiscard]] std::vector<const Subscription*> subscriptions() const;
  /// The region the org's ledger is in: its own, else its parent's, else the default.
  [[nodiscard]] std::string_view region_of(const Org& org, Day day) const {
    const Org* at = &org;
    while (at != nullptr && at->region.empty() && !at->parent_on(day).empty()) at = this->org(at->parent_on(day));
    return at == nullptr || at->region.empty() ? default_region : std::string_view(at->region);
  }
};

}  // namespace meterport::catalog
