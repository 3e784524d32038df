#include "dialects/meterport/api.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dialects/meterport/auth.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/job_json.h"

namespace meterport::api {
namespace {

using http::Execution;
using http::Method;
using http::RouteDoc;

constexpr std::size_t small_body_bytes = 1 << 20;

using Asynchronous = void (*)(Context&, Call, http::Reply);  ///< answers when it likes
using Public = std::function<http::Response(Context&)>;

RouteDoc doc(std::string summary, std::string tag, std::string request, std::string response,
             std::vector<std::string> parameters = {}) {
  return {std::move(summary), std::move(tag), std::move(request), std::move(response), std::move(parameters), false};
}

const std::string page_size = "page_size: entries a page, up to 1000";
const std::string page_token = "page_token: next_page_token of the page before";

/// Puts the checks that hold for every route around a handler: who is calling, which parameters are known.
class Table {
 public:
  Table(http::Router& router, std::shared_ptr<Context> context) : router_(router), context_(std::move(context)) {}

  /// `CallArgument`: const Call&, or Call& for a handler that takes the body.
  template <class CallArgument>
  void add(Method method, std::string path, RouteDoc route_doc, Answer (*handler)(Context&, CallArgument),
           std::size_t body_bytes_max = small_body_bytes) {
    put(method, std::move(path), std::move(route_doc), Execution::blocking, body_bytes_max,
        [context = context_, handler](Call call, http::Reply reply) {
          auto answer = handler(*context, call);
          reply(answer ? std::move(*answer) : render_problem(call.request, answer.error()));
        });
  }
  /// `blocks`: which requests of an inline route must not run on the socket's thread.
  void add_async(Method method, std::string path, RouteDoc route_doc, Asynchronous handler, Execution execution,
                 std::size_t body_bytes_max = small_body_bytes, http::RequestFilter blocks = {}) {
    put(
        method, std::move(path), std::move(route_doc), execution, body_bytes_max,
        [context = context_, handler](Call call, http::Reply reply) {
          handler(*context, std::move(call), std::move(reply));
        },
        std::move(blocks));
  }
  void add_public(std::string path, RouteDoc route_doc, Public handler) {
    route_doc.is_public = true;
    http::Route route;
    route.path = std::move(path);
    route.execution = Execution::inline_;
    route.body_bytes_max = small_body_bytes;
    route.handler = [context = context_, handler = std::move(handler)](const http::Request&, http::Reply reply) {
      reply(handler(*context));
    };
    route.errors = render_problem;
    route.doc = std::move(route_doc);
    router_.add(std::move(route));
  }

 private:
  using Inner = std::function<void(Call, http::Reply)>;

  void put(Method method, std::string path, RouteDoc route_doc, Execution execution, std::size_t body_bytes_max,
           Inner inner, http::RequestFilter blocks = {}) {
    http::Route route;
    route.blocks = std::move(blocks);
    route.method = method;
    route.path = std::move(path);
    route.execution = execution;
    route.body_bytes_max = body_bytes_max;
    route.authorize = [context = context_](const http::Request& request) -> Status {
      auto principal = authenticate(context->services.identity, request);
      if (!principal) return fail(std::move(principal));
      return {};
    };
    route.handler = [context = context_, inner = std::move(inner), parameters = route_doc.parameters](
                        http::Request request, http::Reply reply) {
      auto principal = authenticate(context->services.identity, request);
      if (!principal) return reply(render_problem(request, principal.error()));
      if (auto status = check_query(request, parameters); !status) {
        return reply(render_problem(request, status.error()));
      }
      inner(Call{std::move(request), std::move(*principal)}, std::move(reply));
    };
    route.errors = render_problem;
    route.doc = std::move(route_doc);
    router_.add(std::move(route));
  }

