// Private to the /v1 dialect: what its handlers share. A handler translates between the wire and one or two service
// calls; who may do what is judged by the services, which get the caller's principal.
//
// Handlers run on any thread and at the same time. Those named in the table of api.cpp as inline must not block.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "catalog/json_tree.h"
#include "dialects/meterport/api.h"

namespace meterport::api {

struct Context {
  explicit Context(const Services& given) : services(given) {}
  Services services;
  /// Held while a catalogue object is read, changed and applied: two PATCHes of one object both count.
  std::mutex catalogue_edits;
  std::string openapi;  ///< made once all routes are in; only read afterwards
};

/// One authenticated request.
struct Call {
  http::Request request;
  Principal principal;

  [[nodiscard]] const std::string& path_value(std::string_view name) const {
    return request.path_values.find(name)->second;
  }
  /// "" if left out.
  [[nodiscard]] std::string query(std::string_view name) const {
    return std::string(request.query_value(name).value_or(""));
  }
};

using Answer = Result<http::Response>;

/// The RFC 9457 problem of an error; 401 with WWW-Authenticate (RFC 6750 3). Writes the error's internal detail to the
/// log. The renderer of every route of this dialect.
http::Response render_problem(const http::Request& request, const Error& error);

// Usage (usage_routes.cpp, import_routes.cpp)
void post_usage(Context& context, Call call, http::Reply reply);  ///< inline, but for those that are settled later
bool is_usage_async(const http::Request& request);
Answer get_usage(Context& context, const Call& call);
Answer post_import(Context& context, Call& call);

// Exports (export_routes.cpp, download_routes.cpp)
Answer post_export(Context& context, const Call& call);
Answer list_exports(Context& context, const Call& call);
void get_export(Context& context, Call call, http::Reply reply);
Answer cancel_export(Context& context, const Call& call);
Answer retry_export(Context& context, const Call& call);
Answer download_export(Context& context, const Call& call);
Answer get_manifest(Context& context, const Call& call);

// Deliveries (delivery_routes.cpp)
Answer list_deliveries(Context& context, const Call& call);
Answer get_delivery(Context& context, const Call& call);
Answer retry_delivery(Context& context, const Call& call);
Answer get_delivery_keys(Context& context, const Call& call);

// Catalogue (catalog_routes.cpp, org_routes.cpp, meter_routes.cpp, subscription_routes.cpp)
Answer get_catalog(Context& context, const Call& call);
Answer post_catalog(Context& context, const Call& call);
Answer list_orgs(Context& context, const Call& call);
Answer get_org(Context& context, const Call& call);
Answer post_org(Context& context, const Call& call);
Answer patch_org(Context& context, const Call& call);
Answer list_meters(Context& context, const Call& call);
Answer get_meter(Context& context, const Call& call);
Answer post_meter(Context& context, const Call& call);
Answer patch_meter(Context& context, const Call& call);
Answer list_subscriptions(Context& context, const Call& call);
Answer get_subscription(Context& context, const Call& call);
Answer post_subscription(Context& context, const Call& call);
Answer patch_subscription(Context& context, const Call& call);

// Identity (identity_routes.cpp)
Answer list_users(Context& context, const Call& call);
Answer post_user(Context& context, const Call& call);
Answer post_password(Context& context, const Call& call);
Answer list_keys(Context& context, const Call& call);
Answer post_key(Context& context, const Call& call);
Answer delete_key(Context& context, const Call& call);
Answer list_audit(Context& context, const Call& call);

// Operations (operation_routes.cpp)
Answer post_usage_async(Context& context, Call& call);
Answer list_operations(Context& context, const Call& call);
Answer get_operation(Context& context, const Call& call);
Answer list_operation_results(Context& context, const Call& call);

// Regions (region_routes.cpp)
Answer list_regions(Context& context, const Call& call);
Answer check_regions(Context& context, const Call& call);
Answer check_region(Context& context, const Call& call);

// The server itself (health_routes.cpp); healthz, readyz and openapi.json are public
http::Response get_healthz();
http::Response get_readyz(Context& context);
http::Response get_openapi(Context& context);
Answer get_metrics(Context& context, const Call& call);

}  // namespace meterport::api
