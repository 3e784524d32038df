// From bytes to a Request, without sockets: finds the end of a head, parses it with Beast's parser, and adds the
// checks that Beast leaves to its user (RFC 9112 2.2, 3.2, 5.2, 6.1, 6.3): missing or repeated Host, folded lines,
// bare line feeds, any transfer coding but one `chunked`, repeated Content-Length.
//
// Internal to http. One connection's thread at a time. No exceptions but bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace meterport::http {

/// Why a request is not served, with the status of refusals no ErrorKind stands for (0: the renderer's own).
struct Refusal {
  Error error;
  int status = 0;
};

/// Looks for the empty line; lines already seen whole are not read again while more arrive.
class HeadScanner {
 public:
  enum class State { more, complete, broken };
  /// `bytes` starts with the head's first byte and holds all that came of it so far.
  State scan(std::string_view bytes);
  /// Once complete: the head with its empty line.
  [[nodiscard]] std::size_t head_bytes() const { return next_; }
  void reset() { *this = HeadScanner(); }

 private:
  std::size_t next_ = 0;  ///< start of the first line not seen whole
  bool has_request_line_ = false;
};

struct Head {
  Request request;            ///< all but body, id, peer, path_values, origin
  std::string_view raw_path;  ///< into request.target
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = false;
  bool is_http_1_0 = false;
  bool expects_continue = false;
  std::optional<Refusal> refusal;  ///< readable, so the path's own renderer answers, but not served
};

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Parses one head as HeadScanner found it. A Refusal: not HTTP/1.x; the connection is to be closed after it.
  [[nodiscard]] std::optional<Refusal> parse(std::string_view head, Head& out);

  enum class Chunks { more, done, broken };
  struct Fed {
    Chunks state;
    std::size_t bytes_used;
  };
  /// Continues the body of a chunked head: appends what `bytes` hold of it to `body`. Trailers are dropped.
  [[nodiscard]] Fed feed_chunks(std::string_view bytes, std::string& body);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace meterport::http
