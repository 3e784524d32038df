// Private to catalog: the rules between objects (crosswalk 2.1 "unique", 2.2), judged over the whole catalogue as it
// would be after a change.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/state.h"

namespace meterport::catalog {

/// Where the objects of a catalogue file stand in it, so that a broken rule can be shown there.
struct Places {
  std::map<std::string, std::size_t, std::less<>> orgs, regions;
  std::map<OwnedId, std::size_t> meters, subscriptions;

  // JSON pointers; "" for an object that the file does not name.
  [[nodiscard]] std::string org(std::string_view id, std::string_view member) const;
  [[nodiscard]] std::string meter(const OwnedId& key, std::string_view member) const;
  [[nodiscard]] std::string subscription(const OwnedId& key, std::string_view member) const;
};

/// `invalid` with the pointer of the first rule that does not hold. `own_region` is a region though regions[] is
/// silent.
Status check_rules(const State& state, const Places& places, Day today, std::string_view own_region);

/// True when `org` is `scope` or under it in the tree of the day.
bool covers_on(const State& state, std::string_view scope, std::string_view org, Day day);
/// True when the org is under the meter's owner on that day, or the meter is everyone's.
bool sees_meter(const State& state, std::string_view org, const std::string& id, Day day);

// Of a state whose tree is sound.
/// The production org above the org (itself for a production org) on that day.
const Org& top_on(const State& state, std::string_view org, Day day);
/// The days from which on the tree differs; the first stands for all time before.
std::vector<Day> tree_days(const State& state);

/// A rule's error: "<pointer>: <rule>", or the rule alone for an object that the file does not name.
std::unexpected<Error> broken(const std::string& pointer, std::string_view rule);

}  // namespace meterport::catalog