  http::Router& router_;
  std::shared_ptr<Context> context_;
};

void add_usage(Table& table, const Settings& settings) {
  const auto body_bytes = static_cast<std::size_t>(settings.number("http.body_bytes_max"));
  const auto import_bytes = static_cast<std::size_t>(settings.number("http.import_body_bytes_max"));
  table.add_async(Method::post, "/v1/usage",
                  doc("Hand in usage records: each is stored, a duplicate, a conflict or rejected; Prefer: "
                      "respond-async answers at once",
                      "usage", "UsageBatch", "UsageResult"),
                  post_usage, Execution::inline_, body_bytes, is_usage_async);
  table.add(Method::get, "/v1/usage",
            doc("Totals of usage", "usage", "", "UsageTotals",
                {"from: required; a day (00:00 in tz) or an RFC 3339 time", "to: required; likewise, exclusive",
                 "org: left out: the caller's", "all_linked: true: every org under the same production org",
                 "meter: this meter only", "group_by: org, meter, day or window, and dimensions, joined by commas",
                 "window: hour, day, month or none", "tz: IANA time zone; left out: the org's",
                 "as_of: ledger position or RFC 3339 time"}),
            get_usage);
  table.add(
      Method::post, "/v1/imports",
      doc("Import a file as it is; makes the orgs and meters a FOCUS file names", "usage", "ImportFile", "ImportReport",
          {"format: required; focus or ndjson", "into: the production org a FOCUS file goes under"}),
      post_import, import_bytes);
}

void add_exports(Table& table) {
  const std::string tag = "exports";
  table.add(Method::post, "/v1/exports", doc("Start an export", tag, "ExportRequest", "Job"), post_export);
  table.add(Method::get, "/v1/exports",
            doc("Jobs, newest first", tag, "", "JobList", {"org: jobs asked for by this org", page_size, page_token}),
            list_exports);
  table.add_async(Method::get, "/v1/exports/{id}",
                  doc("One job", tag, "", "Job",
                      {"wait: answer when the job is final, after this many seconds (up to 30) at the latest"}),
                  get_export, Execution::blocking);
  table.add(Method::delete_, "/v1/exports/{id}", doc("Cancel a job", tag, "", "Job"), cancel_export);
  table.add(Method::post, "/v1/exports/{id}/retry",
            doc("A new job like a failed or cancelled one, on the same snapshot", tag, "", "Job"), retry_export);
  table.add(Method::get, "/v1/exports/{id}/download",
            doc("The ZIP, or of billed-usage the gzip CSV; takes Range and If-None-Match", tag, "", "Artifact"),
            download_export);
  table.add(Method::get, "/v1/exports/{id}/manifest",
            doc("Files, rows, hashes, control totals and snapshot of it", tag, "", "Document"), get_manifest);
}

void add_deliveries(Table& table) {
  const std::string tag = "deliveries";
  table.add(Method::get, "/v1/deliveries",
            doc("Callbacks and mails of exports, newest first", tag, "", "DeliveryList",
                {"org: of jobs asked for by this org", "job: of this job",
                 "state: only pending, delivered, failed or refused ones", page_size, page_token}),
            list_deliveries);
  table.add(Method::get, "/v1/deliveries/keys",
            doc("What a receiver verifies the signatures of an org's callbacks with", tag, "", "DeliveryKeys",
                {"org: left out: the caller's"}),
            get_delivery_keys);
  table.add(Method::get, "/v1/deliveries/{id}", doc("One of them with its attempts", tag, "", "DeliveryHistory"),
            get_delivery);
  table.add(Method::post, "/v1/deliveries/{id}/retry",
            doc("Send it again, whatever its state, with fresh attempts", tag, "", "Delivery"), retry_delivery);
}

void add_catalogue(Table& table, const Settings& settings) {
  const auto body_bytes = static_cast<std::size_t>(settings.number("http.body_bytes_max"));
  const std::string tag = "catalogue", org = "org: the meter this org uses";
  table.add(Method::get, "/v1/catalog", doc("The catalogue as a file", tag, "", "Catalogue"), get_catalog);
  table.add(Method::post, "/v1/catalog",
            doc("Apply a catalogue file, all of it or nothing", tag, "Catalogue", "CatalogueCounts",
                {"dry_run: true: check only"}),
            post_catalog, body_bytes);
  table.add(Method::get, "/v1/orgs", doc("Orgs by id", tag, "", "OrgList", {page_size, page_token}), list_orgs);
  table.add(Method::post, "/v1/orgs", doc("Make an org", tag, "Org", "Org"), post_org);
  table.add(Method::get, "/v1/orgs/{id}", doc("One org", tag, "", "Org"), get_org);
  table.add(Method::patch, "/v1/orgs/{id}", doc("Change an org", tag, "OrgPatch", "Org"), patch_org);
  table.add(Method::get, "/v1/meters",
            doc("Meters by id", tag, "", "MeterList", {"org: those this org can use", page_size, page_token}),
            list_meters);
  table.add(Method::post, "/v1/meters", doc("Make a meter", tag, "Meter", "Meter"), post_meter);
  table.add(Method::get, "/v1/meters/{id}", doc("One meter", tag, "", "Meter", {org}), get_meter);
  table.add(Method::patch, "/v1/meters/{id}", doc("Change a meter", tag, "MeterPatch", "Meter", {org}), patch_meter);
  const std::string owner = "org: the owner account; left out: the caller's org";
  table.add(
      Method::get, "/v1/subscriptions",
      doc("Subscriptions by id", tag, "", "SubscriptionList", {"org: those this org owns", page_size, page_token}),
      list_subscriptions);
  table.add(Method::post, "/v1/subscriptions", doc("Make a subscription", tag, "Subscription", "Subscription"),
            post_subscription);
  table.add(Method::get, "/v1/subscriptions/{id}", doc("One subscription", tag, "", "Subscription", {owner}),
            get_subscription);
  table.add(Method::patch, "/v1/subscriptions/{id}",
            doc("Change a subscription", tag, "SubscriptionPatch", "Subscription", {owner}), patch_subscription);
}

void add_identity(Table& table) {
  const std::string tag = "identity";
  table.add(Method::get, "/v1/users", doc("Users", tag, "", "UserList"), list_users);
  table.add(Method::post, "/v1/users", doc("Make a user", tag, "NewUser", "User"), post_user);
  table.add(Method::post, "/v1/users/{name}/password", doc("Set a password", tag, "NewPassword", "Empty"),
            post_password);
  table.add(Method::get, "/v1/keys", doc("Keys of every kind, without their secrets", tag, "", "KeyList"), list_keys);
  table.add(Method::post, "/v1/keys",
            doc("Make an API key, or a token for a client of another wire; its secrets are shown this once", tag,
                "NewKey", "Key"),
            post_key);
  table.add(Method::delete_, "/v1/keys/{id}",
            doc("Revoke a key or token; by consumer key: an application with all its tokens", tag, "", "KeyId"),
            delete_key);
  table.add(Method::get, "/v1/audit",
            doc("The audit trail, newest first", tag, "", "AuditTrail",
                {"event: entries of this event only", page_size, page_token}),
            list_audit);
}

void add_operations(Table& table) {
  const std::string tag = "operations";
  table.add(Method::get, "/v1/operations",
            doc("Submissions that are settled later, newest first", tag, "", "OperationList", {page_size, page_token}),
            list_operations);
  table.add(Method::get, "/v1/operations/{id}", doc("One of them: state, progress, counts", tag, "", "Operation"),
            get_operation);
  table.add(Method::get, "/v1/operations/{id}/results",
            doc("What became of each item settled so far, in the order sent", tag, "", "OperationResults",
                {"status: only stored, duplicate, conflict or rejected ones", page_size, page_token}),
            list_operation_results);
}

void add_regions(Table& table) {
  const std::string tag = "regions";
  table.add(Method::get, "/v1/regions",
            doc("Regions, this one first: whether they answered, how old the replica is", tag, "", "RegionList"),
            list_regions);
  table.add(Method::post, "/v1/regions/check", doc("Ask all of them now", tag, "", "RegionList"), check_regions);
  table.add(Method::post, "/v1/regions/{name}/check", doc("Ask one of them now", tag, "", "RegionList"), check_region);
}

void add_server(Table& table) {
  const std::string tag = "server";
  table.add_public("/healthz", doc("The process is up", tag, "", "Health"), [](Context&) { return get_healthz(); });
  table.add_public("/readyz", doc("The server can take work", tag, "", "Readiness"), get_readyz);
  table.add(Method::get, "/metrics", doc("Prometheus text", tag, "", "Metrics"), get_metrics);
  table.add_public("/openapi.json", doc("This document", tag, "", "Document"), get_openapi);
}

}  // namespace

void add_routes(http::Router& router, const Services& services) {
  const auto context = std::make_shared<Context>(services);
  Table table(router, context);
  add_usage(table, services.settings);
  add_exports(table);
  add_deliveries(table);
  add_catalogue(table, services.settings);
  add_identity(table);
  add_operations(table);
  add_regions(table);
  add_server(table);
  router.add_fallback({"", render_problem});
  context->openapi = openapi_json(router);
  services.exports.set_callback_text("meterport", job_event_json);
}

}  // namespace meterport::api
