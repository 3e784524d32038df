// Rows of billed usage as CSV text (here.md 3.2, 3.6): every cell quoted, inner quotes doubled, numbers with 4 decimals
// rounded half away from zero, lines ended by LF, the header's too.
//
// Text that repeats (orgs, charge items, dates) is made once and copied; a row allocates nothing. Not thread-safe; the
// orgs and charge items that rows point to must outlive the object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/decimal.h"
#include "base/instant.h"
#include "model/billed_usage.h"
#include "queries/billed_usage.h"

namespace meterport::exports {

class BilledCsv {
 public:
  /// `last`: the last day of the period, whose org names are printed.
  BilledCsv(const BilledUsageSpec& spec, Day last);

  /// With its line end.
  [[nodiscard]] std::string header() const;
  /// Appends one line with its line end.
  void append(std::string& out, const queries::BilledRow& row);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// Exact sums over all rows, whatever columns are printed.
  [[nodiscard]] const Total& quantity() const { return quantity_; }
  [[nodiscard]] const Total& billable() const { return billable_; }

 private:
  /// What usageFields chooses, and the two that stand or fall with the spec.
  enum Column : std::size_t {
    realm,
    category,
    feature_id,
    subscription,
    name,
    value_driver,
    billable_value,
    charge_number,
    usage_value,
    org_name,
    column_count
  };
  // All begin with a comma; empty where no column of theirs is printed.
  struct OrgText {
    std::string realm, name;
  };
  struct ItemText {
    std::string category, feature_id, name_and_unit;
  };
  [[nodiscard]] bool has(Column column) const { return has_.at(column); }
  const OrgText& org_text(const Org& org);
  const ItemText& item_text(const ChargeItem& item);
  void set_start(const std::optional<Instant>& start);
  void set_subscription(std::string_view id);

  bool by_app_, by_billing_tag_;
  Day last_;
  std::array<bool, column_count> has_{};

  std::uint64_t rows_ = 0;
  Total quantity_, billable_;
  std::optional<Instant> start_;
  std::string start_text_ = "\"\"";
  std::string subscription_, subscription_text_;
  const Org* last_org_ = nullptr;
  const OrgText* last_org_text_ = nullptr;
  const ChargeItem* last_item_ = nullptr;
  const ItemText* last_item_text_ = nullptr;
  std::unordered_map<const Org*, OrgText> orgs_;
  std::unordered_map<const ChargeItem*, ItemText> items_;
};

}  // namespace meterport::exports
