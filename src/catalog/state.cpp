#include "catalog/state.h"

#include <algorithm>

namespace meterport::catalog {

std::vector<const Subscription*> State::subscriptions() const {
  std::vector<const Subscription*> out;
  for (const auto& [owner, account] : accounts) {
    for (const auto& [id, subscription] : account->subscriptions()) out.push_back(subscription.get());
  }
  if (accounts.size() > 1) {  // those of one account are in order already
    std::ranges::sort(out, [](const Subscription* a, const Subscription* b) {
      return std::tie(a->id, a->org) < std::tie(b->id, b->org);
    });
  }
  return out;
}

}  // namespace meterport::catalog
