// Dates in an account's display format (crosswalk 2.2 `date_format`, netsuite.md C14): M or MM, D or DD, YYYY, Mon
// (Jan), MONTH (January); what is no letter stands for itself. Leading zeros may be there or not; names in any case.
// Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/instant.h"

namespace meterport {

/// True when day, month and year stand in it once each and every other character is no letter.
bool is_date_format(std::string_view format);
inline constexpr std::string_view date_format_rule =
    "must hold a day (D or DD), a month (M, MM, Mon or MONTH) and a year (YYYY) once each, and no other letters";

/// Nothing: the text is not of that format, or there is no such day.
std::optional<Day> parse_date(std::string_view text, std::string_view format);

}  // namespace meterport
