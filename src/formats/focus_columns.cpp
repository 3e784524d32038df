#include "formats/focus_columns.h"

#include <algorithm>

namespace meterport::formats {
namespace {

// in the order of FocusColumn
constexpr std::array<std::string_view, focus_column_count> names = {"BilledCost",
                                                                    "BillingAccountId",
                                                                    "BillingAccountName",
                                                                    "BillingCurrency",
                                                                    "ChargeCategory",
                                                                    "ChargePeriodStart",
                                                                    "ConsumedQuantity",
                                                                    "ConsumedUnit",
                                                                    "Id",
                                                                    "RegionId",
                                                                    "RegionName",
                                                                    "ResourceId",
                                                                    "ResourceName",
                                                                    "ResourceType",
                                                                    "ServiceCategory",
                                                                    "ServiceName",
                                                                    "SkuId",
                                                                    "SkuPriceId",
                                                                    "SubAccountId",
                                                                    "SubAccountName",
                                                                    "Tags",
                                                                    "x_Id"};
static_assert(names[static_cast<std::size_t>(FocusColumn::x_id)] == "x_Id");
static_assert(names[static_cast<std::size_t>(FocusColumn::resource_id)] == "ResourceId");

}  // namespace

FocusColumns::FocusColumns(const std::vector<std::string>& header) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = std::ranges::find(header, names[i]);
    places_[i] = found == header.end() ? none : static_cast<std::size_t>(found - header.begin());
  }
}

std::vector<FocusPropertySlot> focus_property_slots(const std::vector<std::string>& header, TextArena& arena) {
  std::vector<FocusPropertySlot> slots = {{"focus.layout", FocusPropertySlot::layout},
                                          {"focus.quoted", FocusPropertySlot::quoted}};
  for (std::size_t i = 0; i < header.size(); ++i) slots.push_back({arena.keep("focus." + header[i]), i});
  std::ranges::sort(slots, {}, &FocusPropertySlot::name);
  return slots;
}

}  // namespace meterport::formats
