// Private to exports: rows of the kind "asset" as CSV text (informatica.md 7.5, crosswalk 1.3), and the control totals
// of what was printed.
//
// Text that repeats (meters, orgs, days, tiers) is made once and copied; a row allocates nothing. Not thread-safe; the
// catalogue whose orgs and meters the rows point to must outlive the object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"
#include "exports/control_total.h"
#include "model/meter.h"
#include "model/organization.h"
#include "queries/queries.h"

namespace meterport::exports {

/// Without line end.
std::string_view asset_header();

class AssetCsv {
 public:
  /// Appends one line with its line end.
  void append(std::string& out, const queries::AssetRow& row);

  /// By meter id.
  [[nodiscard]] std::vector<ControlTotal> totals() const;

 private:
  struct Sums {
    std::uint64_t rows = 0;
    Total quantity;
    Consumption ipu;
  };
  void set_meter(const Meter& meter, Day day);
  void set_tier(const rating::TierPart& part);
  const std::string& org_text(const Org& org);

  const Meter* meter_ = nullptr;
  std::optional<Day> day_;
  std::string head_;       ///< "<meter id>,<its name that day>,<date>," of the two above
  Sums* sums_ = nullptr;   ///< of meter_
  std::string tier_text_;  ///< ",<tier>,<rate>," of the three below; empty: none yet
  Decimal tier_from_, rate_;
  std::optional<Decimal> tier_to_;
  const Org* org_ = nullptr;
  const std::string* org_text_ = nullptr;
  std::unordered_map<const Org*, std::string> org_texts_;  ///< ",<org id>,<type>,"
  std::unordered_map<const Meter*, Sums> meters_;
};

}  // namespace meterport::exports
