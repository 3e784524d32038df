// The Retry-After header (RFC 9110 10.2.3). Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/instant.h"

namespace meterport::http {

/// How many seconds after `now` the value asks to wait: it is a whole number of them, or an HTTP date (in any of its
/// three forms). 0: a date gone by. None: it is neither.
std::optional<std::int64_t> retry_after_seconds(std::string_view value, Instant now);

}  // namespace meterport::http
