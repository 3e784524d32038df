// The catalogue a new data directory starts with when none is given: the Informatica meters of
// examples/catalogs/informatica.json, compiled in.
#pragma once

#include <string_view>

namespace meterport::app {
std::string_view default_catalogue_json();
}
