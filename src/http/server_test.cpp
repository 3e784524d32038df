#include "http/server.h"

#include <unistd.h>

#include <future>
#include <thread>

#include "http/server_fixture.h"

namespace meterport::http {
namespace {

using testing::RawAnswer;
using testing::RawClient;
using testing::ServerTest;

TEST_F(ServerTest, AnswersWithDateLengthAndRequestId) {
  start();
  const RawAnswer answer = once("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hi");
  EXPECT_EQ(answer.header("Content-Length"), "2");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_TRUE(answer.header("Date").ends_with(" GMT"));
  EXPECT_EQ(answer.header("X-Request-Id").size(), 22U);
}

TEST_F(ServerTest, AWireWithRequestIdsOfItsOwnHasNoOther) {
  add(Method::get, "/own", Execution::inline_, [](const Request&, Reply reply) {
    Response response = Response::text(200, "hi");
    response.has_own_request_id = true;
    reply(std::move(response));
  });
  start();
  EXPECT_EQ(once("GET /own HTTP/1.1\r\nHost: x\r\n\r\n").header("X-Request-Id"), "");
}

// I33
TEST_F(ServerTest, AGetWithAContentTypeAndNoBodyIsServed) {
  start();
  const RawAnswer answer = once("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
}

TEST_F(ServerTest, TheConnectionStaysForTheNextRequest) {
  start();
  RawClient client(server_->address());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  }
  const RawAnswer last = client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(server_->address());
  std::string requests;
  for (int i = 0; i < 40; ++i) {
    const std::string body = std::to_string(i);
    requests += (i % 2 == 0 ? "POST /echo" : "POST /blocking/echo");
    requests += " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.read_answer().body, std::to_string(i));
}

TEST_F(ServerTest, OldHttpClientsAreServedAndTheConnectionClosed) {
  start();
  RawClient client(server_->address());
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.0\r\n\r\n").body, "hi");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, HeadGetsTheHeadersOfGetWithoutABody) {
  start();
  RawClient client(server_->address());
  const RawAnswer answer = client.exchange("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", false);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), "2");
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi");
}

TEST_F(ServerTest, ChunkedBodiesArriveWhole) {
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"));
  ASSERT_TRUE(client.send("lo\r\n6;ext=1\r\n world\r\n0\r\nTrailer: ignored\r\n\r\n"));
  EXPECT_EQ(client.read_answer().body, "hello world");
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi") << "the connection stays usable";
}

TEST_F(ServerTest, ALargeBodyArrivesWholeHoweverItIsSliced) {
  start();
  std::string body;
  for (int i = 0; body.size() < 900'000; ++i) body += std::to_string(i) + ",";
  RawClient client(server_->address());
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  std::thread sender([&] {
    ASSERT_TRUE(client.send(head + body.substr(0, 10)));
    ASSERT_TRUE(client.send(std::string_view(body).substr(10, 100'000)));
    ASSERT_TRUE(client.send(std::string_view(body).substr(100'010)));
  });
  const RawAnswer answer = client.read_answer();
  sender.join();
  EXPECT_EQ(answer.body, body);
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(client.read_answer(false).status, 100);
  EXPECT_EQ(client.exchange("body").body, "body");
}

TEST_F(ServerTest, PathValuesAreDecodedPerSegment) {
  start();
  EXPECT_EQ(once("GET /items/a%2Fb%20c HTTP/1.1\r\nHost: x\r\n\r\n").body, "a/b c");
  EXPECT_EQ(once("GET http://x/items/7?q=1 HTTP/1.1\r\nHost: x\r\n\r\n").body, "7");
}

TEST_F(ServerTest, HandlersSeeQueryHeadersPeerAndOrigin) {
  add(Method::get, "/show", Execution::blocking, [](const Request& request, Reply reply) {
    std::string text(request.query_value("a b").value_or("none"));
    text.append("|").append(request.bearer()).append("|").append(request.peer).append("|").append(request.origin());
    reply(Response::text(200, text));
  });
  start();
  EXPECT_EQ(once("GET /show?x=1&a+b=c%26d HTTP/1.1\r\nHost: meter.example:81\r\nAUTHORIZATION: bearer t\r\n\r\n").body,
            "c&d|t|127.0.0.1|http://meter.example:81");
}

TEST_F(ServerTest, ThePublicUrlIsTheOriginWhenSet) {
  set("server.public_url", std::string("https://meter.example/"));
  add(Method::get, "/origin", Execution::inline_,
      [](const Request& request, Reply reply) { reply(Response::text(200, std::string(request.origin()))); });
  start();
  EXPECT_EQ(once("GET /origin HTTP/1.1\r\nHost: other\r\n\r\n").body, "https://meter.example");
}

TEST_F(ServerTest, AHeaderValueOfEightKibibytesIsAccepted) {
  start();
  EXPECT_EQ(once("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(8192, 'v') + "\r\n\r\n").status, 200);
}

TEST_F(ServerTest, ARepliedFromAnotherThreadLaterIsSent) {
  std::promise<Reply> parked;
  add(Method::get, "/parked", Execution::inline_,
      [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); });
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply = parked.get_future().get();
  EXPECT_EQ(once("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi") << "nobody waits for the parked one";
  std::thread([&reply] { reply(Response::text(200, "late")); }).join();
  EXPECT_EQ(client.read_answer().body, "late");
}

TEST_F(ServerTest, AReplyDroppedUnusedAnswersInTheRoutesShape) {
  add(Method::get, "/dropped", Execution::blocking, [](const Request&, const Reply&) {});
  add(Method::get, "/throws", Execution::inline_,
      [](const Request&, const Reply&) { throw std::runtime_error("on purpose"); });
  start();
  for (const std::string path : {"/dropped", "/throws"}) {
    const RawAnswer answer = once("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "internal at " + path);
  }
}

TEST_F(ServerTest, AReplyThatOutlivesItsConnectionAndServerIsHarmless) {
  std::promise<Reply> parked;
  add(Method::get, "/parked", Execution::inline_,
      [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); });
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply = parked.get_future().get();
  server_.reset();
  EXPECT_TRUE(client.is_closed_by_server());
  reply(Response::text(200, "too late"));
}

TEST_F(ServerTest, FilesAreSentInTheirRange) {
  char path[] = "/tmp/meterport-http-XXXXXX";
  const int fd = ::mkstemp(path);
  std::string content;
  while (content.size() < 3'000'000) content += std::to_string(content.size()) + "\n";
  ASSERT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  ::close(fd);
  add(Method::get, "/file", Execution::blocking, [&](const Request&, Reply reply) {
    Response response{.status = 200, .content_type = "application/zip", .body = {}, .file = {}, .headers = {}};
    response.file = FileBody{.path = path, .offset = 100, .bytes = content.size() - 200};
    reply(std::move(response));
  });
  start();
  RawClient client(server_->address());
  EXPECT_EQ(client.exchange("GET /file HTTP/1.1\r\nHost: x\r\n\r\n").body, content.substr(100, content.size() - 200));
  const RawAnswer head = client.exchange("HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n", false);
  EXPECT_EQ(head.header("Content-Length"), std::to_string(content.size() - 200));
  ::unlink(path);
  EXPECT_EQ(client.exchange("GET /file HTTP/1.1\r\nHost: x\r\n\r\n").body, "internal at /file");
}

/// "0\n1\n2\n" ... in pieces of one line; fails after `good` of them if that is less.
class Counting final : public BodySource {
 public:
  Counting(int count, int good) : count_(count), good_(good) {}
  Result<bool> next(std::string& out) override {
    if (at_ == good_) return fail(ErrorKind::internal, "broken", "on purpose");
    out += std::to_string(at_++) + "\n";
    return at_ < count_;
  }

 private:
  int count_, good_, at_ = 0;
};

void add_counting(Router& router, int count, int good) {
  Route route;
  route.path = "/count";
  route.execution = Execution::inline_;
  route.handler = [count, good](const Request&, Reply reply) {
    Response response = Response::text(200, "first\n");
    response.stream = std::make_shared<Counting>(count, good);
    reply(std::move(response));
  };
  route.errors = testing::error_in_dialect_shape;
  router.add(std::move(route));
}

TEST_F(ServerTest, AStreamIsSentInChunksAndTheConnectionStays) {
  add_counting(router_, 3, 3);
  start();
  RawClient client(server_->address());
  const RawAnswer head = client.exchange("GET /count HTTP/1.1\r\nHost: x\r\n\r\n", false);
  EXPECT_EQ(head.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(head.header("Content-Length"), "");
  const std::string chunks = "6\r\nfirst\n\r\n2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n";
  EXPECT_EQ(client.read_bytes(chunks.size()), chunks);
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hi");
}

TEST_F(ServerTest, AStreamToAnOldClientEndsWithTheConnection) {
  add_counting(router_, 3, 3);
  start();
  RawClient client(server_->address());
  const RawAnswer head = client.exchange("GET /count HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false);
  EXPECT_EQ(head.header("Transfer-Encoding"), "");
  EXPECT_EQ(head.header("Connection"), "close");
  EXPECT_EQ(client.read_bytes(12), "first\n0\n1\n2\n");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, AStreamThatFailsIsCutOff) {
  add_counting(router_, 3, 1);
  start();
  RawClient client(server_->address());
  (void)client.exchange("GET /count HTTP/1.1\r\nHost: x\r\n\r\n", false);
  const std::string chunks = "6\r\nfirst\n\r\n2\r\n0\n\r\n";
  EXPECT_EQ(client.read_bytes(chunks.size()), chunks);
  EXPECT_TRUE(client.is_closed_by_server()) << "no last chunk";
}

TEST_F(ServerTest, AStrangerLearnsNothingOfTheLimit) {
  Route route;
  route.method = Method::post;
  route.path = "/limited";
  route.body_bytes_max = 4;
  route.authorize = [](const Request& request) -> Status {
    if (request.header("Authorization").empty()) return fail(ErrorKind::unauthenticated, "who?");
    return {};
  };
  route.handler = [](const Request&, Reply reply) { reply(Response::text(200, "ok")); };
  route.errors = testing::error_in_dialect_shape;
  add(std::move(route));
  start();
  const std::string rest = "Host: x\r\nContent-Length: 5\r\n\r\n12345";
  EXPECT_EQ(once("POST /limited HTTP/1.1\r\n" + rest).status, 401);
  EXPECT_EQ(once("POST /limited HTTP/1.1\r\nAuthorization: a\r\n" + rest).status, 413);
}

TEST_F(ServerTest, MetricsNameRouteAndStatusClass) {
  start();
  RawClient client(server_->address());
  (void)client.exchange("GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  (void)client.exchange("GET /items/2 HTTP/1.1\r\nHost: x\r\n\r\n");
  // The third answer tells that the second one is counted.
  EXPECT_EQ(client.exchange("GET /none HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
  const std::string text = metrics_.expose();
  EXPECT_NE(text.find(R"(meterport_http_requests_total{route="/items/{id}",method="GET",status="2xx"} 2)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("meterport_http_connections 1"), std::string::npos);
}

TEST_F(ServerTest, AHeaderWithALineEndCannotSplitTheAnswer) {
  add(Method::get, "/split", Execution::inline_, [](const Request&, Reply reply) {
    reply(Response::text(200, "ok").with_header("X-Good", "1").with_header("X-Bad", "1\r\nSet-Cookie: evil"));
  });
  start();
  const RawAnswer answer = once("GET /split HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.header("X-Good"), "1");
  EXPECT_EQ(answer.header("Set-Cookie"), "");
}

TEST_F(ServerTest, StopLetsTheRequestUnderWayFinish) {
  std::promise<Reply> parked;
  add(Method::get, "/parked", Execution::inline_,
      [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); });
  start();
  RawClient busy(server_->address());
  RawClient idle(server_->address());
  ASSERT_EQ(idle.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  ASSERT_TRUE(busy.send("GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"));
  Reply reply = parked.get_future().get();
  std::thread stopper([&] { server_->stop(60'000); });
  EXPECT_TRUE(idle.is_closed_by_server());
  reply(Response::text(200, "finished"));
  const RawAnswer answer = busy.read_answer();
  stopper.join();
  EXPECT_EQ(answer.body, "finished");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_FALSE(RawClient(server_->address()).is_connected());
}

TEST_F(ServerTest, StopCutsOffWhatDoesNotFinish) {
  std::promise<Reply> parked;
  add(Method::get, "/parked", Execution::inline_,
      [&parked](const Request&, Reply reply) { parked.set_value(std::move(reply)); });
  start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send("GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"));
  const Reply reply = parked.get_future().get();
  server_->stop(1);
  EXPECT_EQ(client.read_answer().status, 0);
}

TEST(ServerStart, RefusesAddressesItMustNotOrCannotUse) {
  const Router router;
  metrics::Registry metrics;
  Settings settings;
  const auto error_with_listen = [&](const std::string& listen) -> std::string {
    EXPECT_TRUE(settings.set("server.listen", listen).has_value());
    auto server = Server::start(settings, router, system_random(), metrics);
    return server ? "started" : server.error().text;
  };
  EXPECT_NE(error_with_listen("0.0.0.0:0").find("plain HTTP is for loopback"), std::string::npos);
  EXPECT_NE(error_with_listen("127.0.0.1").find("not HOST:PORT"), std::string::npos);
  EXPECT_NE(error_with_listen("127.0.0.1:70000").find("not HOST:PORT"), std::string::npos);
  ASSERT_TRUE(settings.set("server.listen", std::string("127.0.0.1:0")).has_value());
  auto first = Server::start(settings, router, system_random(), metrics);
  ASSERT_TRUE(first.has_value());
  EXPECT_NE(error_with_listen((*first)->address().substr(7)).find("in use"), std::string::npos);
}

}  // namespace
}  // namespace meterport::http
