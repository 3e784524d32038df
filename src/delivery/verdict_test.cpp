#include "delivery/verdict.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace meterport::delivery {
namespace {

constexpr std::int64_t day_s = 86'400;

Answer answer_to(int status, const std::string& retry_after = {}) {
  http::OutboundResponse response;
  response.status = status;
  if (!retry_after.empty()) response.headers = {{"Retry-After", retry_after}};
  return answer_of(Result<http::OutboundResponse>(response), Instant{0});
}

TEST(Verdict, FollowsTheStatus) {
  for (const int status : {200, 201, 204, 299}) EXPECT_EQ(answer_to(status).verdict, Verdict::delivered) << status;
  for (const int status : {301, 302, 307, 308, 400, 401, 404, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(answer_to(status).verdict, Verdict::again) << status;
  }
  EXPECT_EQ(answer_to(410).verdict, Verdict::gone);
  EXPECT_EQ(answer_to(302).error, "answered with status 302");
}

TEST(Verdict, RetryAfterCountsWithA429And503ADayAtMost) {
  EXPECT_EQ(answer_to(429, "120").wait_s, 120);
  EXPECT_EQ(answer_to(503, "Thu, 01 Jan 1970 00:10:00 GMT").wait_s, 600);
  EXPECT_EQ(answer_to(503, "99999999999").wait_s, day_s);
  EXPECT_EQ(answer_to(503, "soon").wait_s, 0);
  EXPECT_EQ(answer_to(500, "120").wait_s, 0);
  EXPECT_EQ(answer_to(301, "120").wait_s, 0);
}

TEST(Verdict, ClosedAndBadAddressesAreRefusedAndTheRestIsTriedAgain) {
  const auto of = [](ErrorKind kind) {
    return answer_of(Result<http::OutboundResponse>(fail(kind, "why")), Instant{0}).verdict;
  };
  EXPECT_EQ(of(ErrorKind::forbidden), Verdict::refused);
  EXPECT_EQ(of(ErrorKind::invalid), Verdict::refused);
  EXPECT_EQ(of(ErrorKind::store_unavailable), Verdict::again);
}

TEST(Verdict, TheVendorsDummyHostIsRefusedInEverySpelling) {
  for (const char* url : {"https://MyExportJobStatus.com", "http://myexportjobstatus.com./x",
                          "https://MYEXPORTJOBSTATUS.COM:8443/done?x=1"}) {
    EXPECT_TRUE(reason_to_refuse(url).starts_with("skipped")) << url;
  }
  EXPECT_EQ(reason_to_refuse("https://hooks.myexportjobstatus.com/"), "");
}

TEST(Pauses, GrowAsStandardWebhooksSaysWithATenthOfJitter) {
  constexpr std::array<std::int64_t, 11> seconds{5,      300,    1'800,  7'200,  18'000, 36'000,
                                                 50'400, 72'000, 86'400, 86'400, 86'400};
  const auto random = seeded_random(7);
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    std::set<std::int64_t> seen;
    const std::int64_t pause = seconds[i] * Instant::us_per_second;
    for (int n = 0; n < 200; ++n) seen.insert(pause_us(static_cast<int>(i) + 1, *random));
    EXPECT_GE(*seen.begin(), pause * 9 / 10) << i;
    EXPECT_LE(*seen.rbegin(), pause * 11 / 10) << i;
    EXPECT_LT(*seen.begin(), pause * 92 / 100) << i;
    EXPECT_GT(*seen.rbegin(), pause * 108 / 100) << i;
  }
}

}  // namespace
}  // namespace meterport::delivery
