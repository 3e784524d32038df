// The outbox's rows: all SQL of this module. Private to delivery. Functions run inside the caller's transaction;
// SOCI's exceptions pass through to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delivery/delivery.h"

namespace meterport::delivery {

/// What the worker needs to send one.
struct Due {
  std::string id, job_id, url, content_type, body;
  int attempts = 0;
  int attempts_max = 0;
};

struct Outcome {
  std::string state;  ///< after the attempt
  Instant next_attempt;
};

void insert_delivery(soci::session& session, const Delivery& delivery, const NewDelivery& content, int attempts_max);
std::vector<Due> select_due(soci::session& session, Instant now, int count);
/// Of the pending ones; none: nothing is pending.
std::optional<Instant> select_next_attempt(soci::session& session);
/// Nothing when the delivery was deleted meanwhile.
void record_attempt(soci::session& session, const std::string& id, const Attempt& attempt, const Outcome& outcome);
std::vector<Delivery> select_of_job(soci::session& session, const std::string& job_id);
std::vector<Delivery> select_latest(soci::session& session, std::size_t count);
std::vector<Attempt> select_attempts(soci::session& session, const std::string& id);
void delete_of_job(soci::session& session, const std::string& job_id);
/// False: there is none.
bool make_pending(soci::session& session, const std::string& id, Instant now, int more_attempts);

}  // namespace meterport::delivery
