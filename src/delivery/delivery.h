// Outbox of callbacks and mails: stored with the job's end, sent after status and ZIP are visible, retried with growing
// pauses, each attempt recorded. A bad or unreachable URL, a bad address or a mail server that is down never fails or
// delays a job.
//
// Any 2xx answer is delivered. Anything else (redirects too: none is followed) is tried again after 5 s, 5 min, 30 min,
// 2 h, 5 h, 10 h, 14 h, 20 h and then every 24 h, each a little jittered, up to delivery.attempts_max attempts; after a
// 429 or 503 not before its Retry-After, a day at most. 410 Gone ends it, and nothing more of that job is sent to that
// URL. At least once: a crash between an answer and its record sends again. URLs that are not http(s), lead to a closed
// address, or name the vendor documentation's dummy host are refused with the reason in last_error and never (or never
// again) contacted (informatica.md 4.1, 5.3).
//
// Callbacks are signed (Standard Webhooks, signing.h): webhook-id is the delivery's id, the same for all its attempts,
// webhook-timestamp the time of the attempt.
//
// A mail is delivered when the mail server (mail.*) takes it over, with 250. Its 5xx reply to the mail ends the
// attempts (failed); a 4xx reply, and all trouble with the server itself (connection, TLS, log-in), is tried again as
// above. Every attempt sends the same bytes under the same Message-ID. The guard against private addresses is for
// callbacks: the mail server is the operator's own.
//
// Thread-safe. Up to sixteen are sent at the same time, but only four callbacks of one org, one to a host and one to
// the mail server: a slow receiver holds up no other host, and an org with many of them no other org. Survives a
// restart (what is due is in the control store).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "control/store.h"
#include "delivery/signing.h"
#include "http/outbound_seams.h"

namespace meterport::delivery {

struct NewDelivery {
  std::string job_id;
  std::string org;
  std::string url;
  std::string content_type;
  std::string body;
};

/// A mail as it is to be sent: text and HTML say the same. One with an address that is none, or a control character in
/// its subject, is stored as refused, with the reason.
struct NewMail {
  std::string job_id;
  std::string org;
  std::string to;                   ///< one address
  std::string subject, text, html;  ///< UTF-8
};

struct Delivery {
  std::string id, job_id, org, url, state;  ///< pending, delivered, failed, refused
  bool is_mail = false;
  int attempts = 0;
  Instant created, next_attempt;
  int last_status = 0;     ///< HTTP status, SMTP reply code; 0: no answer
  std::string last_error;  ///< public text; empty: none
};

struct Attempt {
  int number = 0;  ///< from 1
  Instant began;
  std::int64_t took_us = 0;
  int status = 0;  ///< HTTP status, SMTP reply code; 0: no answer
  std::string error;
};

/// Which deliveries, and where in their order a page begins.
struct PageRequest {
  std::optional<std::vector<std::string>> orgs{};  ///< of these orgs; none: of every org
  std::string job_id{}, state{};                   ///< empty: any
  std::string after{};                             ///< id of the last one of the page before; empty: from the newest
  std::size_t count_max = 100;
};

class Outbox {
 public:
  /// invalid: delivery.allowed_ranges, mail.*. The clock and the store must outlive the outbox.
  static Result<std::unique_ptr<Outbox>> open(control::Store& control, Clock& clock, Random& random,
                                              const Settings& settings, metrics::Registry& metrics,
                                              const SigningKeys& keys,
                                              http::OutboundSeams seams = http::system_seams());
  virtual ~Outbox() = default;  ///< ends the running attempts (which then count as not made), joins
  /// Begins to send, once. A command that only looks into the data directory does not: it would end in the middle of an
  /// attempt, which then counts as not made.
  virtual void start() = 0;
  /// Stored when this returns; sent soon after start().
  virtual Status enqueue(const NewDelivery& delivery) = 0;
  /// The same as part of the caller's write transaction, so that a job's end and its callback are stored together or
  /// not at all. Call wake() after the commit.
  virtual Status enqueue_within(soci::session& session, const NewDelivery& delivery) = 0;
  /// A mail as part of the caller's write transaction. Without mail.server nothing is stored: an export never fails for
  /// want of mail. Sent like a callback: at least once, same pauses and attempts, each recorded (status: SMTP's reply
  /// code). Its `url` is "mailto:" and the address.
  virtual Status enqueue_mail_within(soci::session& session, const NewMail& mail) = 0;
  virtual void wake() = 0;
  /// Deletes the job's deliveries and their attempts as part of the caller's write transaction, whatever their state.
  /// An attempt under way ends unrecorded.
  virtual Status forget_job_within(soci::session& session, const std::string& job_id) = 0;

  /// Oldest first.
  virtual Result<std::vector<Delivery>> of_job(const std::string& job_id) = 0;
  /// Newest first. An `after` that is gone gives an empty page.
  virtual Result<std::vector<Delivery>> page(const PageRequest& request) = 0;
  virtual Result<Delivery> get(const std::string& delivery_id) = 0;  ///< not_found
  virtual Result<std::vector<Attempt>> attempts_of(const std::string& delivery_id) = 0;
  /// Sends it again, whatever its state, with fresh attempts and pauses; also when an attempt is under way, after it.
  /// not_found.
  virtual Status retry(const std::string& delivery_id) = 0;
  [[nodiscard]] virtual const SigningKeys& keys() const = 0;
};

}  // namespace meterport::delivery
