// The outbox's rows: all SQL of this module. Private to delivery. Functions run inside the caller's transaction;
// SOCI's exceptions pass through to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delivery/delivery.h"

namespace meterport::delivery {

/// One whose time has come.
struct Due {
  std::string id, url, org;
  bool is_mail = false;
  Instant next_attempt;
};

/// What is needed to send one.
struct Sending {
  std::string id, job_id, org, url, content_type, body;
  bool is_mail = false;
  std::string subject, html;  ///< of a mail, whose plain text is the body
  Instant created;
  Instant due;
  int attempts = 0;
  int attempts_before = 0;  ///< before it was last sent again by hand
  int attempts_max = 0;
};

struct Outcome {
  std::string state;  ///< after the attempt
  Instant next_attempt;
};

void insert_delivery(soci::session& session, const Delivery& delivery, const NewDelivery& content, int attempts_max);
/// `delivery` names job, org and URL.
void insert_mail(soci::session& session, const Delivery& delivery, const NewMail& content, int attempts_max);
/// Those due longest first, at most `count` of those behind `after` in that order (null: from the first).
std::vector<Due> select_due(soci::session& session, Instant now, const Due* after, int count);
/// None: it is gone, or was sent or put off meanwhile.
std::optional<Sending> select_sending(soci::session& session, const Due& due);
/// Of the pending ones that are not due yet; none: there is none.
std::optional<Instant> select_next_attempt(soci::session& session, Instant now);
/// Nothing when the delivery was deleted meanwhile. One that was told to be sent again while the attempt was under way
/// stays pending as it was told, whatever the outcome.
void record_attempt(soci::session& session, const Sending& sent, const Attempt& attempt, const Outcome& outcome);
std::vector<Delivery> select_of_job(soci::session& session, const std::string& job_id);
std::vector<Delivery> select_page(soci::session& session, const PageRequest& request);
std::optional<Delivery> select_one(soci::session& session, const std::string& id);
std::vector<Attempt> select_attempts(soci::session& session, const std::string& id);
/// True when the receiver said with 410 that it wants no more of the job at that URL.
bool is_gone(soci::session& session, const std::string& job_id, const std::string& url);
/// Refuses what is still pending of the job at that URL; returns how many that were.
std::size_t refuse_pending(soci::session& session, const std::string& job_id, const std::string& url,
                           const std::string& reason);
void delete_of_job(soci::session& session, const std::string& job_id);
/// False: there is none.
bool make_pending(soci::session& session, const std::string& id, Instant now, int more_attempts);

}  // namespace meterport::delivery
