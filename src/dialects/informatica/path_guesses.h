// Paths that clients guess and that are not there (informatica.md section 1): what the 404 tells them. A pure function.
#pragma once

#include <string_view>

namespace meterport::informatica {

/// Where what the client looked for is, in a sentence that names the path; empty when the guess is not a common one.
std::string_view right_path_for(std::string_view path);

}  // namespace meterport::informatica
