#include "regions/outgoing.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/hash.h"
#include "base/ids.h"

namespace meterport::regions {
namespace {

constexpr std::uint64_t refusal_bytes_max = 64 * 1024;
constexpr std::size_t file_piece_bytes = 1 << 20;
constexpr std::string_view nobody_there = "nobody is there";

std::unexpected<Error> unavailable(std::string why, std::string detail = {}) {
  return fail(ErrorKind::region_unavailable, std::move(why), std::move(detail));
}

Result<Digest> digest_of_file(const std::string& path, std::uint64_t bytes) {
  auto file = system_files().open(path, OpenMode::read);
  if (!file) return fail(std::move(file));
  Sha256 sha;
  std::string piece(file_piece_bytes, '\0');
  for (std::uint64_t at = 0; at < bytes;) {
    auto got = (*file)->read_at(at, piece);
    if (!got) return fail(std::move(got));
    if (*got == 0) break;
    sha.update(std::string_view(piece).substr(0, *got));
    at += *got;
  }
  return sha.finish();
}

/// What an answer promises, once it is known to be the region's.
class Promise {
 public:
  Promise(std::string call_signature, std::string key, std::uint64_t bytes_max)
      : call_signature_(std::move(call_signature)), key_(std::move(key)), bytes_max_(bytes_max) {}

  /// How many bytes of the body may come.
  Result<std::uint64_t> take(const http::OutboundResponse& head) {
    if (head.status / 100 != 2) return refusal_bytes_max;
    digest_ = verified_digest(head.headers, head.status, call_signature_, key_, bytes_);
    if (!digest_) return unavailable("its answer is not signed by its key");
    const std::uint64_t most = head.status == 200 ? bytes_max_ : refusal_bytes_max;
    if (bytes_ > most) return unavailable("its answer is too long");
    return bytes_;
  }
  [[nodiscard]] bool is_taken() const { return digest_.has_value(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] Status check(const Digest& digest) const {
    if (equal_constant_time(content_digest(digest), *digest_)) return {};
    return unavailable("its answer was damaged");
  }

 private:
  const std::string call_signature_, key_;
  const std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::optional<std::string> digest_;
};

std::unexpected<Error> refused(int status) {
  switch (status) {
    case 401:
      return fail(ErrorKind::forbidden, "does not accept this server's calls (401)");
    case 403:
    case 404:  // its replica of the catalogue may be a moment behind
      return unavailable(fmt::format("has nothing for this server ({})", status));
    case 429:
    case 503:
      return unavailable(fmt::format("is busy ({})", status));
    default:
      return unavailable(fmt::format("answered {}", status));
  }
}

/// An error of the exchange itself.
std::unexpected<Error> failed(Error error) {
  switch (error.kind) {
    case ErrorKind::store_unavailable: {
      std::string why = http::in_few_words(error);
      const bool is_nobody_there = why == http::refused_the_connection;
      return unavailable(std::move(why), std::string(is_nobody_there ? nobody_there : ""));
    }
    case ErrorKind::too_large:
      return unavailable("its answer was damaged");
    case ErrorKind::invalid:
      return fail(ErrorKind::forbidden, "has no valid URL in the catalogue");
    default:
      return std::unexpected(std::move(error));
  }
}

std::string base_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Status check_body(const Promise& promise, const PeerCall& call, const std::string& body) {
  if (call.to_file.empty()) return promise.check(sha256(body));
  auto digest = digest_of_file(call.to_file, promise.bytes());
  return digest ? promise.check(*digest) : Status(fail(std::move(digest)));
}

}  // namespace

bool is_gone(const Error& error) {
  return error.kind == ErrorKind::region_unavailable && error.detail == nobody_there;
}

Result<PeerAnswer> Outgoing::call(const Region& peer, const PeerCall& call, const queries::PartCall& limits) const {
  if (peer.url.empty()) return fail(ErrorKind::forbidden, "has no URL in the catalogue");
  if (peer.key.empty()) return fail(ErrorKind::forbidden, "has no key in the catalogue");
  const std::int64_t created = floor_to_second(clock_.now()).us / Instant::us_per_second;
  const CallHead head{.method = call.method,
                      .path = call.path,
                      .query = call.query,
                      .digest = content_digest(sha256(call.body)),
                      .from = own_,
                      .to = peer.name,
                      .created = created,
                      .nonce = make_id22(random_),
                      .key = key_.public_text()};
  http::OutboundRequest request;
  request.method = call.method;
  request.url = base_of(peer.url) + call.path + (call.query.empty() ? "" : "?" + call.query);
  request.headers = sign_call(head, key_);
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = call.body;
  request.timeout_ms = limits.timeout_ms;
  request.cancelled = limits.is_over;
  request.ca_file = ca_file_;
  Promise promise(signature_of(request.headers), peer.key, call.answer_bytes_max);
  request.on_head = [&promise](const http::OutboundResponse& answer) { return promise.take(answer); };
  auto answer = call.to_file.empty() ? http::send_plain(request) : http::download_plain(request, call.to_file);
  if (!answer) return failed(std::move(answer.error()));
  if (answer->status / 100 != 2) return refused(answer->status);
  if (!promise.is_taken()) {  // it has no body
    if (auto taken = promise.take(*answer); !taken) return fail(std::move(taken));
  }
  if (auto whole = check_body(promise, call, answer->body); !whole) return fail(std::move(whole));
  return PeerAnswer{.status = answer->status, .body = std::move(answer->body)};
}

}  // namespace meterport::regions
