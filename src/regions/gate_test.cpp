#include "regions/gate.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/test_folder.h"
#include "catalog/test_catalog.h"

namespace meterport::regions {
namespace {

constexpr const char* path = "/peer/v1/parts";

struct GateTest : ::testing::Test {
  GateTest() {
    test.must_import(R"({"regions":[{"name":"local"},{"name":"mute"},{"name":"eu","key":")" + theirs.public_text() +
                     R"("}]})");
    hash.emplace(identity::SecretHash::open(system_files(), folder / "keys", system_random(), true).value());
    open();
  }
  void open() {
    book = std::make_unique<RegionBook>(*test.catalog);
    gate = std::make_unique<Gate>("local", *book, clock, ours, probe, *test.store, *hash);
  }
  static RegionKey made(std::uint8_t n) {
    RegionKey::Seed seed{};
    seed.fill(n);
    return RegionKey::of(seed);
  }
  CallHead head(const std::string& body) const {
    return {.method = "POST",
            .path = path,
            .query = "",
            .digest = content_digest(sha256(body)),
            .from = "eu",
            .to = "local",
            .created = clock.now().us / Instant::us_per_second,
            .nonce = make_id22(system_random()),
            .key = theirs.public_text()};
  }
  static http::Request request_of(const CallHead& head, const RegionKey& key, std::string body) {
    http::Request request;
    request.method = http::Method::post;
    request.target = request.path = path;
    request.headers = sign_call(head, key);
    request.body = std::move(body);
    return request;
  }
  /// "" when accepted, else the cause.
  std::string cause(const http::Request& request) {
    const auto caller = gate->check(request);
    if (caller) return "";
    EXPECT_EQ(caller.error().kind, ErrorKind::unauthenticated);
    EXPECT_EQ(caller.error().text, "the call is not accepted");
    return caller.error().detail;
  }
  template <class Change>
  std::string cause_with(Change change) {
    CallHead changed = head("x");
    change(changed);
    return cause(request_of(changed, theirs, "x"));
  }

  catalog::TestCatalog test;
  TestFolder folder;
  AdjustableClock clock;
  metrics::Registry metrics;
  Probe probe{metrics, clock};
  const RegionKey ours = made(1), theirs = made(2);
  std::optional<identity::SecretHash> hash;
  std::unique_ptr<RegionBook> book;
  std::unique_ptr<Gate> gate;
};

TEST_F(GateTest, AGoodCallIsAcceptedOnceAlsoOverARestart) {
  const auto request = request_of(head("x"), theirs, "x");
  EXPECT_TRUE(gate->check_head(request));
  const auto caller = gate->check(request);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->region, "eu");
  EXPECT_EQ(cause(request), "replayed");
  test.restart();
  open();
  EXPECT_EQ(cause(request), "replayed");
}

TEST_F(GateTest, WhatIsNotTheRegionsIsRefused) {
  EXPECT_EQ(cause(request_of(head("x"), theirs, "y")), "digest");
  EXPECT_EQ(cause(request_of(head("x"), made(3), "x")), "signature");
  EXPECT_EQ(cause_with([](CallHead& head) { head.key = made(3).public_text(); }), "signature");
  EXPECT_EQ(cause_with([](CallHead& head) { head.from = "us"; }), "region_unknown");
  EXPECT_EQ(cause_with([](CallHead& head) { head.from = "mute"; }), "region_unknown");
  EXPECT_EQ(cause_with([](CallHead& head) { head.from = "local"; }), "region_unknown");
  EXPECT_EQ(cause_with([](CallHead& head) { head.to = "eu"; }), "other_region_called");
  EXPECT_EQ(cause_with([](CallHead& head) { head.path = "/peer/v1/totals"; }), "signature");
  EXPECT_EQ(cause_with([](CallHead& head) { head.query = "a=1"; }), "signature");
  EXPECT_EQ(cause_with([](CallHead& head) { head.nonce = "short"; }), "malformed");
}

TEST_F(GateTest, ClocksMayBeFiveMinutesApart) {
  EXPECT_EQ(cause_with([](CallHead& head) { head.created -= 295; }), "");
  EXPECT_EQ(cause_with([](CallHead& head) { head.created += 295; }), "");
  EXPECT_EQ(cause_with([](CallHead& head) { head.created -= 302; }), "created");
  EXPECT_EQ(cause_with([](CallHead& head) { head.created += 302; }), "created");
}

TEST_F(GateTest, AnswersAreSigned) {
  const auto request = request_of(head("x"), theirs, "x");
  const auto caller = gate->check(request);
  ASSERT_TRUE(caller);
  auto response = http::Response::json(200, "{}");
  gate->sign(response, *caller);
  response.with_header("content-length", "2");
  std::uint64_t bytes = 0;
  const auto digest = verified_digest(response.headers, 200, signature_of(request.headers), ours.public_text(), bytes);
  EXPECT_EQ(digest, content_digest(sha256("{}")));
}

}  // namespace
}  // namespace meterport::regions
