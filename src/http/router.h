// The route table: one list makes the routing, the limits and /openapi.json. Dialects add their routes; the first
// match wins. An early refusal (too large, busy, no such path) is rendered by the route's own error renderer, so
// that it has the shape of its dialect.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace meterport::http {

/// Where a handler runs. `inline_` handlers must not block: they run on the socket's thread.
enum class Execution { inline_, blocking };

/// Turns an error into the dialect's answer.
using ErrorRenderer = std::function<Response(const Request&, const Error&)>;
using Handler = std::function<void(Request, Reply)>;
using RequestFilter = std::function<bool(const Request&)>;

/// What /openapi.json says of a route; texts are for people. Empty summary = left out of the document.
struct RouteDoc {
  std::string summary;
  std::string tag;
  std::string request_schema;           ///< name in the components, empty = no body
  std::string response_schema;          ///< name in the components, empty = no JSON
  std::vector<std::string> parameters;  ///< query parameters "name: description"
  bool is_public = false;               ///< no identity needed
};

struct Route {
  Method method = Method::get;
  std::string path;  ///< "/v1/exports/{id}": {x} is one segment, {x...} the rest
  Execution execution = Execution::blocking;
  RequestFilter blocks;  ///< of an inline route: requests (judged by their head) that must run as blocking ones
  std::size_t body_bytes_max = 1 << 20;
  /// May refuse a request by its head (body empty, path_values empty), before its body is read or held; not called for
  /// requests without a body. Runs on the socket's thread: must not block. Empty: nobody is refused. The handler still
  /// has to check what it needs.
  std::function<Status(const Request&)> authorize;
  Handler handler;
  ErrorRenderer errors;
  RouteDoc doc;
  bool collapse_slashes = false;  ///< "//public" is read as "/public" (informatica.md 1)
};

/// True when the request's handler must not run on the socket's thread.
inline bool is_blocking(const Route& route, const Request& request) {
  return route.execution == Execution::blocking || (route.blocks && route.blocks(request));
}

/// For paths under a prefix that match no route: 404 or 405 in the dialect's shape.
struct Fallback {
  std::string prefix;  ///< "/saas/"; longest wins; "" = everything else
  ErrorRenderer errors;
};

/// Filled before the server starts, only read afterwards (then from any thread).
class Router {
 public:
  void add(Route route);
  void add_fallback(Fallback fallback);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] const std::vector<Fallback>& fallbacks() const { return fallbacks_; }

  struct Match {
    const Route* route = nullptr;  ///< null: none
    std::map<std::string, std::string, std::less<>> path_values;
    bool malformed = false;                 ///< a percent sequence of the path is broken; no route
    bool other_method = false;              ///< the path exists under another method
    std::string allow;                      ///< those methods, for the Allow header
    const ErrorRenderer* errors = nullptr;  ///< of the route, else of the other method's route, else of the fallback
  };
  /// GET routes also answer HEAD. `raw_path` is as sent; a query is ignored. `errors` is never null.
  [[nodiscard]] Match match(Method method, std::string_view raw_path) const;

 private:
  struct Segment {
    enum class Kind { literal, value, rest } kind;
    std::string text;  ///< the literal, or the name
  };
  using Parts = std::vector<std::string_view>;
  static std::vector<Segment> compile(std::string_view pattern);
  static bool fits(const std::vector<Segment>& pattern, const Parts& parts);
  static void take_values(const std::vector<Segment>& pattern, const Parts& parts, Match& match);
  [[nodiscard]] const ErrorRenderer& fallback_of(std::string_view raw_path) const;

  std::vector<Route> routes_;
  std::vector<std::vector<Segment>> patterns_;  ///< of routes_, same order
  std::vector<Fallback> fallbacks_;
};

}  // namespace meterport::http
