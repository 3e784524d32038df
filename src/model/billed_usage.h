// What an answer or export of billed usage shows: raw and billable quantities of charge items, per subscription and
// maybe window, app, project, billing tag (here.md 2.2, 3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"

namespace meterport {

/// Into which stretches a period's usage is added up.
enum class Window : std::uint8_t { none, hour, day, month };
std::string_view to_string(Window window);  ///< "none", "hour", "day", "month"
std::optional<Window> parse_window(std::string_view text);

/// Which rows: all, those with a billable quantity above zero, the others.
enum class ChargeType : std::uint8_t { all, billable, non_billable };
std::string_view to_string(ChargeType type);  ///< "all", "billable", "nonBillable"
std::optional<ChargeType> parse_charge_type(std::string_view text);

/// What stands for no billing tag where rows are grouped by it (here.md 3.1). A tag of this text is none too: a printed
/// key has one row.
inline constexpr std::string_view no_billing_tag = "N/A";

struct BilledUsageSpec {
  std::vector<std::string> orgs;  ///< ids: whose usage; empty: the requesting org's alone (not that of orgs under it)
  Window window = Window::none;   ///< UTC
  bool by_app = false, by_project = false, by_billing_tag = false;  ///< besides charge item and subscription

  // Filters; empty = none. All must hold. They choose records, never how much of them is billable.
  std::string feature_id, app, billing_tag;  ///< whole texts, case-sensitive
  std::string category;                      ///< of the charge item, without blanks; compared ignoring case
  std::string project;                       ///< as printed: an HRN
  std::vector<std::string> subscriptions;
  ChargeType charge_type = ChargeType::all;

  // How an export prints them.
  std::vector<std::string> fields;  ///< names of here.md 2.2 usageFields to print; empty: all
  bool with_extra_columns = false;  ///< charge number and raw usage at the end (here.md 3.2)
  bool with_org_name = false;       ///< a last column with the org's name
  std::uint64_t rows_max = 0;       ///< a job with more rows fails; 0: no limit

  friend bool operator==(const BilledUsageSpec&, const BilledUsageSpec&) = default;
};

}  // namespace meterport
