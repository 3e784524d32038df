// Private to exports: what a spec must be like, whoever asks. A pure function.
#pragma once

#include "base/error.h"
#include "model/export_spec.h"

namespace meterport::exports {

/// invalid, not_supported or range_too_long, naming the field.
Status check_spec(const ExportSpec& spec);

}  // namespace meterport::exports
