// Reading request bodies: of a known length straight into a buffer of that size, chunked ones through Beast's parser.
#include <algorithm>
#include <string>
#include <utility>

#include "http/connection.h"

namespace meterport::http {
namespace {

constexpr std::size_t simdjson_padding_bytes = 64;
constexpr std::size_t discard_piece_bytes = 64 * 1024;

/// Contents of the new bytes are undefined: they are read into at once, and zeroing 64 MiB first would cost more than
/// parsing it.
void resize_for_overwrite(std::string& text, std::size_t size) {
  text.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

}  // namespace

Error Connection::too_large(std::size_t bytes_max) {
  return {.kind = ErrorKind::too_large,
          .text = "the body is longer than " + std::to_string(bytes_max) + " bytes, the most this path takes",
          .detail = {},
          .field = {}};
}

Error Connection::no_room_for_body() {
  return {
      .kind = ErrorKind::busy, .text = "too many request bodies are under way; try again", .detail = {}, .field = {}};
}

std::size_t Connection::body_bytes_max(const Route& route) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(route.body_bytes_max, core_.bodies.bytes_max()));
}

Task<Connection::BodyEnd> Connection::read_body(Head& head, BodyBudget::Share& share) {
  enter(Phase::body);
  if (head.expects_continue && !head.is_http_1_0 && begin_ == end_ &&
      !co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n")) {
    co_return BodyEnd{.is_lost = true, .refused = {}};
  }
  std::string& body = head.request.body;
  BodyEnd end =
      head.is_chunked ? co_await read_chunks(body, share) : co_await read_sized(body, head.content_length.value_or(0));
  if (!end.refused) current_.unread_body_bytes = 0;
  co_return end;
}

Task<Connection::BodyEnd> Connection::read_sized(std::string& body, std::uint64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  body.reserve(size + simdjson_padding_bytes);
  resize_for_overwrite(body, size);
  std::size_t filled = std::min(size, end_ - begin_);
  std::copy_n(buffer_.data() + begin_, filled, body.data());
  begin_ += filled;
  while (filled < size) {
    error_code ec;
    const std::size_t n = co_await stream_.read_some({body.data() + filled, size - filled}, ec);
    if (ec || n == 0 || is_closed_) co_return BodyEnd{.is_lost = true, .refused = {}};
    stream_.note_progress();
    phase_bytes_ += n;
    filled += n;
  }
  co_return BodyEnd{};
}

Task<Connection::BodyEnd> Connection::read_chunks(std::string& body, BodyBudget::Share& share) {
  const std::size_t bytes_max = body_bytes_max(*current_.route);
  for (;;) {
    const RequestParser::Fed fed = parser_.feed_chunks(buffered(), body);
    begin_ += fed.bytes_used;
    if (fed.state == RequestParser::Chunks::broken) {
      co_return BodyEnd{.is_lost = false,
                        .refused = Error{.kind = ErrorKind::malformed,
                                         .text = "the chunked body is not valid HTTP/1.1",
                                         .detail = {},
                                         .field = {}}};
    }
    if (body.size() > bytes_max) co_return BodyEnd{.is_lost = false, .refused = too_large(bytes_max)};
    if (!share.grow_to(body.size())) co_return BodyEnd{.is_lost = false, .refused = no_room_for_body()};
    if (fed.state == RequestParser::Chunks::done) {
      if (body.capacity() - body.size() < simdjson_padding_bytes) body.reserve(body.size() + simdjson_padding_bytes);
      co_return BodyEnd{};
    }
    if (end_ - begin_ == buffer_.size()) {
      // A chunk's extensions or the trailers alone are longer than a head may be.
      co_return BodyEnd{.is_lost = false, .refused = too_large(bytes_max)};
    }
    const std::size_t before = end_ - begin_;
    if (!co_await fill_buffer()) co_return BodyEnd{.is_lost = true, .refused = {}};
    phase_bytes_ += end_ - begin_ - before;
  }
}

Task<bool> Connection::discard(std::uint64_t bytes) {
  enter(Phase::body);
  const auto buffered_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end_ - begin_));
  begin_ += buffered_bytes;
  bytes -= buffered_bytes;
  std::string scratch(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, discard_piece_bytes)), '\0');
  while (bytes > 0) {
    error_code ec;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, scratch.size()));
    const std::size_t n = co_await stream_.read_some({scratch.data(), want}, ec);
    if (ec || n == 0 || is_closed_) co_return false;
    stream_.note_progress();
    phase_bytes_ += n;
    bytes -= n;
  }
  co_return true;
}

}  // namespace meterport::http
