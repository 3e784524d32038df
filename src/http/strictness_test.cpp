// The shapes of request smuggling, the limits, and clients that are slow or send more than they may.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "http/server_fixture.h"

namespace meterport::http {
namespace {

using testing::RawAnswer;
using testing::RawClient;
using testing::ServerTest;

struct Probe {
  const char* name;
  const char* request;
  int status;
};

class StrictnessTest : public ServerTest, public ::testing::WithParamInterface<Probe> {};

TEST_P(StrictnessTest, IsRefusedAndTheConnectionClosed) {
  start();
  RawClient client(server_->address());
  // A second request hidden behind the first must never be answered.
  const RawAnswer answer = client.exchange(std::string(GetParam().request) + "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, GetParam().status) << answer.head << answer.body;
  EXPECT_TRUE(client.is_closed_by_server());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, StrictnessTest,
    ::testing::Values(
        Probe{"BothFramings",
              "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              400},
        Probe{"BothFramingsOtherOrder",
              "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
              400},
        Probe{"UnknownCoding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
              501},
        Probe{"MisspeltCoding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
        Probe{"UnknownCodingWithLength",
              "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc", 400},
        Probe{"CodingInHttp10", "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Probe{"TwoLengths", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
              400},
        Probe{"SameLengthTwice", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
              400},
        Probe{"SignedLength", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400},
        Probe{"FoldedHeader", "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", 400},
        Probe{"BlankBeforeColon", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        Probe{"BlankBeforeFirstHeader", "GET /hello HTTP/1.1\r\n Host: x\r\n\r\n", 400},
        Probe{"BareLineFeeds", "GET /hello HTTP/1.1\nHost: x\n\n", 400},
        Probe{"NoHost", "GET /hello HTTP/1.1\r\nAccept: */*\r\n\r\n", 400},
        Probe{"TwoHosts", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Probe{"EmptyHost", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400},
        Probe{"NotHttp", "\x16\x03\x01 nonsense\r\n\r\n", 400},
        Probe{"OtherVersion", "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        Probe{"BadChunkSize", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400},
        Probe{"LineFeedInChunkExtension",
              "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nb\r\nab\r\n0\r\n\r\n", 400},
        Probe{"ChunkWithoutItsEnd",
              "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n", 400}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ServerTest, ANulInAHeaderIsRefused) {
  start();
  std::string request = "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: 1?2\r\n\r\n";
  request[request.find('?')] = '\0';
  EXPECT_EQ(once(request).status, 400);
}

TEST_F(ServerTest, EmptyLinesBeforeARequestAreIgnored) {
  start();
  EXPECT_EQ(once("\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi");
}

TEST_F(ServerTest, AHeadTooLongIsRefusedWith431) {
  start();
  RawClient client(server_->address());
  const RawAnswer answer =
      client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(answer.status, 431);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, UnknownPathsAndMethodsAnswerInTheDialectsShape) {
  router_.add_fallback({.prefix = "/saas/", .errors = testing::error_in_dialect_shape});
  start();
  EXPECT_EQ(once("GET /saas/x HTTP/1.1\r\nHost: x\r\n\r\n").body, "no_such_path at /saas/x");
  EXPECT_EQ(once("GET //saas/x HTTP/1.1\r\nHost: x\r\n\r\n").body, "no_such_path at //saas/x");
  const RawAnswer elsewhere = once("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(elsewhere.header("Content-Type"), "application/problem+json");
  EXPECT_NE(elsewhere.body.find(R"("type":"urn:meterport:problem:no_such_path")"), std::string::npos);
  const RawAnswer method = once("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("Allow"), "GET, HEAD");
  EXPECT_EQ(method.body, "method_not_allowed at /hello");
  EXPECT_EQ(once("GET /items/%zz HTTP/1.1\r\nHost: x\r\n\r\n").status, 400);
  EXPECT_EQ(once("GET /hello?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n").status, 400);
}

TEST_F(ServerTest, ARefusedRequestWithASmallBodyKeepsTheConnection) {
  start();
  RawClient client(server_->address());
  EXPECT_EQ(client.exchange("POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").status, 404);
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi");
}

TEST_F(ServerTest, ABodyOverTheLimitIsRefusedBeforeItIsSent) {
  start();
  RawClient client(server_->address());
  const RawAnswer answer =
      client.exchange("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "too_large at /echo");
  EXPECT_EQ(answer.header("Connection"), "close");
}

// Most client libraries send everything before they read: they must see the answer and not a reset.
TEST_F(ServerTest, AClientThatSendsTwoHundredMegabytesStillReads413) {
  start();
  RawClient client(server_->address());
  const std::size_t bytes = 200'000'000;
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n"));
  const std::string piece(1'000'000, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += piece.size()) ASSERT_TRUE(client.send(piece)) << sent;
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST_F(ServerTest, AChunkedBodyOverTheLimitIsRefused) {
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.send(chunk));
  ASSERT_TRUE(client.send("0\r\n\r\n"));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "too_large at /echo");
}

TEST_F(ServerTest, OverTheBoundRequestsAreRefusedWithRetryAfter) {
  set("http.requests_in_flight_max", std::int64_t{2});
  std::promise<Reply> first;
  std::promise<Reply> second;
  add(Method::get, "/first", Execution::inline_,
      [&first](const Request&, Reply reply) { first.set_value(std::move(reply)); });
  add(Method::get, "/second", Execution::inline_,
      [&second](const Request&, Reply reply) { second.set_value(std::move(reply)); });
  start();
  RawClient a(server_->address());
  RawClient b(server_->address());
  ASSERT_TRUE(a.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply_a = first.get_future().get();
  ASSERT_TRUE(b.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply_b = second.get_future().get();
  RawClient client(server_->address());
  const RawAnswer refused = client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "busy at /hello");
  EXPECT_EQ(refused.header("Retry-After"), "1");
  reply_a(Response::text(200, "a"));
  EXPECT_EQ(a.read_answer().body, "a");
  // The client can have the answer a moment before the server counts the request as over.
  int status = 503;
  while (status == 503) status = client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status;
  EXPECT_EQ(status, 200);
  reply_b(Response::text(200, "b"));
  EXPECT_EQ(b.read_answer().body, "b");
}

// The body of an unknown caller is neither waited for nor held.
TEST_F(ServerTest, WhoMayNotSendIsRefusedBeforeTheBody) {
  Route route;
  route.method = Method::post;
  route.path = "/guarded";
  route.body_bytes_max = 1 << 20;
  route.errors = testing::error_in_dialect_shape;
  route.authorize = [](const Request& request) -> Status {
    if (request.bearer() == "known") return {};
    return fail(ErrorKind::unauthenticated, "who is it?");
  };
  route.handler = [](const Request& request, Reply reply) { reply(Response::text(200, request.body)); };
  add(std::move(route));
  start();
  const std::string head = "POST /guarded HTTP/1.1\r\nHost: x\r\n";
  const RawAnswer refused = once(head + "Content-Length: 900000\r\nAuthorization: Bearer other\r\n\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "unauthenticated at /guarded");
  EXPECT_EQ(once(head + "Transfer-Encoding: chunked\r\n\r\n").status, 401);
  RawClient client(server_->address());
  EXPECT_EQ(client.exchange(head + "Content-Length: 4\r\n\r\nbody").status, 401);
  EXPECT_EQ(client.exchange(head + "Content-Length: 4\r\nAuthorization: Bearer known\r\n\r\nbody").body, "body")
      << "a small refused body is read off and the connection stays";
}

TEST_F(ServerTest, BodiesInFlightShareOneBudget) {
  set("http.body_bytes_in_flight_max", std::int64_t{1 << 20});
  set("server.threads", std::int64_t{1});
  std::promise<Reply> parked;
  Route route;
  route.method = Method::post;
  route.path = "/parked";
  route.execution = Execution::inline_;
  route.body_bytes_max = 16 << 20;
  route.errors = testing::error_in_dialect_shape;
  route.handler = [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); };
  add(std::move(route));
  start();
  RawClient first(server_->address());
  ASSERT_TRUE(
      first.send("POST /parked HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'a')));
  Reply reply = parked.get_future().get();

  const RawAnswer busy = once("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.body, "busy at /echo");
  EXPECT_EQ(busy.header("Retry-After"), "1");
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'b') + "\r\n";
  EXPECT_EQ(once("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk).status,
            503);
  EXPECT_EQ(once("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody").body, "body");
  EXPECT_EQ(once("POST /parked HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n").status, 413)
      << "would never fit";

  reply(Response::text(200, "done"));
  EXPECT_EQ(first.read_answer().body, "done");
  const std::string body(500'000, 'c');
  // One thread: what the first request held was given back before its connection was read again.
  EXPECT_EQ(first.exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + body).body, body);
}

TEST_F(ServerTest, ConnectionsThatStallAreClosed) {
  set("http.idle_timeout", std::int64_t{1});
  start();
  RawClient idle(server_->address());
  RawClient slow_head(server_->address());
  RawClient slow_body(server_->address());
  RawClient active(server_->address());
  ASSERT_TRUE(slow_head.send("GET /hello HTTP/1.1\r\nHost: x\r\nX-"));
  ASSERT_TRUE(slow_body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_TRUE(idle.is_closed_by_server());
  EXPECT_TRUE(slow_head.is_closed_by_server());
  EXPECT_TRUE(slow_body.is_closed_by_server());
  EXPECT_EQ(once("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

TEST_F(ServerTest, AHandlerThatTakesLongerThanTheIdleTimeoutIsWaitedFor) {
  set("http.idle_timeout", std::int64_t{1});
  std::promise<Reply> parked;
  add(Method::get, "/parked", Execution::inline_,
      [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); });
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply = parked.get_future().get();
  RawClient idle(server_->address());
  EXPECT_TRUE(idle.is_closed_by_server()) << "by then the other one is over its time as well";
  reply(Response::text(200, "done"));
  EXPECT_EQ(client.read_answer().body, "done");
}

}  // namespace
}  // namespace meterport::http
