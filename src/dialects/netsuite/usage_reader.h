// From the usages of an operation to records (crosswalk 1.4): the reader of the kind "netsuite". It comes out the same
// whenever it is asked, as Operations wants it.
#pragma once

#include "base/settings.h"
#include "intake/operations/operations.h"

namespace meterport::netsuite {

/// The settings outlive it.
intake::ItemReader usage_reader(const Settings& settings);

}  // namespace meterport::netsuite
