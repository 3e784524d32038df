// Dates in an account's display format (netsuite.md C14): M or MM, D or DD, YYYY, Mon (Jan), MONTH (January);
// everything else stands for itself. Leading zeros may be there or not; names in any case. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/instant.h"

namespace meterport::netsuite {

/// Nothing: the text is not of that format, or there is no such day.
std::optional<Day> parse_date(std::string_view text, std::string_view format);

}  // namespace meterport::netsuite
