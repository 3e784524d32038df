// Private to formats: JSON objects that stand inside a text of another format, like FOCUS tags. Without simdjson.h.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "model/usage_record.h"

namespace meterport::formats {

/// Appends the members of a JSON object given as text, as properties named `prefix` + member name, in their order.
/// false, and nothing appended: not an object, broken, a name given twice, or deeper than `levels_max`.
bool read_json_members(std::string_view json, std::string_view prefix, std::size_t levels_max, TextArena& arena,
                       std::vector<Property>& out);

/// What a scalar of a property says: a text's content, a number's or literal's token; empty for null, array, object.
std::string_view text_of_json(std::string_view json, TextArena& arena);

}  // namespace meterport::formats
