// Private to exports: BilledUsageSpec as JSON, for the job's row and its manifest. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "model/billed_usage.h"

namespace meterport::exports {

/// Every member, in one order: equal specs give equal bytes.
std::string billed_spec_json(const BilledUsageSpec& spec);
/// invalid or malformed: it was not written by the above.
Result<BilledUsageSpec> parse_billed_spec(std::string_view json);

}  // namespace meterport::exports
