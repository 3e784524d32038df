// Requests and answers as handlers see them: no sockets, no Asio.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/principal.h"

namespace meterport::http {

enum class Method { get, head, post, put, patch, delete_, options, other };
std::string_view to_string(Method method);

struct Request {
  Method method = Method::get;
  std::string target;  ///< as sent, with the query
  std::string path;    ///< percent-decoded per segment, runs of '/' kept; without the query
  std::vector<std::pair<std::string, std::string>> headers;     ///< as sent, in order
  std::vector<std::pair<std::string, std::string>> query;       ///< decoded, in order
  std::map<std::string, std::string, std::less<>> path_values;  ///< of the route's {names}, decoded
  std::string body;  ///< as it came (Content-Encoding still on), with padding capacity for simdjson
  std::string peer;  ///< address of the other end
  std::string id;    ///< 22 base62, also in the access log
  /// Set only by the command line, which calls routes inside its own process: who is calling. Never from a socket.
  const Principal* local = nullptr;

  /// First header of that name, ignoring case; empty if none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// First query value of that name; none if absent.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  /// `Authorization: Bearer x` -> x; empty if none.
  [[nodiscard]] std::string_view bearer() const;
  /// "http://host:port" (https with TLS) from the setting server.public_url, else from the Host header.
  [[nodiscard]] std::string_view origin() const { return origin_; }
  std::string origin_;
  bool is_tls = false;  ///< came over TLS that ends here
};

/// A file to send, opened when the answer starts.
struct FileBody {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// A body made piece by piece while it is sent, so that its length does not matter to memory.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Appends the next piece (tens to hundreds of KiB) to `out`, which is empty; false: nothing comes after it. Runs on
  /// the socket's thread between two writes, so it must not wait; reading a file that was written lately may. After an
  /// error the answer is cut off, which the client's HTTP library notices.
  virtual Result<bool> next(std::string& out) = 0;
};

struct Response {
  int status = 200;
  std::string content_type;  ///< empty: none
  std::string body;
  std::optional<FileBody> file;  ///< instead of body
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<BodySource> stream{};  ///< comes after body, in chunks; not together with file
  bool has_own_request_id = false;       ///< X-Request-ID has the wire's meaning: the server's is left out

  static Response json(int status, std::string body) { return {status, "application/json", std::move(body), {}, {}}; }
  static Response text(int status, std::string body) {
    return {status, "text/plain; charset=utf-8", std::move(body), {}, {}};
  }
  Response& with_header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

/// Sends the answer. Callable once, from any thread; a Reply destroyed unused answers 500.
using Reply = std::move_only_function<void(Response)>;

}  // namespace meterport::http
