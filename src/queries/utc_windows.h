// Private to queries: hours, days and months of UTC, numbered. Pure functions.
#pragma once

#include <cstdint>

#include "model/billed_usage.h"

namespace meterport::queries {

/// Ascending in time, by one from window to window; 0 for Window::none.
std::int64_t utc_window_number(Window window, Instant time);
/// Not for Window::none.
Instant utc_window_start(Window window, std::int64_t number);

}  // namespace meterport::queries
