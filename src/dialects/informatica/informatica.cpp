#include "dialects/informatica/informatica.h"

#include <memory>

#include "dialects/informatica/context.h"
#include "dialects/informatica/job_object.h"
#include "dialects/informatica/requests.h"

namespace meterport::informatica {
namespace {

constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr const char* metering = "/public/core/v3/license/metering/";

using SyncHandler = std::function<http::Response(const http::Request&)>;

/// Adds routes under both spellings: with the leading "/saas" and without.
class Paths {
 public:
  Paths(http::Router& router, std::shared_ptr<const Services> services)
      : router_(router), services_(std::move(services)) {}

  void add(http::Method method, const std::string& path, Shape shape, http::Handler handler) {
    for (const char* prefix : {"/saas", ""}) add_one(method, prefix + path, shape, handler);
  }
  void add(http::Method method, const std::string& path, Shape shape, SyncHandler handler) {
    add(method, path, shape, http::Handler([handler = std::move(handler)](http::Request request, http::Reply reply) {
          reply(handler(request));
        }));
  }
  /// A path of the log-in host, which never has the "/saas".
  void add_login_host(http::Method method, const std::string& path, Shape shape, SyncHandler handler) {
    add_one(method, path, shape,
            http::Handler(
                [handler = std::move(handler)](http::Request request, http::Reply reply) { reply(handler(request)); }));
  }

 private:
  void add_one(http::Method method, std::string path, Shape shape, http::Handler handler) {
    http::Route route;
    route.method = method;
    route.path = std::move(path);
    route.body_bytes_max = body_bytes_max;
    route.handler = std::move(handler);
    route.errors = [services = services_, shape](const http::Request& request, const Error& error) {
      return render_error(request, error, shape, services->settings);
    };
    route.collapse_slashes = true;
    router_.add(std::move(route));
  }

  http::Router& router_;
  std::shared_ptr<const Services> services_;
};

void add_fallbacks(http::Router& router, const std::shared_ptr<const Services>& services) {
  const auto add = [&](const char* prefix, Shape shape) {
    router.add_fallback({prefix, [services, shape](const http::Request& request, const Error& error) {
                           return render_error(request, error, shape, services->settings);
                         }});
  };
  add("/saas/", Shape::v3);
  add("/saas/api/v2/", Shape::v2);
  add("/public/", Shape::v3);
  add("/ma/", Shape::v2);
  add("/identity-service/", Shape::v3);
}

using ServicesPtr = std::shared_ptr<const Services>;

void add_session_routes(Paths& paths, const ServicesPtr& services) {
  using http::Method;
  using http::Request;
  paths.add(Method::post, "/public/core/v3/login", Shape::v3,
            [services](const Request& r) { return login_v3(*services, r); });
  paths.add(Method::post, "/public/core/v3/logout", Shape::v3,
            [services](const Request& r) { return logout(*services, r, Shape::v3); });
  paths.add(Method::post, "/api/v2/user/logout", Shape::v2,
            [services](const Request& r) { return logout(*services, r, Shape::v2); });
  paths.add(Method::post, "/api/v2/user/validSessionId", Shape::v2,
            [services](const Request& r) { return valid_session_id(*services, r); });
  paths.add_login_host(Method::post, "/ma/api/v2/user/login", Shape::v2,
                       [services](const Request& r) { return login_v2(*services, r); });
  paths.add_login_host(Method::post, "/ma/api/v2/user/loginOAuth", Shape::v2,
                       [services](const Request& r) { return login_oauth(*services, r); });
  paths.add_login_host(Method::post, "/ma/api/v2/user/logoutall", Shape::v2,
                       [services](const Request& r) { return logout_all(*services, r); });
  paths.add_login_host(Method::post, "/identity-service/api/v1/Login", Shape::v3,
                       [services](const Request& r) { return login_identity_service(*services, r); });
}

void add_read_routes(Paths& paths, const ServicesPtr& services) {
  using http::Method;
  using http::Request;
  paths.add(Method::get, "/api/v2/org", Shape::v2, [services](const Request& r) { return own_org(*services, r); });
  paths.add(Method::get, "/api/v2/org/name/{name}", Shape::v2,
            [services](const Request& r) { return org_by_name(*services, r); });
  paths.add(Method::get, "/api/v2/org/{orgId}", Shape::v2,
            [services](const Request& r) { return org_by_id(*services, r); });
  paths.add(Method::get, "/api/v2/activity/activityLog", Shape::v2,
            [services](const Request& r) { return activity_log(*services, r); });
}

}  // namespace

void add_routes(http::Router& router, const Services& given) {
  // Handlers outlive this call: they share one copy of the references.
  const auto services = std::make_shared<const Services>(given);
  Paths paths(router, services);
  using http::Method;
  using http::Request;

  add_session_routes(paths, services);
  add_read_routes(paths, services);
  const auto add_post = [&](const char* name, Resource resource) {
    paths.add(Method::post, std::string(metering) + name, Shape::v3,
              [services, resource](const Request& r) { return post_export(*services, r, resource); });
  };
  add_post("ExportMeteringData", Resource::export_metering_data);
  add_post("ExportMeteringDataAllLinkedOrgsAcrossRegion", Resource::all_linked_orgs_across_region);
  add_post("ExportServiceJobLevelMeteringData", Resource::job_level);
  const std::string job_path = std::string(metering) + "ExportMeteringData/{jobId}";
  paths.add(Method::get, job_path, Shape::v3, [services](const Request& r) { return get_status(*services, r); });
  paths.add(Method::get, job_path + "/download", Shape::v3, http::Handler([services](Request r, http::Reply reply) {
              get_download(*services, std::move(r), std::move(reply));
            }));

  add_fallbacks(router, services);
  given.exports.set_callback_text("informatica", [](const exports::Job& job) { return callback_text(job); });
}

}  // namespace meterport::informatica
