// Private to formats: which cells were quoted, as text.
#pragma once

#include <string>
#include <vector>

namespace meterport::formats {

/// Hex digits of a bit mask whose lowest bit is the first element; "0" if none is set (crosswalk 5.4).
std::string hex_mask(const std::vector<bool>& bits);

}  // namespace meterport::formats
