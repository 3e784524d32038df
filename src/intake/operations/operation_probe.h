// Metrics of operations.
#pragma once

#include "base/metrics.h"

namespace meterport::intake {

class OperationProbe {
 public:
  explicit OperationProbe(metrics::Registry& registry)
      : taken_(registry.counter("meterport_operations_taken_total", "Operations made durable and answered")),
        finished_(registry.counter("meterport_operations_finished_total", "Operations settled as a whole")),
        failed_(registry.counter("meterport_operations_failed_total", "Operations that could not be read back")) {}

  void taken() { taken_.add(); }
  void finished() { finished_.add(); }
  void failed() { failed_.add(); }

 private:
  metrics::Counter &taken_, &finished_, &failed_;
};

}  // namespace meterport::intake
