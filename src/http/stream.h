// One accepted socket, plain or TLS: reading, writing, sending a file. Remembers when bytes last moved, for the
// connection's timers. Internal to http; used on its io_context's thread only. Every failure of the peer or the
// network ends the stream; nothing here throws for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/asio.h"

namespace boost::asio::ssl {
class context;
}

namespace meterport::http {

/// Milliseconds of a clock that never goes back, a few milliseconds coarse (a cheap read).
std::int64_t coarse_now_ms();

class Stream {
 public:
  /// `tls` may be null: plain.
  Stream(Socket socket, asio::ssl::context* tls);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// At once true when plain.
  Task<bool> handshake();
  /// 0 with `ec` set at the end of the stream or on failure.
  Task<std::size_t> read_some(std::span<char> out, error_code& ec);
  /// Both texts, in order, as one piece where possible.
  Task<bool> write_all(std::string_view first, std::string_view second = {});
  /// `bytes` of the open file from `offset`. False also when the file is shorter.
  Task<bool> send_file(int fd, std::uint64_t offset, std::uint64_t bytes);

  /// Tells the peer that nothing more will come.
  Task<> shutdown_send();
  /// Ends every operation under way.
  void close();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] std::string peer_address() const;

  /// Called after bytes moved.
  void note_progress() { last_progress_ms_ = coarse_now_ms(); }
  [[nodiscard]] std::int64_t last_progress_ms() const { return last_progress_ms_; }

 private:
  struct Tls;
  Task<bool> write_tls(std::string_view bytes);
  Task<bool> send_file_copied(int fd, std::uint64_t offset, std::uint64_t bytes);
  Task<bool> wait_until_writable();

  Socket socket_;
  std::unique_ptr<Tls> tls_;
  std::int64_t last_progress_ms_;
};

}  // namespace meterport::http
