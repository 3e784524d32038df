#include "catalog/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalog/rules.h"

namespace meterport::catalog {
namespace {

using Texts = std::set<std::string, std::less<>>;

std::set<std::string_view> parents_ever(const Org& org) {
  std::set<std::string_view> out;
  if (!org.parent.empty()) out.insert(org.parent);
  for (const OrgChange& change : org.history) {
    if (change.parent && !change.parent->empty()) out.insert(*change.parent);
  }
  return out;
}

class Feed {
 public:
  Feed(const State& state, const Snapshot& snapshot, std::string_view own_region, Day today)
      : state_(state), snapshot_(snapshot), own_region_(own_region), today_(today) {}

  std::string text(std::string_view region) {
    choose_orgs(region);
    add_orgs_above();
    choose_meters();
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    write_regions(out);
    out.key("orgs").begin_array();
    for (const auto& [id, org] : given_.orgs) out.raw(org_to_json(*org));
    out.end_array().key("meters").begin_array();
    for (const auto& [key, meter] : given_.meters) out.raw(meter_to_json(*meter));
    out.end_array().key("subscriptions").begin_array();
    for (const Subscription* subscription : state_.subscriptions()) {
      if (whole_.contains(subscription->org)) out.raw(subscription_to_json(shown(*subscription)));
    }
    out.end_array().end_object();
    return text;
  }

 private:
  /// The production orgs that the org is under on some day.
  [[nodiscard]] std::set<std::string_view> tenants_of(const Org& org) const {
    std::vector<Day> days = snapshot_.tree_changes_above(org.id);
    days.push_back(Day{std::numeric_limits<std::int32_t>::min()});
    std::set<std::string_view> tenants;
    for (const Day day : days) tenants.insert(snapshot_.top_on(org.id, day)->id);
    return tenants;
  }
  [[nodiscard]] bool is_at_home_here(std::string_view tenant) const {
    return snapshot_.region_of(tenant) == own_region_;
  }

  void choose_orgs(std::string_view region) {
    std::set<std::string_view> tenants;
    for (const auto& [id, org] : state_.orgs) {
      if (snapshot_.region_of(id) != region) continue;
      for (const std::string_view tenant : tenants_of(*org)) {
        if (is_at_home_here(tenant)) tenants.insert(tenant);
      }
    }
    if (tenants.empty()) return;
    for (const auto& [id, org] : state_.orgs) {
      const auto own = tenants_of(*org);
      if (std::ranges::none_of(own, [&](std::string_view tenant) { return tenants.contains(tenant); })) continue;
      whole_.insert(id);
      given_.orgs.emplace(id, org);
    }
  }

  /// A history names orgs of other tenants: they are given alone, as without them the tree has holes.
  void add_orgs_above() {
    std::vector<const Org*> looked_at;
    for (const auto& [id, org] : given_.orgs) looked_at.push_back(org.get());
    for (std::size_t i = 0; i < looked_at.size(); ++i) {
      for (const std::string_view parent : parents_ever(*looked_at[i])) {
        if (given_.orgs.contains(parent) || !is_at_home_here(snapshot_.top_of(parent)->id)) continue;
        const auto& org = state_.orgs.find(parent)->second;
        given_.orgs.emplace(parent, org);
        looked_at.push_back(org.get());
      }
    }
  }

  void choose_meters() {
    for (const auto& [key, meter] : state_.meters) {
      if (!key.owner.empty() && !whole_.contains(key.owner)) continue;
      Meter shown = *meter;
      std::erase_if(shown.rates, [&](const Rate& rate) { return !rate.org.empty() && !whole_.contains(rate.org); });
      given_.put(std::move(shown));
    }
  }

  /// Without the lines of orgs and meters that are not given: the owner has left the tenant since.
  [[nodiscard]] Subscription shown(Subscription subscription) const {
    std::erase_if(subscription.lines, [&](const SubscriptionLine& line) {
      const std::string& org = subscription.org_of(line);
      return !given_.orgs.contains(org) || (!line.meter.empty() && !sees_meter(given_, org, line.meter, today_));
    });
    return subscription;
  }

  void write_regions(JsonWriter& out) const {
    std::set<std::string> names = {std::string(own_region_)};
    for (Region& region : snapshot_.regions()) names.insert(std::move(region.name));
    out.key("regions").begin_array();
    for (const std::string& name : names) out.begin_object().field("name", name).end_object();
    out.end_array();
  }

  const State& state_;
  const Snapshot& snapshot_;
  std::string_view own_region_;
  Day today_;
  Texts whole_;  ///< orgs of tenants that are given whole
  State given_;
};

/// What meters are found by.
struct MeterNames {
  Texts ids, features, aliases, slugs;

  void add(const Meter& meter) {
    ids.insert(meter.id);
    if (meter.here) features.insert(meter.here->feature_id);
    aliases.insert(meter.aliases.begin(), meter.aliases.end());
    if (meter.org.empty()) slugs.insert(block_text(meter.openmeter_json, "slug"));
  }
  [[nodiscard]] bool has_one_of(const Meter& meter) const {
    const auto is_in = [](const Texts& texts, const std::string& text) {
      return !text.empty() && texts.contains(text);
    };
    return ids.contains(meter.id) || (meter.here && is_in(features, meter.here->feature_id)) ||
           is_in(slugs, block_text(meter.openmeter_json, "slug")) ||
           std::ranges::any_of(meter.aliases, [&](const std::string& alias) { return aliases.contains(alias); });
  }
};

Result<std::string> name_of(const std::string& region_json) {
  const auto tree = parse_json(region_json);
  if (!tree) return fail(tree);
  const JsonValue* name = tree->find("name");
  return name == nullptr ? std::string() : name->text;
}

Status reduce_regions(const State& state, CatalogueFile& feed) {
  std::vector<std::string> added;
  for (const std::string& region : feed.regions_json) {
    auto name = name_of(region);
    if (!name) return fail(std::move(name));
    if (state.regions.contains(*name)) continue;
    JsonWriter out(added.emplace_back());
    out.begin_object().field("name", *name).end_object();
  }
  feed.regions_json = std::move(added);
  return {};
}

}  // namespace

std::string feed_text(const State& state, const Snapshot& snapshot, std::string_view own_region,
                      std::string_view region, Day today) {
  return Feed(state, snapshot, own_region, today).text(region);
}

Status reduce_feed(const State& state, CatalogueFile& feed) {
  Texts orgs;
  for (std::size_t i = 0; i < feed.orgs.size(); ++i) {
    if (feed.orgs[i].id.empty()) return broken(fmt::format("/orgs/{}/id", i), "is required");
    orgs.insert(feed.orgs[i].id);
  }
  if (auto fine = reduce_regions(state, feed); !fine) return fine;
  MeterNames here;
  for (const auto& [key, meter] : state.meters) here.add(*meter);
  std::erase_if(feed.meters, [&](const Meter& meter) { return meter.org.empty() && here.has_one_of(meter); });
  for (Meter& meter : feed.meters) {
    std::erase_if(meter.rates, [&](const Rate& rate) { return !rate.org.empty() && !orgs.contains(rate.org); });
  }
  return {};
}

}  // namespace meterport::catalog
