// Private to exports: its metrics.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/metrics.h"
#include "exports/exports.h"

namespace meterport::exports {

class Probe {
 public:
  explicit Probe(metrics::Registry& registry);
  void job_created(const Job& job);
  void job_ended(const Job& job);
  void job_filled(const Job& job);
  void running(std::uint64_t jobs) { *running_ = jobs; }
  void waiting(std::uint64_t jobs) { *waiting_ = jobs; }

 private:
  metrics::Registry& registry_;
  metrics::Counter& rows_;
  metrics::Counter& bytes_;
  metrics::Histogram& seconds_;
  // Shared with the registry, which outlives this.
  std::shared_ptr<std::atomic<std::uint64_t>> running_, waiting_;
};

}  // namespace meterport::exports
