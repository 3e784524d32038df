// The Informatica dialect: log-in, metering export jobs, status, download (contracts: informatica.md). Translates wire
// <-> core, nothing else: no SQL, no files, no rule of its own.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "exports/exports.h"
#include "http/router.h"
#include "identity/identity.h"

namespace meterport::informatica {

/// What the dialect calls. All outlive the router.
struct Services {
  identity::Identity& identity;
  catalog::Catalog& catalog;
  exports::Exports& exports;
  const Settings& settings;
  Clock& clock;
  Random& random;
};

/// Adds the paths of informatica.md section 1, each also without its leading "/saas", and the dialect's fallbacks;
/// sets the callback text of the dialect's jobs.
void add_routes(http::Router& router, const Services& services);

}  // namespace meterport::informatica
