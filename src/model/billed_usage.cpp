#include "model/billed_usage.h"

#include "model/enum_names.h"

namespace meterport {
namespace {

constexpr names::Table<4> windows = {"none", "hour", "day", "month"};
static_assert(names::covers(windows, Window::month));

constexpr names::Table<3> charge_types = {"all", "billable", "nonBillable"};
static_assert(names::covers(charge_types, ChargeType::non_billable));

}  // namespace

std::string_view to_string(Window window) {
  return names::name_of(windows, window);
}
std::optional<Window> parse_window(std::string_view text) {
  return names::value_of<Window>(windows, text);
}

std::string_view to_string(ChargeType type) {
  return names::name_of(charge_types, type);
}
std::optional<ChargeType> parse_charge_type(std::string_view text) {
  return names::value_of<ChargeType>(charge_types, text);
}

}  // namespace meterport
