// Operations whose items are usage records in their /v1 form: what `Prefer: respond-async` makes of a body.
#pragma once

#include <string_view>
#include <vector>

#include "intake/operations/operations.h"

namespace meterport::intake {

inline constexpr std::string_view usage_json_kind = "usage+json";
inline constexpr std::string_view usage_ndjson_kind = "usage+ndjson";

/// Tells the service how both kinds are read. The settings outlive it.
void add_usage_kinds(Operations& operations, const Settings& settings);

/// The lines of an NDJSON body; blank ones are left out. too_large: more than `lines_max`.
Result<std::vector<formats::TextRange>> line_ranges(std::string_view body, std::size_t lines_max);

}  // namespace meterport::intake
