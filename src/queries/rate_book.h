// Private to queries: meters and rate tables of a catalogue snapshot, looked up once per org, meter and stretch of days
// over which they are the same. One thread; lives as long as one piece of work.
#pragma once

#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "catalog/snapshot.h"

namespace meterport::queries {

/// The tier table of an org and meter, and the days [first, end) it holds for.
struct RateSpan {
  Day first, end;
  const std::vector<Rate>* tiers = nullptr;
};

/// What an org means by a meter's id, and the days [first, end) over which it does.
struct MeterSpan {
  Day first, end;
  const Meter* meter = nullptr;
};

class RateBook {
 public:
  explicit RateBook(const catalog::Snapshot& catalogue);
  /// As the org sees it in the tree of the catalogue's own day. internal: the snapshot does not know a meter that has
  /// usage.
  Result<const Meter*> meter(const Org& org, std::string_view id) const;
  /// As the org saw it in the tree of that day; where it saw none, as meter().
  Result<MeterSpan> meter_on(const Org& org, std::string_view id, Day day) const;
  RateSpan rates_on(const Meter& meter, const Org& org, Day day);
  /// Whether a table of more than one tier may hold for the org on some day; false is certain.
  bool has_tiers(const Meter& meter, const Org& org) const;

 private:
  struct MeterRates {
    bool differ_by_org = false;
    std::vector<Day> breaks;  ///< days on which the table may change, ascending
  };
  using Key = std::tuple<const Meter*, const Org*, Day>;  ///< org null: the same for all; first day of the stretch

  const MeterRates& rates_of(const Meter& meter);
  /// Whether `above` is the org or over it on some day.
  [[nodiscard]] bool is_ever_over(std::string_view above, const Org& org) const;

  const catalog::Snapshot& catalogue_;
  std::vector<Day> tree_breaks_;                    ///< days on which an org changed its parent
  std::unordered_set<std::string_view> owned_ids_;  ///< of meters that are not everyone's; empty: the tree stays
  std::unordered_map<const Meter*, MeterRates> meters_;
  std::map<Key, std::vector<Rate>> tables_;
};

}  // namespace meterport::queries
