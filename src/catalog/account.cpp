#include "catalog/account.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace meterport::catalog {
namespace {

// crosswalk 1.4: names besides the custom fields, in whose place no custom field of that name comes.
constexpr std::array<std::string_view, 3> subscription_fields = {"internalid", "name", "customer"};
constexpr std::array<std::string_view, 2> line_fields = {"internalid", "item"};

template <std::size_t N>
bool is_built_in(const std::array<std::string_view, N>& fields, std::string_view field) {
  return std::ranges::find(fields, field) != fields.end();
}

template <class ByField, class Found>
void add_value(ByField& index, std::string_view field, std::string_view value, const Found& object) {
  const auto [it, is_new] = index[field].try_emplace(value, object);
  if (!is_new && it->second != object) it->second = Found{.count = Count::several};
}

template <class ByField, class Found, std::size_t N>
void add_custom_fields(ByField& index, const std::vector<CustomField>& fields, const Found& object,
                       const std::array<std::string_view, N>& built_in) {
  for (const CustomField& field : fields) {
    if (!is_built_in(built_in, field.name)) add_value(index, field.name, field.value, object);
  }
}

/// A member that holds nothing is not to be found by "".
template <class ByField, class Found>
void add_built_in(ByField& index, std::string_view field, std::string_view value, const Found& object) {
  if (!value.empty()) add_value(index, field, value, object);
}

template <class ByField>
auto found_in(const ByField& index, std::string_view field, std::string_view value) {
  typename ByField::mapped_type::mapped_type found;
  const auto values = index.find(field);
  if (values == index.end()) return found;
  const auto it = values->second.find(value);
  if (it != values->second.end()) found = it->second;
  return found;
}

}  // namespace

void Account::put(Subscription subscription) {
  auto shared = std::make_shared<const Subscription>(std::move(subscription));
  subscriptions_.insert_or_assign(shared->id, shared);
}

const Subscription* Account::subscription(std::string_view id) const {
  const auto it = subscriptions_.find(id);
  return it == subscriptions_.end() ? nullptr : it->second.get();
}

FoundSubscription Account::find_subscription(std::string_view field, std::string_view value) const {
  return found_in(index().subscriptions, field, value);
}

FoundLine Account::find_line(std::string_view field, std::string_view value) const {
  return found_in(index().lines, field, value);
}

bool Account::has_subscription_field(std::string_view field) const {
  return is_built_in(subscription_fields, field) || index().subscriptions.contains(field);
}

bool Account::has_line_field(std::string_view field) const {
  return is_built_in(line_fields, field) || index().lines.contains(field);
}

const Account::Index& Account::index() const {
  std::call_once(indexed_, [this] {
    for (const auto& [id, subscription] : subscriptions_) add(index_, *subscription);
  });
  return index_;
}

void Account::add(Index& index, const Subscription& subscription) {
  const FoundSubscription found{Count::one, &subscription};
  add_built_in(index.subscriptions, "internalid", subscription.id, found);
  add_built_in(index.subscriptions, "name", subscription.name, found);
  add_built_in(index.subscriptions, "customer", subscription.customer, found);
  add_custom_fields(index.subscriptions, subscription.fields, found, subscription_fields);
  for (const SubscriptionLine& line : subscription.lines) {
    const FoundLine found_line{Count::one, &subscription, &line};
    add_built_in(index.lines, "internalid", line.id, found_line);
    add_built_in(index.lines, "item", line.item, found_line);
    add_custom_fields(index.lines, line.fields, found_line, line_fields);
  }
}

}  // namespace meterport::catalog
