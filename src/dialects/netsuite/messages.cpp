#include "dialects/netsuite/messages.h"

#include <fmt/format.h>

namespace meterport::netsuite {

std::string object_is_empty_text(std::string_view object) {
  return fmt::format("The {} object is empty.", object);
}

std::string property_is_missing_text(std::string_view property, std::string_view object) {
  return fmt::format("The {} property is missing in {} object.", property, object);
}

std::string property_is_empty_text(std::string_view property) {
  return fmt::format("The {} property is empty.", property);
}

std::string bad_format_text(std::string_view property, std::string_view format) {
  return fmt::format("The value for {} property has invalid format. Format must be: {}.", property, format);
}

}  // namespace meterport::netsuite
