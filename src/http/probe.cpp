#include "http/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace meterport::http {

Probe::Probe(const Router& router, metrics::Registry& registry)
    : router_(router), registry_(registry), levels_(std::make_shared<Levels>()), series_(router.routes().size() + 1) {
  registry_.gauge("meterport_http_requests_in_flight", "Requests read and not answered yet.",
                  [levels = levels_] { return static_cast<double>(levels->in_flight.load()); });
  registry_.gauge("meterport_http_connections", "Open connections.",
                  [levels = levels_] { return static_cast<double>(levels->connections.load()); });
}

void Probe::answered(const Route* route, int status, std::int64_t took_us) {
  const auto index = route == nullptr ? series_.size() - 1 : static_cast<std::size_t>(route - router_.routes().data());
  Series& series = series_[index];
  const int status_class = std::clamp(status / 100, 1, 5);
  metrics::Counter* counter = series.by_class[status_class].load(std::memory_order_acquire);
  metrics::Histogram* seconds = series.seconds.load(std::memory_order_acquire);
  if (counter == nullptr || seconds == nullptr) {
    // Two threads may both come here: the registry gives both the same series.
    metrics::Labels labels{{"route", route == nullptr ? "" : route->path},
                           {"method", route == nullptr ? "" : std::string(to_string(route->method))}};
    seconds = &registry_.histogram_seconds("meterport_http_request_seconds",
                                           "From the request's head read to its answer written.", labels);
    labels.emplace_back("status", fmt::format("{}xx", status_class));
    counter = &registry_.counter("meterport_http_requests_total", "Requests answered.", labels);
    series.by_class[status_class].store(counter, std::memory_order_release);
    series.seconds.store(seconds, std::memory_order_release);
  }
  counter->add();
  seconds->observe_us(took_us);
}

}  // namespace meterport::http
