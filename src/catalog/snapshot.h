// An immutable picture of the catalogue at one position, for the hot path and for exports. Shared by pointer; all
// members const and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/meter.h"
#include "model/organization.h"
#include "model/principal.h"
#include "model/subscription.h"

namespace meterport::catalog {

/// How many objects of an account a value fits.
enum class Count { none, one, several };

struct FoundSubscription {
  Count count = Count::none;
  const Subscription* subscription = nullptr;  ///< null unless it is the one
  friend bool operator==(const FoundSubscription&, const FoundSubscription&) = default;
};
struct FoundLine {
  Count count = Count::none;
  const Subscription* subscription = nullptr;  ///< null unless the line is the one
  const SubscriptionLine* line = nullptr;
  friend bool operator==(const FoundLine&, const FoundLine&) = default;
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// Position of the last catalogue record this picture includes.
  [[nodiscard]] virtual std::uint64_t position() const = 0;

  // All pointers live as long as the snapshot; null = none.
  [[nodiscard]] virtual const Org* org(std::string_view id) const = 0;
  /// By `ids.informatica`, else by id.
  [[nodiscard]] virtual const Org* org_by_informatica_id(std::string_view id) const = 0;
  /// By `ids.netsuite_account`, ignoring case and with '-' taken as '_'.
  [[nodiscard]] virtual const Org* org_by_netsuite_account(std::string_view account) const = 0;
  /// By `ids.here_realm`, else by an id that is a realm (model/charge_item.h).
  [[nodiscard]] virtual const Org* org_by_realm(std::string_view realm) const = 0;
  /// By alias among the orgs under that parent.
  [[nodiscard]] virtual const Org* org_by_alias(std::string_view parent, std::string_view alias) const = 0;
  [[nodiscard]] virtual std::vector<const Org*> orgs() const = 0;  ///< by id
  [[nodiscard]] virtual std::vector<const Org*> children(
      std::string_view org) const = 0;  ///< by id, in the tree of the picture's day
  /// The region that the org's ledger is in: its own, else that of the org above it; "local" if none says. Never
  /// changes. Empty: no such org.
  [[nodiscard]] virtual std::string_view region_of(std::string_view org) const = 0;
  /// By name. One that only orgs name has neither URL nor key.
  [[nodiscard]] virtual std::vector<Region> regions() const = 0;
  /// The production org at the top of the org's tree (itself for a production org).
  [[nodiscard]] virtual const Org* top_of(std::string_view org) const = 0;
  /// All orgs under the same production org, that one included, by id.
  [[nodiscard]] virtual std::vector<const Org*> linked(std::string_view org) const = 0;
  /// True when `org` is `scope` or under it. The one rule of who may see what.
  [[nodiscard]] virtual bool covers(std::string_view scope, std::string_view org) const = 0;

  // The tree of any day (crosswalk 2.1 "versioned by date"); the members above are of the picture's own day.
  [[nodiscard]] const Org* top_on(std::string_view org, Day day) const;
  [[nodiscard]] bool covers_on(std::string_view scope, std::string_view org, Day day) const;
  /// Days on which the org, or one that is ever above it, gets another parent, ascending, each once: between two of
  /// them all that is above it stays.
  [[nodiscard]] std::vector<Day> tree_changes_above(std::string_view org) const;

  /// The meter of that id visible to the org: owned by it or an org above it, or everyone's.
  [[nodiscard]] virtual const Meter* meter(std::string_view org, std::string_view id) const = 0;
  /// The same by the tree of that day.
  [[nodiscard]] const Meter* meter_on(std::string_view org, std::string_view id, Day day) const;
  /// What the org's usage of that day is on: the meter that it saw on the day, else the one it sees now. What it sees
  /// neither then nor now (it was moved before or after): one of its tenant's, else of any. Null: none has the id.
  [[nodiscard]] const Meter* meter_of_usage(std::string_view org, std::string_view id, Day day) const;
  [[nodiscard]] const Meter* meter_of_usage(std::string_view org, std::string_view id) const;  ///< by the tree of now
  /// The org sees a meter of that id now, or saw one on some of the days [first, last].
  [[nodiscard]] bool sees_meter(std::string_view org, std::string_view id, Day first, Day last) const;
  [[nodiscard]] virtual const Meter* meter_by_alias(std::string_view org, std::string_view alias) const = 0;
  [[nodiscard]] virtual std::vector<const Meter*> meters() const = 0;                           ///< by id, then owner
  [[nodiscard]] virtual std::vector<const Meter*> meters_of_id(std::string_view id) const = 0;  ///< by owner
  [[nodiscard]] virtual std::vector<const Meter*> meters_visible_to(std::string_view org) const = 0;
  /// The tier table that holds for the org on the day (record's org, each org above it, then everyone's); by
  /// tier_from; empty = no rate valid.
  [[nodiscard]] virtual std::vector<Rate> rates_on(const Meter& meter, std::string_view org, Day day) const = 0;

  // Subscriptions. Ids, names and fields are judged inside one owner account; an unknown owner has none.
  [[nodiscard]] virtual const Subscription* subscription(std::string_view owner, std::string_view id) const = 0;
  [[nodiscard]] virtual std::vector<const Subscription*> subscriptions() const = 0;  ///< by id, then owner
  /// The subscription of that id whose owner is the org or nearest above it.
  [[nodiscard]] virtual const Subscription* subscription_seen_by(std::string_view org, std::string_view id) const = 0;
  /// By a key of `fields` or `internalid` (the id), `name`, `customer`; values are compared as text. A custom field of
  /// such a name is passed over. The account's first search makes its index.
  [[nodiscard]] virtual FoundSubscription find_subscription(std::string_view owner, std::string_view field,
                                                            std::string_view value) const = 0;
  /// By a key of a line's `fields` or `internalid` (the line's id), `item`.
  [[nodiscard]] virtual FoundLine find_line(std::string_view owner, std::string_view field,
                                            std::string_view value) const = 0;
  /// True for the names above and for keys that any subscription, any line of the account carries.
  [[nodiscard]] virtual bool has_subscription_field(std::string_view owner, std::string_view field) const = 0;
  [[nodiscard]] virtual bool has_line_field(std::string_view owner, std::string_view field) const = 0;

  /// True when a grant of the role (or admin) covers the org.
  [[nodiscard]] bool allows(const Principal& principal, Role role, std::string_view org) const;
  /// The same by the tree of that day.
  [[nodiscard]] bool allows_on(const Principal& principal, Role role, std::string_view org, Day day) const;
  /// True when any role but operator covers the org.
  [[nodiscard]] bool may_know(const Principal& principal, std::string_view org) const;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace meterport::catalog
