// Catalogue objects as plain values: what crosswalk 2.2 says of orgs, meters, subscriptions, regions and users.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"

namespace meterport {

enum class OrgKind { production, additional_production, sandbox, sub_org };
enum class OrgStatus { active, disabled, deleted };
std::string_view to_string(OrgKind kind);      ///< "additional-production" as in the catalogue file
std::string_view to_string(OrgStatus status);  ///< "active" ...
std::optional<OrgKind> parse_org_kind(std::string_view text);
std::optional<OrgStatus> parse_org_status(std::string_view text);

/// The org fields that are versioned by date; an unset field keeps the earlier value.
struct OrgChange {
  Day valid_from;
  std::optional<std::string> name;
  std::optional<std::string> parent;
  std::optional<OrgStatus> status;
  std::optional<int> billing_anchor_day;
};

/// A region as the catalogue lists it. `url` and `key` ("ed25519:" and base64url, its public signing key) may be empty:
/// one that cannot be asked.
struct Region {
  std::string name, url, key;
  friend bool operator==(const Region&, const Region&) = default;
};
/// The region of orgs that name none, and of a server that is told none.
inline constexpr std::string_view default_region = "local";

struct Org {
  std::string id;
  OrgKind kind = OrgKind::production;
  std::string name;    ///< before the first history entry
  std::string parent;  ///< empty for production
  std::string region;  ///< empty: the parent's, or "local"
  std::string time_zone = "UTC";
  int billing_anchor_day = 1;
  std::string environment;
  std::string informatica_id, netsuite_account, here_realm;  ///< ids{}; empty = none
  std::vector<std::string> aliases;
  std::vector<std::string> usage_fields;
  std::string date_format = "M/D/YYYY";
  OrgStatus status = OrgStatus::active;
  std::vector<OrgChange> history;  ///< by valid_from

  // Values on a day: the last history entry not after it, else the plain field.
  [[nodiscard]] const std::string& name_on(Day day) const;
  [[nodiscard]] const std::string& parent_on(Day day) const;
  [[nodiscard]] OrgStatus status_on(Day day) const;
  [[nodiscard]] unsigned billing_anchor_on(Day day) const;
};

/// The billing period that holds the day, by the anchor that counts on it (crosswalk 4.3).
BillingPeriod billing_period_on(const Org& org, Day day);
/// First of the days up to `day` that lie, without a gap, in the same billing period as `day`: where its tiers begin to
/// fill. The period's own first day, but for a period that a change of the anchor cuts.
Day billing_period_start(const Org& org, Day day);

/// The id printed on the Informatica wire and in exports: `ids.informatica`, else the id (crosswalk 1.3).
const std::string& informatica_id_or_id(const Org& org);
/// A NetSuite account in the one form in which two are compared: upper case, '-' as '_' (crosswalk 2.1 "unique").
std::string normal_netsuite_account(std::string_view account);

}  // namespace meterport
