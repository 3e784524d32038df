// What an attempt to deliver came to, and how long to wait for the next. Private to delivery. Any thread.
//
// As Standard Webhooks has it: 2xx is delivered; 410 is the receiver's wish to hear no more of it; every other answer
// (redirects too, which are never followed), silence and a lost connection are tried again, not before the time that a
// 429 or 503 asks for.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.h"
#include "base/random.h"
#include "http/client.h"
#include "http/mail_client.h"

namespace meterport::delivery {

enum class Verdict {
  delivered,
  again,    ///< may do better later
  final,    ///< would be refused again
  gone,     ///< the receiver wants no more of it
  refused,  ///< must not be contacted
};

struct Answer {
  Verdict verdict = Verdict::delivered;
  int status = 0;  ///< HTTP status, SMTP reply code; 0: no answer
  std::string error{};
  std::int64_t wait_s = 0;  ///< with `again`: not before so many seconds, a day at most
};

Answer answer_of(const Result<http::OutboundResponse>& response, Instant now);
Answer answer_of(const Result<http::MailReply>& reply);

/// Why the URL will never be contacted; empty: it may be.
std::string reason_to_refuse(const std::string& url);

/// Microseconds until the next attempt, after `attempts_made` (from 1): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h,
/// then every 24 h, each up to a tenth longer or shorter so that what failed together does not come back together.
std::int64_t pause_us(int attempts_made, Random& random);

}  // namespace meterport::delivery
