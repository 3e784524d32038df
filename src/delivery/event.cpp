#include "delivery/event.h"

#include "base/json_writer.h"

namespace meterport::delivery {

std::string event_json(std::string_view type, Instant happened, std::string_view data_json) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("type", type).field("timestamp", format_rfc3339(happened));
  out.key("data").raw(data_json).end_object();
  return text;
}

}  // namespace meterport::delivery
