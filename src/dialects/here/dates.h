// Dates of this wire (here.md 2.2, crosswalk 4.1): how they may be written, which hours a period covers, how they are
// printed. UTC throughout. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/instant.h"

namespace meterport::here {

/// Which end of a period a date is; a bare day means its first or its last second.
enum class DateOf { start, end };

/// Without zone, with Z or an offset (whose '+' a query may have turned into a blank), with a fraction, a bare day, or
/// with the T in quotes. invalid.
Result<Instant> parse_date(std::string_view text, DateOf which);

/// The whole hours: the start's and all up to the one that holds the end; an end exactly on the hour is not in.
Period covered_period(Instant start, Instant end);

/// 2022-03-01T00:00:00, cut to the second; `is_quoted`: 2022-03-01'T'00:00:00.
std::string print_date(Instant t, bool is_quoted = false);
/// A date that was printed plainly, in the other form if that is asked for.
std::string reprint_date(std::string_view plain, bool is_quoted);

}  // namespace meterport::here
