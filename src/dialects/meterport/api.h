// The Meterport API, /v1 (DESIGN section 9): JSON over HTTP, errors as RFC 9457 problems, routes and /openapi.json
// from one table. The command line speaks it too, over HTTP or, on a data directory, by calling the routes in the
// process (`Request::local` then says who is calling).
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "exports/deliveries.h"
#include "exports/exports.h"
#include "http/router.h"
#include "identity/identity.h"
#include "intake/focus_import.h"
#include "intake/intake.h"
#include "intake/operations/operations.h"
#include "queries/queries.h"
#include "regions/regions.h"

namespace meterport::api {

struct Services {
  identity::Identity& identity;
  catalog::Catalog& catalog;
  intake::Intake& intake;
  intake::Operations& operations;
  queries::Queries& queries;
  exports::Exports& exports;
  exports::Deliveries& deliveries;
  const Settings& settings;
  Clock& clock;
  metrics::Registry& metrics;
  regions::Regions& regions;
  /// Empty when the server can take work, else the reason (readyz).
  std::function<std::string()> not_ready_reason;
};

/// Adds every /v1 route, /healthz, /readyz, /metrics, /openapi.json and the fallback of the rest.
void add_routes(http::Router& router, const Services& services);

/// OpenAPI 3.1 of the routes that carry a summary.
std::string openapi_json(const http::Router& router);

/// The answer of an import, as POST /v1/imports and `meterport import --json` print it.
std::string import_report_json(const intake::ImportReport& report);

}  // namespace meterport::api
