#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "http/text.h"

namespace meterport::http {
namespace {

constexpr std::string_view sample =
    "POST /v1/usage?return=min%20imal HTTP/1.1\r\nHost: meter.example:8080\r\nContent-Type: application/json\r\n"
    "Authorization: Bearer abc\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  for (std::size_t first = 0; first < sample.size(); ++first) {
    HeadScanner scanner;
    ASSERT_EQ(scanner.scan(sample.substr(0, first)), HeadScanner::State::more) << first;
    ASSERT_EQ(scanner.scan(std::string(sample) + "body"), HeadScanner::State::complete) << first;
    ASSERT_EQ(scanner.head_bytes(), sample.size());
  }
}

TEST(RequestParser, ReadsTheWholeHead) {
  RequestParser parser;
  Head head;
  ASSERT_FALSE(parser.parse(sample, head).has_value());
  EXPECT_FALSE(head.refusal.has_value());
  EXPECT_EQ(head.request.method, Method::post);
  EXPECT_EQ(head.request.path, "/v1/usage");
  EXPECT_EQ(head.raw_path, "/v1/usage");
  EXPECT_EQ(head.request.query_value("return"), "min imal");
  EXPECT_EQ(head.request.bearer(), "abc");
  EXPECT_EQ(head.request.headers.size(), 5U);
  EXPECT_TRUE(head.is_chunked);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestParser, ChunksAreTheSameHoweverTheyAreSliced) {
  const std::string wire = "4\r\nWiki\r\n6;a=\"b\"\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nT: 1\r\n\r\n";
  for (std::size_t slice = 1; slice <= wire.size(); ++slice) {
    RequestParser parser;
    Head head;
    ASSERT_FALSE(parser.parse(sample, head).has_value());
    std::string body;
    std::string pending;
    auto state = RequestParser::Chunks::more;
    for (std::size_t at = 0; at < wire.size() && state == RequestParser::Chunks::more; at += slice) {
      pending += wire.substr(at, slice);
      const auto fed = parser.feed_chunks(pending, body);
      state = fed.state;
      pending.erase(0, fed.bytes_used);
    }
    ASSERT_EQ(state, RequestParser::Chunks::done) << slice;
    ASSERT_EQ(body, "Wikipedia in \r\n\r\nchunks.") << slice;
    ASSERT_TRUE(pending.empty());
  }
}

// Whatever bytes come, the parser ends with a head, a refusal or a wish for more, and what it takes for a head names
// exactly one host and one framing.
TEST(RequestParser, SurvivesMutatedHeads) {
  std::mt19937 random(20240903);  // NOLINT: repeatable on purpose
  const std::string_view pieces[] = {
      "\r\n",    " ", ":",    "\n", "\r",       "Content-Length: 7\r\n",   "Host: y\r\n", "\t", "%zz",
      "chunked", ",", "\x80", "0",  "HTTP/1.0", "Transfer-Encoding: x\r\n"};
  int heads = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string bytes(sample);
    for (unsigned change = random() % 4; change > 0; --change) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          bytes.erase(at, 1 + random() % 5);
          break;
        default:
          bytes.insert(at, pieces[random() % std::size(pieces)]);
          break;
      }
    }
    HeadScanner scanner;
    if (scanner.scan(bytes) != HeadScanner::State::complete) continue;
    RequestParser parser;
    Head head;
    if (parser.parse(std::string_view(bytes).substr(0, scanner.head_bytes()), head) || head.refusal) continue;
    ++heads;
    int hosts = 0;
    int lengths = 0;
    int codings = 0;
    for (const auto& [name, value] : head.request.headers) {
      hosts += same_ignoring_case(name, "host") ? 1 : 0;
      lengths += same_ignoring_case(name, "content-length") ? 1 : 0;
      codings += same_ignoring_case(name, "transfer-encoding") ? 1 : 0;
      EXPECT_EQ(value.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    }
    EXPECT_LE(hosts, 1);
    EXPECT_LE(lengths + codings, 1);
    EXPECT_EQ(head.is_chunked, codings == 1);
    EXPECT_EQ(head.content_length.has_value(), lengths == 1);
    if (!head.is_chunked) continue;
    std::string body;
    EXPECT_EQ(parser.feed_chunks("5\r\nhello\r\n0\r\n\r\n", body).state, RequestParser::Chunks::done);
  }
  EXPECT_GT(heads, 1000) << "the mutations must leave enough to look at";
}

}  // namespace
}  // namespace meterport::http
