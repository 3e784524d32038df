#pragma once

namespace meterport::app {
/// Of the program; exports name writer_version besides.
inline constexpr const char* version = "0.1.0";
}  // namespace meterport::app
