// The HERE dialect: Cost Management usage and reports, and the token endpoint that its clients call first (contract:
// here.md). Translates wire <-> core, nothing else: no SQL, no files, no rule of its own.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "exports/exports.h"
#include "http/router.h"
#include "identity/identity.h"
#include "queries/queries.h"

namespace meterport::here {

/// What the dialect calls. All outlive the router.
struct Services {
  identity::Identity& identity;
  catalog::Catalog& catalog;
  queries::Queries& queries;
  exports::Exports& exports;
  const Settings& settings;
  Clock& clock;
  Random& random;
};

/// The note of its jobs.
inline constexpr std::string_view dialect_name = "here";

/// Adds the dialect's paths, and tells exports which mail tells of a report's end.
void add_routes(http::Router& router, const Services& services);

}  // namespace meterport::here
