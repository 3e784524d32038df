// Private to queries: meters and rate tables of a catalogue snapshot, looked up once per org, meter and stretch of days
// over which they are the same. One thread; lives as long as one piece of work.
#pragma once

#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "catalog/snapshot.h"

namespace meterport::queries {

/// The tier table of an org and meter, and the days [first, end) it holds for.
struct RateSpan {
  Day first, end;
  const std::vector<Rate>* tiers = nullptr;
};

/// The meter that an org's usage is on, and the days [first, end) it holds for.
struct MeterSpan {
  Day first, end;
  const Meter* meter = nullptr;
  [[nodiscard]] bool is_on(Day day) const { return meter != nullptr && day >= first && day < end; }
};

class RateBook {
 public:
  explicit RateBook(const catalog::Snapshot& catalogue) : catalogue_(catalogue) {}
  /// By the tree of now. internal: the snapshot does not know a meter that has usage.
  Result<const Meter*> meter(const Org& org, std::string_view id) const;
  /// By the tree of the day: an org that is moved to another tenant leaves its usage on the meters of the one before,
  /// also where both have a meter of that id. Errors as meter().
  Result<MeterSpan> meter_on(const Org& org, std::string_view id, Day day);
  RateSpan rates_on(const Meter& meter, const Org& org, Day day);
  /// Whether a table of more than one tier, of any meter of that id, may hold for the org on some day; false is
  /// certain.
  bool has_tiers(std::string_view meter_id, const Org& org) const;
  [[nodiscard]] const catalog::Snapshot& catalogue() const { return catalogue_; }

 private:
  struct MeterRates {
    bool differ_by_org = false;
    std::vector<Day> dates;  ///< on which a table begins
  };
  using Key = std::tuple<const Meter*, const Org*>;  ///< org null: the same for all
  struct Tables {
    std::vector<Day> breaks;  ///< days on which the table may change, ascending
    std::unordered_map<std::size_t, std::vector<Rate>> by_stretch;
  };

  const MeterRates& rates_of(const Meter& meter);
  Tables& tables_of(const Meter& meter, const Org& org);
  /// Days on which what is above the org changes.
  const std::vector<Day>& tree_breaks(const Org& org);
  /// Whether `above` is the org or over it on some day.
  [[nodiscard]] bool is_ever_over(std::string_view above, const Org& org) const;

  const catalog::Snapshot& catalogue_;
  std::unordered_map<const Org*, std::vector<Day>> tree_breaks_;
  std::unordered_map<const Meter*, MeterRates> meters_;
  std::map<Key, Tables> tables_;
};

}  // namespace meterport::queries
