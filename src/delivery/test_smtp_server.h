// For tests: an SMTP server on a port of its own that keeps what it is sent and replies as told. No TLS (the wire tests
// have a server that does); one connection at a time. A wait ends after ten seconds.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace meterport::delivery {

struct ReceivedMail {
  std::string from, to;  ///< the envelope's lines: "MAIL FROM:<a@b>"
  std::string message;   ///< as on the wire, its dots unstuffed
};

class TestSmtpServer {
 public:
  explicit TestSmtpServer(int port = 0) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int one = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof at;
    const bool is_up = ::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
                       ::listen(listener_, 8) == 0 &&
                       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &bytes) == 0;
    port_ = is_up ? ntohs(at.sin_port) : 0;
    thread_ = std::thread([this] { serve(); });
  }
  ~TestSmtpServer() {
    ::shutdown(listener_, SHUT_RDWR);  // ends the accept
    thread_.join();
    ::close(listener_);
  }
  TestSmtpServer(const TestSmtpServer&) = delete;
  TestSmtpServer& operator=(const TestSmtpServer&) = delete;

  /// From now on the verb ("EHLO", "RCPT", "." for the end of the content, "" for the greeting) gets that line.
  void reply_to(const std::string& verb, const std::string& line) {
    const std::lock_guard lock(mutex_);
    replies_[verb] = line;
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  std::vector<ReceivedMail> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }
  /// Every line of a client but the content's.
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      const timeval wait{.tv_sec = 10, .tv_usec = 0};
      ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
      talk(client);
      ::close(client);
    }
  }

  void talk(int client) {
    std::string buffer;
    ReceivedMail mail;
    if (!say(client, "", "220 test")) return;
    for (std::string line; next_line(client, buffer, line);) {
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(line);
      }
      const std::string verb = line.substr(0, 4);
      if (verb == "MAIL") mail.from = line;
      if (verb == "RCPT") mail.to = line;
      const bool is_content_next = say(client, verb, usual_reply(verb)) && verb == "DATA";
      if (verb == "QUIT" || (is_content_next && !take_content(client, buffer, mail))) return;
    }
  }

  bool take_content(int client, std::string& buffer, ReceivedMail& mail) {
    mail.message.clear();
    for (std::string line; next_line(client, buffer, line);) {
      if (line == ".") {
        if (say(client, ".", "250 taken")) {
          const std::lock_guard lock(mutex_);
          mails_.push_back(mail);
        }
        return true;
      }
      mail.message += (line.starts_with('.') ? line.substr(1) : line) + "\r\n";
    }
    return false;
  }

  static const char* usual_reply(const std::string& verb) {
    if (verb == "DATA") return "354 go";
    return verb == "QUIT" ? "221 bye" : "250 fine";
  }

  /// Whether the reply was the usual one.
  bool say(int client, const std::string& verb, const std::string& usual) {
    std::string line = usual;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = replies_.find(verb); found != replies_.end()) line = found->second;
    }
    const bool is_usual = line.starts_with('2') || line.starts_with('3');
    line += "\r\n";
    return ::send(client, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size()) && is_usual;
  }

  static bool next_line(int client, std::string& buffer, std::string& line) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n")) == std::string::npos) {
      char bytes[4096];
      const ssize_t n = ::recv(client, bytes, sizeof bytes, 0);
      if (n <= 0) return false;
      buffer.append(bytes, static_cast<std::size_t>(n));
    }
    line = buffer.substr(0, end);
    buffer.erase(0, end + 2);
    return true;
  }

  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::string> replies_;
  std::vector<ReceivedMail> mails_;
  std::vector<std::string> commands_;
  std::thread thread_;  ///< last: uses all above
};

}  // namespace meterport::delivery
