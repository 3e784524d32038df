// Intake's metrics.
#pragma once

#include <atomic>
#include <memory>

#include "base/metrics.h"
#include "intake/intake.h"

namespace meterport::intake {

class Probe {
 public:
  Probe(metrics::Registry& registry, std::shared_ptr<const std::atomic<std::size_t>> in_flight)
      : stored_(records(registry, "stored")),
        duplicates_(records(registry, "duplicate")),
        conflicts_(records(registry, "conflict")),
        rejected_(records(registry, "rejected")),
        failed_(registry.counter("meterport_intake_failed_batches_total", "Submissions answered with an error")),
        batch_(registry.histogram_seconds("meterport_intake_batch_seconds",
                                          "From taking a submission to its answer, syncs included")) {
    registry.gauge("meterport_intake_in_flight", "Submissions taken and not yet answered",
                   [in_flight = std::move(in_flight)] { return static_cast<double>(in_flight->load()); });
  }

  void answered(const BatchResult& result, std::int64_t took_us) {
    stored_.add(result.stored);
    duplicates_.add(result.duplicates);
    conflicts_.add(result.conflicts);
    rejected_.add(result.rejected);
    batch_.observe_us(took_us);
  }
  void failed() { failed_.add(); }

 private:
  static metrics::Counter& records(metrics::Registry& registry, const char* result) {
    return registry.counter("meterport_intake_records_total", "Usage records by what became of them",
                            {{"result", result}});
  }

  metrics::Counter &stored_, &duplicates_, &conflicts_, &rejected_, &failed_;
  metrics::Histogram& batch_;
};

}  // namespace meterport::intake
