// Private to catalog: the subscriptions of one owner org and what they can be found by.
//
// States share accounts, so that a change elsewhere copies and indexes nothing of it. The index is made when it is
// first asked for (some 100 ms for 100,000 subscriptions) and kept for as long as the account. put() is for who alone
// holds the account and nobody has searched yet; the rest is const and thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/snapshot.h"
#include "model/subscription.h"

namespace meterport::catalog {

class Account {
 public:
  Account() = default;
  Account(const Account& other) : subscriptions_(other.subscriptions_) {}  ///< to be changed: without the index
  Account& operator=(const Account&) = delete;

  /// Adds, or replaces the one of that id.
  void put(Subscription subscription);

  [[nodiscard]] const auto& subscriptions() const { return subscriptions_; }
  /// Null: none.
  [[nodiscard]] const Subscription* subscription(std::string_view id) const;
  // What the Snapshot says of these (snapshot.h).
  [[nodiscard]] FoundSubscription find_subscription(std::string_view field, std::string_view value) const;
  [[nodiscard]] FoundLine find_line(std::string_view field, std::string_view value) const;
  [[nodiscard]] bool has_subscription_field(std::string_view field) const;
  [[nodiscard]] bool has_line_field(std::string_view field) const;

 private:
  /// Field, then value; views into the subscriptions.
  template <class Found>
  using ByField = std::unordered_map<std::string_view, std::unordered_map<std::string_view, Found>>;
  struct Index {
    ByField<FoundSubscription> subscriptions;
    ByField<FoundLine> lines;
  };

  const Index& index() const;
  static void add(Index& index, const Subscription& subscription);

  std::map<std::string, std::shared_ptr<const Subscription>, std::less<>> subscriptions_;  ///< by id
  mutable std::once_flag indexed_;
  mutable Index index_;  ///< after indexed_
};

}  // namespace meterport::catalog
