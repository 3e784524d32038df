// The body of a callback that is an event as Standard Webhooks recommends it. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"

namespace meterport::delivery {

/// The type of the event that tells of an export's end, whatever its state.
inline constexpr std::string_view export_finished = "export.finished";

/// {"type":"export.finished","timestamp":"2024-10-02T08:00:00.4Z","data":{...}}: `happened` is when the event was, not
/// when it is sent; `data_json` is JSON.
std::string event_json(std::string_view type, Instant happened, std::string_view data_json);

}  // namespace meterport::delivery
