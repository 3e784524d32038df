// Reports on the wire: ids, states, addresses, the status object and lists of it (here.md 3.3 to 3.5, crosswalk 3.1),
// and the mail to a report's end (here.md 6). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dialects/here/parameters.h"
#include "exports/exports.h"

namespace meterport::here {

/// `REPORT-1001`.
std::string report_id(std::uint64_t number);

/// A partial output reads inProgress while it may still become whole, then failed: the wire has no word for a gap.
std::string_view report_status(const exports::Job& job, Instant now);

/// Where a realm's report is: `<origin>/v2/usage/realms/<realm>/reports/REPORT-1001`.
std::string report_url(std::string_view origin, std::string_view realm, std::uint64_t number);

/// What status objects depend on besides the job.
struct ReportForm {
  std::string_view origin, realm;  ///< of the call: the base of resultHref
  Instant now;
  bool has_quoted_dates = false;
};
std::string report_json(const exports::Job& job, const ReportForm& form);
std::string report_list_json(const exports::NumberedJobs& reports, const PageQuery& page, const ReportForm& form);

/// Subject, text and HTML (exports::MailText); none while the report may still become whole.
std::optional<delivery::NewMail> report_mail(const exports::Job& job);

}  // namespace meterport::here
