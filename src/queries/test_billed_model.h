// For tests: billed usage as a slow model computes it, which follows the words of the contract and shares no code with
// what it judges; and the catalogue it knows by heart.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "model/billed_usage.h"
#include "queries/test_server.h"

namespace meterport::queries {

inline constexpr std::string_view catalogue_json = R"({
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "ids": {"here_realm": "zz-realm"}},
    {"id": "b-sub", "kind": "sub-org", "name": "B", "parent": "top"},
    {"id": "a-sub", "kind": "sub-org", "name": "A", "parent": "top"},
    {"id": "other", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [
    {"id": "plain", "name": "Plain", "category": "Maps"},
    {"id": "twin", "name": "Plain", "category": "M aps", "here": {"feature_id": "hrn:here:service::a-sub:plain"}},
    {"id": "hourly", "name": "Hourly", "here": {"category": "Location Services", "feature_id": "f:hourly"},
     "billing": {"free_per_month": "70", "block_size": "10"}},
    {"id": "monthly", "name": "Monthly", "here": {"name": "Plain", "category": "Maps", "value_driver": "GB"},
     "billing": {"free_per_month": "100.5", "block_size": "7", "hourly": false}},
    {"id": "allowance", "name": "Allowance", "billing": {"free_per_month": "30.25"}},
    {"id": "blocks", "name": "Blocks", "billing": {"block_size": "0.4"}},
    {"id": "sandboxes", "name": "Sandboxes", "category": "ORGS"}
  ],
  "subscriptions": [
    {"id": "s1", "name": "One", "org": "top", "charge_number": "C-1"},
    {"id": "S2", "name": "Two", "org": "a-sub"}
  ]
})";

inline constexpr Int128 one = 1'000'000'000'000'000'000;

/// What the catalogue above says, by hand.
struct Item {
  std::string feature, category, name, unit;
  Int128 free = 0, block = 0;
  bool hourly = true, has_rule = false;
};

inline std::string realm_by_hand(const std::string& org) {
  return org == "top" ? "zz-realm" : org;
}

inline Item item_by_hand(const Entry& e) {
  const std::string feature = fmt::format("hrn:here:service::{}:{}", realm_by_hand(e.org), e.meter);
  if (e.meter == "plain") return {feature, "Maps", "Plain", "1"};
  if (e.meter == "twin") return {"hrn:here:service::a-sub:plain", "Maps", "Plain", "1"};
  if (e.meter == "hourly") return {"f:hourly", "LocationServices", "Hourly", "1", 70 * one, 10 * one, true, true};
  if (e.meter == "monthly") return {feature, "Maps", "Plain", "GB", one * 1005 / 10, 7 * one, false, true};
  if (e.meter == "allowance") return {feature, "Other", "Allowance", "1", one * 3025 / 100, 0, true, true};
  return {feature, "Other", "Blocks", "1", 0, one * 4 / 10, true, true};
}

inline Int128 scaled(const std::string& quantity) {
  return Decimal::parse(quantity).value().scaled();
}

inline std::string project_by_hand(const Entry& e) {
  if (e.project.empty() || e.project.starts_with("hrn:")) return e.project;
  return "hrn:here:authorization::" + realm_by_hand(e.org) + ":project/" + e.project;
}

/// The account's B after these records, from its definition.
inline Int128 billable_after(const Item& item, const std::map<std::string, Int128>& sums_by_hour) {
  const auto up = [&](Int128 sum) {
    if (item.block == 0) return sum;
    Int128 blocks = sum / item.block;
    if (blocks * item.block < sum) ++blocks;
    return blocks * item.block;
  };
  Int128 all = 0, whole = 0;
  for (const auto& [hour, sum] : sums_by_hour) {
    all += up(sum);
    whole += sum;
  }
  if (!item.hourly) all = up(whole);
  return std::max<Int128>(0, all - item.free);
}

/// What is billable of each record, in the order given.
inline std::vector<Int128> billable_by_hand(const std::vector<Entry>& entries, std::uint64_t as_of) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].position <= as_of) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::tuple(entries[i].time, entries[i].position); });
  struct State {
    std::map<std::string, Int128> sums_by_hour;
    Int128 billed = 0;
  };
  std::map<std::string, State> accounts;
  std::vector<Int128> out(entries.size());
  for (const std::size_t i : order) {
    const Entry& e = entries[i];
    const Item item = item_by_hand(e);
    out[i] = scaled(e.quantity);
    if (!item.has_rule) continue;
    State& state = accounts[fmt::format("{}|{}|{}|{}", e.org, e.meter, e.subscription, e.time.substr(0, 7))];
    state.sums_by_hour[e.time.substr(0, 13)] += scaled(e.quantity);
    const Int128 after = billable_after(item, state.sums_by_hour);
    out[i] = after - state.billed;
    state.billed = after;
  }
  return out;
}

inline std::string window_by_hand(const Entry& e, Window window) {
  switch (window) {
    case Window::none:
      return "";
    case Window::hour:
      return e.time.substr(0, 13) + ":00:00Z";
    case Window::day:
      return e.time.substr(0, 10) + "T00:00:00Z";
    case Window::month:
      return e.time.substr(0, 7) + "-01T00:00:00Z";
  }
  return "";
}

inline bool is_shown(const Entry& e, const Item& item, const BilledUsageSpec& spec) {
  const auto equal_or_none = [](const std::string& filter, const std::string& value) {
    return filter.empty() || filter == value;
  };
  return equal_or_none(spec.feature_id, item.feature) && equal_or_none(spec.app, e.app_id) &&
         equal_or_none(spec.billing_tag, e.billing_tag) && equal_or_none(spec.project, project_by_hand(e)) &&
         (spec.category.empty() || (spec.category == "location Services" && item.category == "LocationServices")) &&
         (spec.subscriptions.empty() ||
          std::ranges::find(spec.subscriptions, e.subscription) != spec.subscriptions.end());
}

/// Of a part of the words: the first that is one.
inline std::string first_of(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return std::min(a, b);
}

inline std::string text_of(Int128 value) {
  return Total::from_scaled(Int256::from(value)).to_text();
}

}  // namespace meterport::queries
