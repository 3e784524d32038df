#include "model/organization.h"

#include <string_view>

#include "model/enum_names.h"

namespace meterport {
namespace {

constexpr names::Table<4> kinds = {"production", "additional-production", "sandbox", "sub-org"};
static_assert(names::covers(kinds, OrgKind::sub_org));

constexpr names::Table<3> statuses = {"active", "disabled", "deleted"};
static_assert(names::covers(statuses, OrgStatus::deleted));

/// The field's value in the last entry not after `day` that sets it, else null (crosswalk 2.1, dates).
template <class T>
const T* latest(const std::vector<OrgChange>& history, Day day, std::optional<T> OrgChange::* field) {
  const T* found = nullptr;
  for (const OrgChange& change : history) {
    if (change.valid_from > day) break;
    if (const std::optional<T>& value = change.*field) found = &*value;
  }
  return found;
}

}  // namespace

std::string_view to_string(OrgKind kind) {
  return names::name_of(kinds, kind);
}
std::string_view to_string(OrgStatus status) {
  return names::name_of(statuses, status);
}
std::optional<OrgKind> parse_org_kind(std::string_view text) {
  return names::value_of<OrgKind>(kinds, text);
}
std::optional<OrgStatus> parse_org_status(std::string_view text) {
  return names::value_of<OrgStatus>(statuses, text);
}

const std::string& Org::name_on(Day day) const {
  const std::string* changed = latest(history, day, &OrgChange::name);
  return changed ? *changed : name;
}

const std::string& Org::parent_on(Day day) const {
  const std::string* changed = latest(history, day, &OrgChange::parent);
  return changed ? *changed : parent;
}

OrgStatus Org::status_on(Day day) const {
  const OrgStatus* changed = latest(history, day, &OrgChange::status);
  return changed ? *changed : status;
}

unsigned Org::billing_anchor_on(Day day) const {
  const int* changed = latest(history, day, &OrgChange::billing_anchor_day);
  return static_cast<unsigned>(changed ? *changed : billing_anchor_day);
}

BillingPeriod billing_period_on(const Org& org, Day day) {
  return billing_period_of(day, org.billing_anchor_on(day));
}

Day billing_period_start(const Org& org, Day day) {
  const BillingPeriod period = billing_period_on(org, day);
  while (day > period.first && billing_period_on(org, day.plus(-1)) == period) day = day.plus(-1);
  return day;
}

const std::string& informatica_id_or_id(const Org& org) {
  return org.informatica_id.empty() ? org.id : org.informatica_id;
}

std::string normal_netsuite_account(std::string_view account) {
  std::string out(account);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return out;
}

}  // namespace meterport
