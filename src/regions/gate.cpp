#include "regions/gate.h"

#include <cstdlib>

#include "base/log.h"
#include "http/url.h"

namespace meterport::regions {
namespace {

// A call may come again from one end of the window to the other.
static_assert(identity::nonce_memory_s > 2 * created_window_s);

std::int64_t unix_seconds(Instant at) {
  return floor_to_second(at).us / Instant::us_per_second;
}

}  // namespace

Status Gate::check_head(const http::Request& request) const {
  std::string signature;
  if (auto head = read_head(request, signature); !head) return fail(std::move(head));
  return {};
}

Result<Caller> Gate::check(const http::Request& request) {
  Caller caller;
  auto head = read_head(request, caller.signature);
  if (!head) return fail(std::move(head));
  caller.body = sha256(request.body);
  if (!equal_constant_time(head->digest, content_digest(caller.body))) return refused("digest", request);
  caller.region = head->from;
  auto is_new = nonces_.use("region:" + head->from, std::to_string(head->created), head->nonce);
  if (!is_new) return fail(std::move(is_new));
  if (!*is_new) return refused("replayed", request);
  return caller;
}

void Gate::sign(http::Response& response, const Caller& caller, const std::optional<Digest>& digest) const {
  const AnswerHead head{.status = response.status,
                        .bytes = response.file ? response.file->bytes : response.body.size(),
                        .digest = content_digest(digest ? *digest : sha256(response.body)),
                        .call_signature = caller.signature,
                        .created = unix_seconds(clock_.now())};
  for (auto& [name, value] : sign_answer(head, key_)) response.with_header(std::move(name), std::move(value));
}

Result<CallHead> Gate::read_head(const http::Request& request, std::string& signature) const {
  const auto target = http::split_target(request.target);
  if (!target) return refused("malformed", request);
  const std::string method(http::to_string(request.method));
  auto head = read_call(request.headers, method, std::string(target->path), std::string(target->query), signature);
  if (!head) return refused("malformed", request);
  if (head->to != own_) return refused("other_region_called", request);
  const auto regions = book_.entries();
  const auto caller = regions->find(head->from);
  const std::string key = caller == regions->end() ? std::string() : caller->second.region.key;
  if (key.empty() || head->from == own_) return refused("region_unknown", request);
  if (!equal_constant_time(key, head->key) || !verifies(*head, signature)) return refused("signature", request);
  // Judged last: it is of interest of calls alone that are the region's.
  const std::int64_t age_s = unix_seconds(clock_.now()) - head->created;
  if (age_s > created_window_s || age_s < -created_window_s) return refused("created", request);
  return std::move(*head);
}

std::unexpected<Error> Gate::refused(const char* cause, const http::Request& request) const {
  probe_.call_refused(cause);
  const std::int64_t now_us = clock_.now().us;
  const std::int64_t logged_us = logged_us_.exchange(now_us);
  if (std::abs(now_us - logged_us) >= Instant::us_per_second) {
    log::warning("a region's call was refused", {{"cause", cause}, {"peer", request.peer}, {"request", request.id}});
  } else {
    logged_us_ = logged_us;
  }
  return fail(ErrorKind::unauthenticated, "the call is not accepted", cause);
}

}  // namespace meterport::regions
