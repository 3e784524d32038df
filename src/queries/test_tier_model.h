// For tests: random usage of tiered meters, and a slow model of what it costs that walks unit by unit.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "queries/test_server.h"

namespace meterport::queries {

/// Meter "steps" counts in tens; "a-sub" has a table of its own, with a date.
constexpr std::string_view tier_catalogue = R"({
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "billing_anchor_day": 20},
    {"id": "a-sub", "kind": "sub-org", "name": "A", "parent": "top", "billing_anchor_day": 5},
    {"id": "alone", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [
    {"id": "steps", "name": "Steps", "divisor": "10", "rates": [
      {"ipu_per_unit": "7"}, {"tier_from": "6", "ipu_per_unit": "3"}, {"tier_from": "12", "ipu_per_unit": "1"},
      {"org": "a-sub", "ipu_per_unit": "9"}, {"org": "a-sub", "tier_from": "4.5", "ipu_per_unit": "2"},
      {"org": "a-sub", "valid_from": "2024-09-08", "ipu_per_unit": "8"},
      {"org": "a-sub", "valid_from": "2024-09-08", "tier_from": "5", "ipu_per_unit": "4"}]},
    {"id": "flat", "name": "Flat", "divisor": "3", "rates": [{"ipu_per_unit": "0.5"}]},
    {"id": "free", "name": "Free"},
    {"id": "sandboxes", "name": "Sandboxes", "category": "ORGS", "rates": [{"ipu_per_unit": "5"}]}
  ]
})";

/// The tables above once more, in units.
struct ModelTier {
  long from = 0;
  std::string rate = "0";
};
inline std::vector<ModelTier> model_tiers(const std::string& org, const std::string& meter, const std::string& day) {
  if (meter == "flat") return {{0, "0.5"}};
  if (meter == "free") return {{0, "0"}};
  if (org != "a-sub") return {{0, "7"}, {60, "3"}, {120, "1"}};
  if (day < "2024-09-08") return {{0, "9"}, {45, "2"}};
  return {{0, "8"}, {50, "4"}};
}
inline long model_divisor(const std::string& meter) {
  return meter == "steps" ? 10 : meter == "flat" ? 3 : 1;
}

/// A text whose absence comes last.
struct LastIfNone {
  std::string text;
  friend std::strong_ordering operator<=>(const LastIfNone& a, const LastIfNone& b) {
    if (a.text.empty() != b.text.empty()) return a.text.empty() <=> b.text.empty();
    return a.text.compare(b.text) <=> 0;
  }
  friend bool operator==(const LastIfNone&, const LastIfNone&) = default;
};

/// What of a piece of usage fell into one tier.
struct ModelPart {
  std::string org, meter, day;
  LastIfNone project, folder, asset_name, asset_type, environment_name, environment_type;
  std::size_t tier = 0;
  std::vector<ModelTier> tiers;
  long units = 0;

  [[nodiscard]] Consumption consumption() const {
    Consumption sum;
    sum.add(Total(Decimal::from_integer(units)), Decimal::parse(tiers[tier].rate).value(),
            Decimal::from_integer(model_divisor(meter)));
    return sum;
  }
};

class TierModelTest : public TestServer {
 protected:
  TierModelTest() { apply(tier_catalogue); }

  void ingest_random(int count, unsigned seed) {
    std::mt19937 random(seed);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> fresh;
    for (int i = 0; i < count; ++i) {
      const unsigned day = random() % 45;  // from 10 August to 23 September
      Entry entry{.org = one_of({"top", "a-sub", "alone"}),
                  .meter = one_of({"steps", "steps", "flat", "free", "sandboxes"}),
                  .time = fmt::format("{}T{:02}:00:00Z",
                                      format_day(day_from({2024, 8, 10}).plus(static_cast<int>(day))), random() % 24),
                  .quantity = std::to_string(static_cast<int>(random() % 30) - (random() % 3 == 0 ? 30 : 4)),
                  .project = one_of({"p1", "P2", ""}),
                  .folder = one_of({"f", ""})};
      entry.asset_name = one_of({"m1", "m1", "\u00e4", ""});
      entry.asset_type = entry.asset_name.empty() ? "" : one_of({"MCT", "MAPPING"});
      entry.environment_id = one_of({"1", "2"});
      entry.environment_name = one_of({"agents", ""});
      entry.environment_type = one_of({"Serverless", ""});
      fresh.push_back(std::move(entry));
    }
    ingest(fresh);
    entries_.insert(entries_.end(), fresh.begin(), fresh.end());
  }

  /// Everything ever used, by tier.
  [[nodiscard]] std::vector<ModelPart> model() const {
    std::map<std::tuple<std::string, std::string, std::string, LastIfNone, LastIfNone, LastIfNone, LastIfNone,
                        LastIfNone, LastIfNone>,
             long>
        pieces;
    for (const Entry& e : entries_) {
      pieces[{e.org,
              e.meter,
              e.time.substr(0, 10),
              {e.project},
              {e.folder},
              {e.asset_name},
              {e.asset_type},
              {e.environment_name},
              {e.environment_type}}] += std::stol(e.quantity);
    }
    std::map<std::tuple<std::string, std::string, std::string>, long> counters;
    std::vector<ModelPart> parts;
    for (const auto& [key, units] : pieces) {
      ModelPart part;
      std::tie(part.org, part.meter, part.day, part.project, part.folder, part.asset_name, part.asset_type,
               part.environment_name, part.environment_type) = key;
      if (part.meter == "sandboxes") continue;
      part.tiers = model_tiers(part.org, part.meter, part.day);
      walk(part, units, counters[{part.org, part.meter, period_of(part.org, part.day)}], parts);
    }
    return parts;
  }

  /// "top" is in the report on all of its days, "a-sub" on some.
  static ReportOrgs report(const catalog::Snapshot& catalogue) {
    return {{catalogue.org("top"), {{september(1), september(15)}}},
            {catalogue.org("a-sub"), {{september(2), september(7)}, {september(9), september(13)}}}};
  }
  static bool is_reported(const ModelPart& part) {
    if (part.org == "alone" || part.day < "2024-09-01" || part.day > "2024-09-14") return false;
    return part.org == "top" || (part.day >= "2024-09-02" && part.day < "2024-09-07") ||
           (part.day >= "2024-09-09" && part.day < "2024-09-13");
  }
  static int rank_of(const std::string& org) { return org == "top" ? 0 : 1; }
  static Day september(unsigned day) { return day_from({2024, 9, day}); }

  std::vector<Entry> entries_;

 private:
  static std::string period_of(const std::string& org, const std::string& day) {
    const std::string anchor = org == "top" ? "20" : org == "a-sub" ? "05" : "01";
    const int month = std::stoi(day.substr(5, 2));
    return std::to_string(day.substr(8) >= anchor ? month : month - 1);
  }
  /// Unit by unit: one that goes on ends up above the counter, one that is taken back was below it.
  static void walk(ModelPart part, long units, long& counter, std::vector<ModelPart>& parts) {
    const auto tier_of = [&](long unit) {
      std::size_t tier = 0;
      while (tier + 1 < part.tiers.size() && part.tiers[tier + 1].from <= unit) ++tier;
      return tier;
    };
    std::map<std::size_t, long> by_tier;
    if (units == 0) by_tier[tier_of(counter)] = 0;
    for (; units > 0; --units) ++by_tier[tier_of(counter++)];
    for (; units < 0; ++units) --by_tier[tier_of(--counter)];
    for (const auto& [tier, sum] : by_tier) {
      part.tier = tier;
      part.units = sum;
      parts.push_back(part);
    }
  }
};

}  // namespace meterport::queries
