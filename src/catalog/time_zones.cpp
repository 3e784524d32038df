#include <date/tz.h>

#include <exception>

#include "catalog/objects.h"

namespace meterport::catalog {

bool is_time_zone(const std::string& name) {
  try {
    return date::locate_zone(name) != nullptr;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace meterport::catalog
