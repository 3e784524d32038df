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

/// The three POST resources.
enum class Resource { export_metering_data, all_linked_orgs_across_region, job_level };

/// An export request as sent, in core words. What a dialect must echo is here too.
struct ExportRequest {
  Instant start, end;  ///< as sent, cut to UTC seconds
  ExportKind kind = ExportKind::summary;
  bool combined = false, all_linked = false;
  std::optional<std::string> callback_url;
};
/// invalid, malformed; range_too_long last, as the contract orders its checks.
Result<ExportRequest> parse_export_request(std::string_view body, Resource resource);

/// The core period of the request (crosswalk 4.1): whole UTC days, the end's day included, but for a midnight end where
/// the setting informatica.midnight_end says exclusive.
Period covered_period(const ExportRequest& request, const Settings& settings);

}  // namespace meterport::informatica
