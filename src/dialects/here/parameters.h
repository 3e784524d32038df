// The query of the usage API, checked (here.md 2.2, 4.4): what is not sent has its default; the first parameter that
// breaks a rule is the error, its name in Error::field. Unknown names are ignored. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "model/billed_usage.h"

namespace meterport::here {

/// What operations 1 to 3 are asked. Texts are as sent; empty: not sent.
struct UsageQuery {
  Instant start, end;
  Period period;         ///< the hours that are in; may be empty
  BilledUsageSpec spec;  ///< grouping, filters, fields
  std::string feature_id, app_id, channel_id, charge_type, project_hrn, billing_tag, category, detail_level, group_by;
};

/// `is_report`: hours are refused. range_too_long: over 95 days; invalid.
Result<UsageQuery> read_usage_query(const http::Request& request, bool is_report);

struct PageQuery {
  std::uint64_t limit = 100;
  std::uint64_t offset = 0;  ///< a page's number
};
Result<PageQuery> read_page_query(const http::Request& request);

/// Sort of a list of reports; true: ascending.
Result<bool> read_sort(const http::Request& request);

/// The report's number in `REPORT-<n>`; none: a well-formed id that no report has. invalid: not 11 to 30 characters.
Result<std::optional<std::uint64_t>> read_report_id(std::string_view text);

}  // namespace meterport::here
