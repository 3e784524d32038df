// The JSON of usage pages and of lists (here.md 3.1, 3.4): key order, page numbers, rows. Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/json_writer.h"
#include "dialects/here/parameters.h"
#include "queries/billed_usage.h"

namespace meterport::here {

/// Number of the last page; 0 without records.
std::uint64_t last_offset(std::uint64_t total, std::uint64_t limit);
/// The next page's number, never past the last.
std::uint64_t next_offset(std::uint64_t total, const PageQuery& page);

/// One record of operation 1 as an object. `spec`: what it was asked for.
void append_usage_row(JsonWriter& out, const queries::BilledRow& row, const BilledUsageSpec& spec,
                      bool has_quoted_dates);

/// The whole answer of operation 1; `items`: the JSON array of its records.
std::string usage_page(std::uint64_t total, const PageQuery& page, std::string_view items);

}  // namespace meterport::here
