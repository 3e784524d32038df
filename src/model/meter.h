// A meter: what is counted, under which dated names, at which dated and tiered rates (crosswalk 2.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"

namespace meterport {

struct DatedName {
  std::optional<Day> valid_from;  ///< none = always
  std::string name;
};

/// IPU per scalar unit. Entries of one org and valid_from are one tier table.
struct Rate {
  std::optional<Day> valid_from;
  std::string org;    ///< empty = everyone
  Decimal tier_from;  ///< in scalars
  Decimal ipu_per_unit;
};

/// The meter's names on the HERE wire; empty = its own (crosswalk 1.5).
struct HereNames {
  std::string feature_id, name, category, value_driver;
  friend bool operator==(const HereNames&, const HereNames&) = default;
};

/// How much of the usage is billable (crosswalk 2.2 "Billable quantity").
struct BillingRule {
  Decimal free_per_month;  ///< in the meter's unit; not negative
  Decimal block_size;      ///< sums are rounded up to whole blocks; 0: not rounded
  bool hourly = true;      ///< each hour's sum is rounded, else the month's
  friend bool operator==(const BillingRule&, const BillingRule&) = default;
};

struct Meter {
  std::string id;
  std::vector<DatedName> names;  ///< by valid_from, the undated first
  std::string unit = "1";
  std::string scalar;  ///< empty: the unit
  Decimal divisor = Decimal::from_integer(1);
  std::string category;  ///< empty = none
  std::vector<Rate> rates;
  std::string org;  ///< owner; empty = everyone's
  std::vector<std::string> aliases;
  std::optional<HereNames> here;
  std::optional<BillingRule> billing;  ///< none: all usage is billable
  /// The block of the OpenMeter wire, kept as the JSON text of the catalogue file: checked, stored and exported now,
  /// given effect by that dialect.
  std::string openmeter_json;

  [[nodiscard]] const std::string& name_on(Day day) const;
  [[nodiscard]] const std::string& scalar_or_unit() const { return scalar.empty() ? unit : scalar; }
  /// Category ORGS: rows are made by the server, records on it are refused.
  [[nodiscard]] bool is_made_by_server() const { return category == "ORGS"; }
  /// Category RECORDS_STORED: from its first record on, an org has a row of every day, also of usage 0.
  [[nodiscard]] bool has_row_every_day() const { return category == "RECORDS_STORED"; }
};

/// The divisor a known scalar brings (informatica.md 8: MILLION_ROWS -> 1,000,000); none for others.
std::optional<Decimal> divisor_of_scalar(std::string_view scalar);

}  // namespace meterport
