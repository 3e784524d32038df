// How a meter is called where its usage is billed (crosswalk 1.5): HERE's words, which the core knows because rows are
// ordered and added up by them. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/meter.h"
#include "model/organization.h"

namespace meterport {

/// The org's name as a realm: `ids.here_realm`, else its id if that is one; empty: the org can't be reached as a realm.
std::string_view realm_of(const Org& org);
/// 5 to 30 of A-Z a-z 0-9 - _ (here.md 2.1).
bool is_realm(std::string_view text);

struct ChargeItem {
  std::string feature_id;  ///< here.feature_id, else hrn:here:service::<realm>:<meter id>
  std::string category;    ///< here.category, else the meter's, else "Other"; without blanks
  std::string name;        ///< here.name, else the meter's name on that day
  std::string unit;        ///< here.value_driver, else the meter's unit
  friend bool operator==(const ChargeItem&, const ChargeItem&) = default;
};
/// `last`: the last day of the period.
ChargeItem charge_item_of(const Meter& meter, const Org& org, Day last);

/// `project` if it begins "hrn:" (or is empty), else hrn:here:authorization::<realm>:project/<project>.
std::string project_hrn(std::string_view realm, std::string_view project);
/// What stands for the realm in such an HRN; none: `hrn` has another form or names no project.
std::optional<std::string_view> realm_of_project(std::string_view hrn);

/// The text without blanks (space and tab).
std::string without_blanks(std::string_view text);

}  // namespace meterport
