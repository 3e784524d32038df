// The program's version.
#pragma once

namespace meterport {

/// Of the program; exports name writer_version besides.
inline constexpr const char* version = "0.1.0";

}  // namespace meterport
