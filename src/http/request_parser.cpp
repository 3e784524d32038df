#include "http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>

#include "http/text.h"
#include "http/url.h"

namespace meterport::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;

/// The parser's view type has had several names; only data() and size() are used.
template <class View>
std::string_view view(const View& text) {
  return {text.data(), text.size()};
}

Method method_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::patch:
      return Method::patch;
    case beast::http::verb::delete_:
      return Method::delete_;
    case beast::http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

Refusal refused(ErrorKind kind, std::string text, int status = 0) {
  return {.error = {.kind = kind, .text = std::move(text), .detail = {}, .field = {}}, .status = status};
}

/// What the framing rules need to know of the headers.
struct FramingFields {
  int hosts = 0;
  int content_lengths = 0;
  int transfer_encodings = 0;
  bool is_only_chunked = false;
  bool expects_other = false;
  bool is_host_empty = false;
};

void count_field(FramingFields& framing, Head& head, beast::http::field field, std::string_view value) {
  switch (field) {
    case beast::http::field::host:
      ++framing.hosts;
      framing.is_host_empty = value.empty();
      break;
    case beast::http::field::content_length:
      ++framing.content_lengths;
      break;
    case beast::http::field::transfer_encoding:
      ++framing.transfer_encodings;
      framing.is_only_chunked = same_ignoring_case(value, "chunked");
      break;
    case beast::http::field::expect:
      (same_ignoring_case(value, "100-continue") ? head.expects_continue : framing.expects_other) = true;
      break;
    default:
      break;
  }
}

std::optional<Refusal> check_framing(const FramingFields& framing, const Head& head) {
  if (framing.hosts > 1) return refused(ErrorKind::malformed, "Host: given more than once");
  if (framing.hosts == 0 && !head.is_http_1_0) return refused(ErrorKind::malformed, "Host: missing");
  if (framing.is_host_empty) return refused(ErrorKind::malformed, "Host: empty");
  if (framing.content_lengths > 1) return refused(ErrorKind::malformed, "Content-Length: given more than once");
  if (framing.transfer_encodings > 0 && framing.content_lengths > 0) {
    return refused(ErrorKind::malformed, "Content-Length and Transfer-Encoding exclude each other");
  }
  if (framing.transfer_encodings > 1 || (framing.transfer_encodings == 1 && !framing.is_only_chunked)) {
    return refused(ErrorKind::malformed, "Transfer-Encoding: only chunked is understood", 501);
  }
  if (framing.transfer_encodings == 1 && head.is_http_1_0) {
    return refused(ErrorKind::malformed, "Transfer-Encoding: not in HTTP/1.0");
  }
  if (framing.expects_other) return refused(ErrorKind::invalid, "Expect: only 100-continue is understood", 417);
  return std::nullopt;
}

Refusal refusal_of(const error_code& ec) {
  if (ec == beast::http::error::bad_version) {
    return refused(ErrorKind::malformed, "the server speaks HTTP/1.1 and HTTP/1.0", 505);
  }
  return refused(ErrorKind::malformed, "the request is not valid HTTP/1.1");
}

/// Fills path and query; the reason when they do not decode.
std::optional<Refusal> read_target(Head& head) {
  const auto target = split_target(head.request.target);
  if (!target) return refused(ErrorKind::malformed, "the request target is neither a path nor a URL");
  head.raw_path = target->path;
  auto path =
      target->path.find('%') == std::string_view::npos ? std::string(target->path) : percent_decode(target->path);
  if (!path) return refused(ErrorKind::malformed, "the path has a broken percent sequence");
  head.request.path = std::move(*path);
  if (target->query.empty()) return std::nullopt;
  auto query = parse_query(target->query);
  if (!query) return refused(ErrorKind::malformed, "the query has a broken percent sequence");
  head.request.query = std::move(*query);
  return std::nullopt;
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  for (;;) {
    const std::size_t feed = bytes.find('\n', next_);
    if (feed == std::string_view::npos) return State::more;
    if (feed == next_ || bytes[feed - 1] != '\r') return State::broken;
    const std::string_view line = bytes.substr(next_, feed - 1 - next_);
    next_ = feed + 1;
    if (line.empty() && has_request_line_) return State::complete;
    if (line.empty()) continue;  // RFC 9112 2.2: empty lines before a request line are ignored
    // A line that starts with a blank continues the one before: obs-fold, which proxies read in different ways.
    if (line.front() == ' ' || line.front() == '\t') return State::broken;
    has_request_line_ = true;
  }
}

class RequestParser::Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Head& head) : head_(&head) {
    // The size of heads and bodies is the caller's business.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

  FramingFields framing;
  std::string* body = nullptr;

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target, int version,
                       error_code&) override {
    head_->request.method = method_of(verb);
    head_->request.target = view(target);
    head_->is_http_1_0 = version == 10;
    head_->request.headers.reserve(12);
  }
  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    if (head_ == nullptr) return;
    head_->request.headers.emplace_back(view(name), view(value));
    count_field(framing, *head_, field, view(value));
  }
  // What follows the head are trailers, which nobody here reads.
  void on_header_impl(error_code&) override { head_ = nullptr; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  Head* head_;  ///< null once the head is read
};

RequestParser::RequestParser() = default;
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse(std::string_view bytes, Head& out) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  parser_ = std::make_unique<Parser>(out);
  parser_->eager(false);
  error_code ec;
  parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  // A head with both framings may stop Beast before our own check can name it; either way it is refused.
  if (ec) return refusal_of(ec);
  if (!parser_->is_header_done()) return refused(ErrorKind::malformed, "the request is not valid HTTP/1.1");
  out.is_chunked = parser_->chunked();
  if (const auto length = parser_->content_length()) out.content_length = *length;
  out.keep_alive = parser_->keep_alive();
  out.refusal = read_target(out);
  // FramingFields first: whatever else is wrong, a request whose end is in doubt must end the connection.
  if (auto framing = check_framing(parser_->framing, out)) {
    out.refusal = std::move(framing);
    out.keep_alive = false;
  }
  return std::nullopt;
}

RequestParser::Fed RequestParser::feed_chunks(std::string_view bytes, std::string& body) {
  parser_->eager(true);
  parser_->body = &body;
  error_code ec;
  const std::size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != beast::http::error::need_more) return {.state = Chunks::broken, .bytes_used = used};
  return {.state = parser_->is_done() ? Chunks::done : Chunks::more, .bytes_used = used};
}

}  // namespace meterport::http
