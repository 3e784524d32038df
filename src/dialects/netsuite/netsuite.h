// The NetSuite dialect: the usage RESTlet of SuiteBilling, sbCreateUsage and sbGetUsageCreationStatus (contracts:
// netsuite.md). Translates wire <-> core, nothing else: no SQL, no files, no rule of its own.
#pragma once

#include "base/clock.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "http/router.h"
#include "identity/identity.h"
#include "intake/operations/operations.h"

namespace meterport::netsuite {

/// What the dialect calls. All outlive the router.
struct Services {
  identity::Identity& identity;
  catalog::Catalog& catalog;
  intake::Operations& operations;
  const Settings& settings;
};

/// The kind of its operations, and the source of its records.
inline constexpr std::string_view operation_kind = "netsuite";

/// Adds the RESTlet's path and tells the operations how its usages are read.
void add_routes(http::Router& router, const Services& services);

}  // namespace meterport::netsuite
