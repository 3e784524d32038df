// HTTP/1.1 server: Beast for the request head, the body straight into a buffer of its size, strict about what
// smuggling needs (STACK: missing or repeated Host, folded headers, unknown transfer codings are refused).
//
// One io_context per thread with SO_REUSEPORT. Blocking handlers run on a bounded pool: over its bound the answer is
// busy with Retry-After before the body is read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "http/router.h"

namespace meterport::http {

class Server {
 public:
  /// Binds; the port is known when this returns. `router` must outlive the server.
  static Result<std::unique_ptr<Server>> start(const Settings& settings, const Router& router, Random& random,
                                               metrics::Registry& metrics);
  /// stop() and join.
  virtual ~Server() = default;
  /// "http://127.0.0.1:41234"
  [[nodiscard]] virtual std::string address() const = 0;
  /// Refuses new connections and requests, waits for those in flight at most that long, closes the rest.
  virtual void stop(std::int64_t wait_ms_max) = 0;
};

}  // namespace meterport::http
