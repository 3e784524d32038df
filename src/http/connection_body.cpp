// Reading request bodies: of a known length straight into a buffer of that size, chunked ones through Beast's parser,
// either into memory or into a file.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/ids.h"
#include "http/connection.h"

namespace meterport::http {
namespace {

constexpr std::size_t simdjson_padding_bytes = 64;
constexpr std::size_t file_piece_bytes = 256 * 1024;
constexpr std::size_t discard_piece_bytes = 64 * 1024;

/// Contents of the new bytes are undefined: they are read into at once, and zeroing 64 MiB first would cost more than
/// parsing it.
void resize_for_overwrite(std::string& text, std::size_t size) {
  text.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

Error too_large(std::size_t bytes_max) {
  return {.kind = ErrorKind::too_large,
          .text = "the body is longer than " + std::to_string(bytes_max) + " bytes, the most this path takes",
          .detail = {},
          .field = {}};
}

}  // namespace

/// Where a body goes.
struct Connection::BodyTarget {
  Request& request;
  std::size_t bytes_max;
  std::unique_ptr<File> file;  ///< null: memory
  std::uint64_t bytes = 0;     ///< so far

  /// With an Error when the file cannot be made.
  Status open_file(const std::string& folder) {
    auto body_file = std::make_shared<BodyFile>();
    const std::string path = folder + "/body-" + request.id;
    auto opened = system_files().open(path, OpenMode::create_new);
    if (!opened) return fail(std::move(opened));
    file = std::move(*opened);
    body_file->path = path;
    request.body_file = std::move(body_file);
    return {};
  }

  Status append_to_file(std::string_view piece) {
    auto written = file->write_at(bytes, piece);
    if (!written) return written;
    bytes += piece.size();
    request.body_file->bytes = bytes;
    return {};
  }
};

Task<Connection::BodyEnd> Connection::read_body(Head& head) {
  enter(Phase::body);
  if (head.expects_continue && !head.is_http_1_0 && begin_ == end_ &&
      !co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n")) {
    co_return BodyEnd{.is_lost = true, .refused = {}};
  }
  BodyTarget target{.request = head.request, .bytes_max = current_.route->body_bytes_max, .file = nullptr};
  if (!current_.route->body_folder.empty()) {
    if (auto opened = target.open_file(current_.route->body_folder); !opened) {
      co_return BodyEnd{.is_lost = false, .refused = std::move(opened.error())};
    }
  }
  BodyEnd end =
      head.is_chunked ? co_await read_chunks(target) : co_await read_sized(target, head.content_length.value_or(0));
  if (!end.refused) current_.unread_body_bytes = 0;
  co_return end;
}

Task<Connection::BodyEnd> Connection::read_sized(BodyTarget& target, std::uint64_t bytes) {
  std::string scratch;
  std::string& body = target.file ? scratch : target.request.body;
  const auto piece = static_cast<std::size_t>(target.file ? std::min<std::uint64_t>(bytes, file_piece_bytes) : bytes);
  body.reserve(piece + simdjson_padding_bytes);
  resize_for_overwrite(body, piece);
  std::size_t filled = std::min(piece, end_ - begin_);
  std::copy_n(buffer_.data() + begin_, filled, body.data());
  begin_ += filled;
  std::uint64_t left = bytes - filled;
  for (;;) {
    if (target.file) {
      if (auto written = target.append_to_file({body.data(), filled}); !written) {
        current_.unread_body_bytes = left + 1;
        co_return BodyEnd{.is_lost = false, .refused = std::move(written.error())};
      }
      filled = 0;
    }
    if (left == 0) co_return BodyEnd{};
    // What came with the head is used up before the socket is read again.
    error_code ec;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left, body.size() - filled));
    const std::size_t n = co_await stream_.read_some({body.data() + filled, room}, ec);
    if (ec || n == 0 || is_closed_) co_return BodyEnd{.is_lost = true, .refused = {}};
    stream_.note_progress();
    phase_bytes_ += n;
    filled += n;
    left -= n;
  }
}

Task<Connection::BodyEnd> Connection::read_chunks(BodyTarget& target) {
  std::string scratch;
  std::string& body = target.file ? scratch : target.request.body;
  for (;;) {
    const RequestParser::Fed fed = parser_.feed_chunks(buffered(), body);
    begin_ += fed.bytes_used;
    if (target.file) {
      if (auto written = target.append_to_file(body); !written) {
        co_return BodyEnd{.is_lost = false, .refused = std::move(written.error())};
      }
      body.clear();
    }
    if (fed.state == RequestParser::Chunks::broken) {
      co_return BodyEnd{.is_lost = false,
                        .refused = Error{.kind = ErrorKind::malformed,
                                         .text = "the chunked body is not valid HTTP/1.1",
                                         .detail = {},
                                         .field = {}}};
    }
    if ((target.file ? target.bytes : body.size()) > target.bytes_max) {
      co_return BodyEnd{.is_lost = false, .refused = too_large(target.bytes_max)};
    }
    if (fed.state == RequestParser::Chunks::done) {
      if (body.capacity() - body.size() < simdjson_padding_bytes) body.reserve(body.size() + simdjson_padding_bytes);
      co_return BodyEnd{};
    }
    if (end_ - begin_ == buffer_.size()) {
      // A chunk's extensions or the trailers alone are longer than a head may be.
      co_return BodyEnd{.is_lost = false, .refused = too_large(target.bytes_max)};
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
