#include "delivery/verdict.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "http/retry_after.h"

namespace meterport::delivery {
namespace {

constexpr std::int64_t hour_s = 3'600;
constexpr std::int64_t day_s = 24 * hour_s;
constexpr std::array<std::int64_t, 9> pauses_s{5,           300,         1'800,       2 * hour_s, 5 * hour_s,
                                               10 * hour_s, 14 * hour_s, 20 * hour_s, day_s};
// Of ten thousand: a tenth to each side.
constexpr std::int64_t jitter_base = 10'000;
constexpr std::int64_t jitter_max = 1'000;
// The vendor's samples carry this address; its clients copy it (informatica.md 4.1).
constexpr std::string_view dummy_host = "myexportjobstatus.com";

constexpr int status_gone = 410;
constexpr int status_too_many = 429;
constexpr int status_unavailable = 503;

std::int64_t wait_of(const http::OutboundResponse& response, Instant now) {
  if (response.status != status_too_many && response.status != status_unavailable) return 0;
  const auto asked = http::retry_after_seconds(response.header("retry-after"), now);
  return std::min(asked.value_or(0), day_s);
}

}  // namespace

Answer answer_of(const Result<http::OutboundResponse>& response, Instant now) {
  if (!response) {
    const ErrorKind kind = response.error().kind;
    const bool is_refused = kind == ErrorKind::invalid || kind == ErrorKind::forbidden;
    return {.verdict = is_refused ? Verdict::refused : Verdict::again, .error = response.error().text};
  }
  if (response->status / 100 == 2) return {.status = response->status};
  return {.verdict = response->status == status_gone ? Verdict::gone : Verdict::again,
          .status = response->status,
          .error = "answered with status " + std::to_string(response->status),
          .wait_s = wait_of(*response, now)};
}

Answer answer_of(const Result<http::MailReply>& reply) {
  if (!reply) return {.verdict = Verdict::again, .error = reply.error().text};
  if (reply->is_accepted()) return {.status = reply->code};
  return {.verdict = reply->is_final() ? Verdict::final : Verdict::again,
          .status = reply->code,
          .error = "the mail server answered " + reply->text};
}

std::string reason_to_refuse(const std::string& url) {
  const auto host = http::host_of(url);
  if (!host) return host.error().text;
  if (*host == dummy_host) return "skipped: the dummy address of the vendor's documentation";
  return {};
}

std::int64_t pause_us(int attempts_made, Random& random) {
  const auto index = static_cast<std::size_t>(std::max(attempts_made, 1) - 1);
  const std::int64_t pause = pauses_s[std::min(index, pauses_s.size() - 1)] * Instant::us_per_second;
  std::array<std::uint8_t, sizeof(std::uint32_t)> bytes{};
  random.fill(bytes);
  std::uint32_t drawn = 0;
  std::memcpy(&drawn, bytes.data(), sizeof drawn);
  const std::int64_t factor = jitter_base - jitter_max + drawn % (2 * jitter_max + 1);
  return pause / jitter_base * factor;
}

}  // namespace meterport::delivery
