#include "identity/signing.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "identity/nonces.h"

namespace meterport::identity {
namespace {

constexpr std::size_t nonce_bytes_min = 6;
constexpr std::size_t nonce_bytes_max = 255;

/// Seconds since 1970; far off for more digits than a time can have. None: no whole number.
std::optional<std::int64_t> read_timestamp(std::string_view text) {
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return {};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() ? seconds : std::numeric_limits<std::int64_t>::max() / 2;
}

}  // namespace

std::optional<bool> is_in_window(std::string_view timestamp, Instant now) {
  const auto seconds = read_timestamp(timestamp);
  if (!seconds) return {};
  const std::int64_t off = *seconds - now.us / Instant::us_per_second;
  return off <= timestamp_window_s && off >= -timestamp_window_s;
}

bool is_nonce(std::string_view nonce) {
  return nonce.size() >= nonce_bytes_min && nonce.size() <= nonce_bytes_max;
}

bool is_signed_with(const SignedRequest& request, const oauth1::Header& header, const oauth1::Parameters& parameters,
                    const SigningSecrets& secrets) {
  const auto method = oauth1::parse_signature_method(header.value("oauth_signature_method"));
  const std::string signed_parameters = oauth1::normalized_parameters(header, parameters);
  return std::ranges::any_of(request.urls, [&](const std::string& candidate) {
    const auto url = oauth1::normalized_url(candidate);
    if (!url || !method) return false;
    const std::string base = oauth1::base_string(request.method, *url, signed_parameters);
    const std::string expected = oauth1::signature(*method, base, secrets.consumer, secrets.token);
    return !expected.empty() && equal_constant_time(expected, header.value("oauth_signature"));
  });
}

void tell_refused(Audit& audit, const SignedRequest& request, const Error& error, std::string_view signer,
                  AuditEntry entry) {
  if (error.kind != ErrorKind::unauthenticated && error.kind != ErrorKind::malformed) return;
  log::info("signature refused",
            {{"cause", error.detail}, {"signer", signer}, {"peer", request.peer}, {"request", request.request_id}});
  entry.event = AuditEvent::signature_refused;
  entry.peer = request.peer;
  entry.detail = error.detail;
  audit.add(std::move(entry));
}

}  // namespace meterport::identity
