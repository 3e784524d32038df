// For tests: a socket that sends exactly what it is told, and a reader of answers. Blocking; every wait ends after
// ten seconds with what came until then, so a broken server fails a test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/text.h"

namespace meterport::http::testing {

struct RawAnswer {
  int status = 0;  ///< 0: the connection ended before a whole answer came
  std::string head;
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", at + 2);
      const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
      const std::size_t colon = line.find(": ");
      if (colon != std::string_view::npos && same_ignoring_case(line.substr(0, colon), name)) {
        return std::string(line.substr(colon + 2));
      }
      at = end;
    }
    return {};
  }
};

class RawClient {
 public:
  /// `address` is "http://127.0.0.1:PORT".
  explicit RawClient(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval wait{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    is_connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// The next answer. `has_body` false: to a HEAD, or an interim one.
  RawAnswer read_answer(bool has_body = true) {
    RawAnswer answer;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return answer;
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    const std::size_t length =
        has_body ? static_cast<std::size_t>(std::atoll(answer.header("content-length").c_str())) : 0;
    while (buffer_.size() < length) {
      if (!fill()) return answer;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    return answer;
  }

  /// Bytes of a body whose framing the caller reads himself; fewer when the connection ends before.
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    std::string bytes = buffer_.substr(0, count);
    buffer_.erase(0, bytes.size());
    return bytes;
  }

  RawAnswer exchange(std::string_view request, bool has_body = true) {
    // A server that refuses may close before it has read all: its answer is what counts.
    (void)send(request);
    return read_answer(has_body);
  }

  /// True once the server has closed its side (and sent nothing more).
  bool is_closed_by_server() { return buffer_.empty() && !fill() && is_at_end_; }
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }

 private:
  bool fill() {
    char piece[16384];
    const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
    is_at_end_ = n == 0;
    if (n <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  bool is_connected_ = false;
  bool is_at_end_ = false;
  std::string buffer_;
};

}  // namespace meterport::http::testing
