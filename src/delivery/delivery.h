// Outbox of callbacks: stored with the job's end, sent after status and ZIP are visible, retried with growing pauses,
// each attempt recorded. A bad or unreachable URL never fails or delays a job.
//
// Thread-safe. One worker thread sends; survives a restart (what is due is in the control store).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "control/store.h"

namespace meterport::delivery {

struct NewDelivery {
  std::string job_id;
  std::string org;
  std::string url;
  std::string content_type;
  std::string body;
};

struct Delivery {
  std::string id, job_id, org, url, state;  ///< pending, delivered, failed, refused
  int attempts = 0;
  Instant created, next_attempt;
  int last_status = 0;
  std::string last_error;
};

class Outbox {
 public:
  static Result<std::unique_ptr<Outbox>> start(control::Store& control, Clock& clock, Random& random,
                                               const Settings& settings, metrics::Registry& metrics);
  virtual ~Outbox() = default;  ///< ends the running attempt, joins
  /// Stored when this returns; sent soon after.
  virtual Status enqueue(const NewDelivery& delivery) = 0;
  virtual Result<std::vector<Delivery>> of_job(const std::string& job_id) = 0;
};

}  // namespace meterport::delivery
