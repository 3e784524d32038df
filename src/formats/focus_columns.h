// Private to formats: the columns of a FOCUS file that mean something to the importer, and the names under which all
// columns are kept (crosswalk 1.7, 5.4).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/usage_record.h"

namespace meterport::formats {

enum class FocusColumn : std::size_t {
  billed_cost,
  billing_account_id,
  billing_account_name,
  billing_currency,
  charge_category,
  charge_period_start,
  consumed_quantity,
  consumed_unit,
  id,
  region_id,
  region_name,
  resource_id,
  resource_name,
  resource_type,
  service_category,
  service_name,
  sku_id,
  sku_price_id,
  sub_account_id,
  sub_account_name,
  tags,
  x_id,
};
inline constexpr std::size_t focus_column_count = static_cast<std::size_t>(FocusColumn::x_id) + 1;

/// Where each of them stands in one file.
class FocusColumns {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  explicit FocusColumns(const std::vector<std::string>& header);
  [[nodiscard]] std::size_t at(FocusColumn column) const { return places_[static_cast<std::size_t>(column)]; }

 private:
  std::array<std::size_t, focus_column_count> places_;
};

/// One verbatim property: its full name and the column it shows, or one of the two form properties.
struct FocusPropertySlot {
  static constexpr std::size_t layout = static_cast<std::size_t>(-1);
  static constexpr std::size_t quoted = static_cast<std::size_t>(-2);
  std::string_view name;
  std::size_t column = 0;
};

/// Sorted by name; the names live in the arena.
std::vector<FocusPropertySlot> focus_property_slots(const std::vector<std::string>& header, TextArena& arena);

}  // namespace meterport::formats
