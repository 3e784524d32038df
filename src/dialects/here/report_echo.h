// What a report was asked with, kept in its job's note and echoed as `parameters` (here.md 3.5). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "exports/exports.h"

namespace meterport::here {

struct ReportEcho {
  std::string origin;       ///< where it was asked for: the base of its mail's link
  std::string asked_realm;  ///< under which realm
  std::string realm;        ///< which it is about
  std::string start_date, end_date, email, user_name;
  // Empty: not given.
  std::string feature_id, app_id, channel_id, charge_type, project_id, billing_tag, category, detail, group_by;
  std::vector<std::string> usage_fields;
  std::optional<std::vector<std::string>> sub_accounts;

  friend bool operator==(const ReportEcho&, const ReportEcho&) = default;
};

std::string to_note(const ReportEcho& echo);
ReportEcho echo_of(const exports::Job& job);

/// The object `parameters`.
void append_parameters(JsonWriter& out, const ReportEcho& echo, bool has_quoted_dates);

/// The body of operation 3: none without one; else its subAccounts. malformed, invalid (field: body_field).
Result<std::optional<std::vector<std::string>>> read_sub_accounts(std::string_view body);

}  // namespace meterport::here
