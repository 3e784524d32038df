// Private to exports: cells that several kinds of CSV print alike (informatica.md 7.2). Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "formats/csv.h"
#include "model/organization.h"

namespace meterport::exports {

/// What stands for a missing value.
inline constexpr std::string_view no_value = "null";

/// The value, or `null` for the empty text, which is none.
inline void append_cell_or_null(std::string& out, std::string_view value) {
  formats::append_csv_cell(out, value.empty() ? no_value : value);
}

/// "Production", "Sandbox", "SubOrg" (informatica.md 7.3).
std::string_view printed_type(OrgKind kind);

}  // namespace meterport::exports
