// Numbers in the form in which Java prints a double (informatica.md 7.2: job-level `Metered Value` and `Cores Used`),
// made from a decimal's exact digits: no binary floating point, and no digit more or less than the value has. A pure
// function; never fails.
#pragma once

#include <string>

#include "base/decimal.h"

namespace meterport::formats {

/// From 1e-3 up to below 1e7, whatever the sign: plain, with a point, no needless zero at either end ("3.0", "0.5").
/// Else one digit before the point and an exponent ("8.33E-4", "1.2345678E7"). Zero: "0.0".
void append_java_double(std::string& out, Decimal value);

}  // namespace meterport::formats
