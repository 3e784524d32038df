#include "model/charge_item.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterport {
namespace {

constexpr std::size_t realm_characters_min = 5, realm_characters_max = 30;

constexpr std::string_view project_prefix = "hrn:here:authorization::";
constexpr std::string_view project_infix = ":project/";

bool is_realm_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

const std::string& first_given(const std::string& a, const std::string& b) {
  return a.empty() ? b : a;
}

}  // namespace

bool is_realm(std::string_view text) {
  return text.size() >= realm_characters_min && text.size() <= realm_characters_max &&
         std::ranges::all_of(text, is_realm_character);
}

std::string_view realm_of(const Org& org) {
  if (!org.here_realm.empty()) return org.here_realm;
  return is_realm(org.id) ? std::string_view(org.id) : std::string_view();
}

ChargeItem charge_item_of(const Meter& meter, const Org& org, Day last) {
  static const HereNames none;
  const HereNames& names = meter.here ? *meter.here : none;
  ChargeItem item;
  item.feature_id =
      names.feature_id.empty() ? fmt::format("hrn:here:service::{}:{}", realm_of(org), meter.id) : names.feature_id;
  item.category = without_blanks(first_given(names.category, meter.category));
  if (item.category.empty()) item.category = "Other";
  item.name = first_given(names.name, meter.name_on(last));
  item.unit = first_given(names.value_driver, meter.unit);
  return item;
}

std::string project_hrn(std::string_view realm, std::string_view project) {
  if (project.empty() || project.starts_with("hrn:")) return std::string(project);
  return fmt::format("{}{}{}{}", project_prefix, realm, project_infix, project);
}

std::optional<std::string_view> realm_of_project(std::string_view hrn) {
  if (!hrn.starts_with(project_prefix)) return std::nullopt;
  hrn.remove_prefix(project_prefix.size());
  const std::string_view realm = hrn.substr(0, hrn.find(':'));
  hrn.remove_prefix(realm.size());
  if (!hrn.starts_with(project_infix) || hrn.size() == project_infix.size()) return std::nullopt;
  return realm;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return c != ' ' && c != '\t'; });
  return out;
}

}  // namespace meterport
