// The server's metrics: requests by route and status class, durations, in flight, connections. Internal to http;
// thread-safe. Series appear with their first request, so that unused routes do not fill every scrape.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "http/router.h"

namespace meterport::http {

class Probe {
 public:
  /// `router` must be complete and, like `registry`, outlive the probe.
  Probe(const Router& router, metrics::Registry& registry);

  /// `route` null: no route matched.
  void answered(const Route* route, int status, std::int64_t took_us);
  void connection_opened() { levels_->connections.fetch_add(1, std::memory_order_relaxed); }
  void connection_closed() { levels_->connections.fetch_sub(1, std::memory_order_relaxed); }
  /// Requests whose head is read and whose answer is not written yet.
  [[nodiscard]] std::int64_t in_flight() const { return levels_->in_flight.load(std::memory_order_relaxed); }
  std::int64_t request_began() { return levels_->in_flight.fetch_add(1, std::memory_order_relaxed) + 1; }
  void request_ended() { levels_->in_flight.fetch_sub(1, std::memory_order_release); }

 private:
  /// Shared with the registry's gauges, which may be read after the server is gone.
  struct Levels {
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::int64_t> in_flight{0};
  };
  struct Series {
    std::atomic<metrics::Counter*> by_class[6] = {};  ///< [1] to [5]: 1xx to 5xx
    std::atomic<metrics::Histogram*> seconds{nullptr};
  };

  const Router& router_;
  metrics::Registry& registry_;
  std::shared_ptr<Levels> levels_;
  std::vector<Series> series_;  ///< one a route, and one for the rest
};

}  // namespace meterport::http
