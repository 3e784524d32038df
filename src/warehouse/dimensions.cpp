#include <array>

#include "warehouse/warehouse.h"

namespace meterport::warehouse {

namespace {

constexpr std::array<std::string_view, dimension_count> names = {
    "org",        "meter",          "project",          "folder",           "asset_name",
    "asset_type", "environment_id", "environment_name", "environment_type", "subscription",
    "app_id",     "app_name",       "app_hrn",          "billing_tag",      "channel",
    "category",
};
static_assert(static_cast<std::size_t>(Dimension::category) + 1 == dimension_count && !names.back().empty());

}  // namespace

std::string_view column_name(Dimension dimension) {
  return names.at(static_cast<std::size_t>(dimension));
}

}  // namespace meterport::warehouse
