// Private to regions: its metrics. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"

namespace meterport::regions {

class Probe {
 public:
  Probe(metrics::Registry& registry, Clock& clock) : registry_(registry), clock_(clock) {}

  void call_refused(const char* cause);
  void part_sent(const std::string& region, std::uint64_t bytes);
  void part_received(const std::string& region, std::uint64_t bytes);
  void looked(const std::string& region, bool is_reachable, std::int64_t clock_offset_us);
  void replica_checked(const std::string& region, Instant at);

 private:
  /// Shared with the registry, which outlives this.
  struct Gauges {
    std::atomic<bool> is_reachable{false};
    std::atomic<std::int64_t> clock_offset_us{0}, replica_checked_us{0};
  };
  std::shared_ptr<Gauges> gauges_of(const std::string& region);

  metrics::Registry& registry_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Gauges>> gauges_;
};

}  // namespace meterport::regions
