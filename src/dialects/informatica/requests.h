// The POST bodies of the Informatica wire, checked and turned into core words (informatica.md sections 2 and 4).
// `null` counts as absent, unknown fields are ignored; each error names the field, its problem and what is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/settings.h"
#include "model/export_spec.h"

namespace meterport::informatica {

struct Credentials {
  std::string username, password;
};
/// Both required, texts of at most 255 characters.
Result<Credentials> parse_credentials(std::string_view body);

/// A question after a session: `icToken` is required, `userName`, if it is there, must be the session's.
struct SessionQuestion {
  std::string token;
  std::optional<std::string> user_name;
};
Result<SessionQuestion> parse_session_question(std::string_view body);

/// The three POST resources.
enum class Resource { export_metering_data, all_linked_orgs_across_region, job_level };

/// How the callback tells of the job's end (section 5.3): the vendor's sentence or the job object.
enum class CallbackFormat { text, json };

/// An export request as sent, in core words. What a dialect must echo is here too.
struct ExportRequest {
  Instant start, end;  ///< as sent, cut to UTC seconds
  ExportKind kind = ExportKind::summary;
  bool combined = false, all_linked = false;
  std::string meter;               ///< ASSET and job-level; empty: all
  std::optional<bool> all_meters;  ///< job-level, as sent
  std::optional<std::string> callback_url;
  std::optional<CallbackFormat> callback_format;  ///< an extension; none: as the setting says
};
/// invalid, malformed. The contract orders its checks: the caller looks the meter up before he calls check_range().
Result<ExportRequest> parse_export_request(std::string_view body, Resource resource);
/// range_too_long, by the kind's own limit.
Status check_range(const ExportRequest& request);

/// The core period of the request (crosswalk 4.1): whole UTC days, the end's day included, but for a midnight end where
/// the setting informatica.midnight_end says exclusive.
Period covered_period(const ExportRequest& request, const Settings& settings);

}  // namespace meterport::informatica
