// Private to catalog: prints the catalogue as a file, one object a line, so that two exports can be compared.
#pragma once

#include <string>
#include <string_view>

#include "catalog/snapshot.h"
#include "catalog/state.h"

namespace meterport::catalog {

std::string export_text(const State& state, const Snapshot& snapshot, const Principal& principal,
                        std::string_view users_json);

}  // namespace meterport::catalog
