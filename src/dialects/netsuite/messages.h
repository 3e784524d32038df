// The texts of this wire's errors (netsuite.md 5), each in one place for calls and items. Clients key on the code; the
// texts are those that the vendor documents.
#pragma once

#include <string>
#include <string_view>

namespace meterport::netsuite {

inline constexpr std::string_view unexpected_text = "An unexpected error occurred.";

std::string object_is_empty_text(std::string_view object);
std::string property_is_missing_text(std::string_view property, std::string_view object);
std::string property_is_empty_text(std::string_view property);
std::string bad_format_text(std::string_view property, std::string_view format);

}  // namespace meterport::netsuite
