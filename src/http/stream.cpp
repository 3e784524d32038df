#include "http/stream.h"

#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cerrno>
#include <vector>

namespace meterport::http {
namespace {

constexpr std::size_t copy_buffer_bytes = 256 * 1024;
constexpr std::uint64_t sendfile_bytes_max = 1024 * 1024;  // a turn, so that one download cannot hold the thread

}  // namespace

std::int64_t coarse_now_ms() {
  timespec now{};
  // Cannot fail for a clock the kernel has had since 2.6.32.
  (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

struct Stream::Tls {
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
  asio::ssl::stream<Socket&> stream;
};

Stream::Stream(Socket socket, asio::ssl::context* tls)
    : socket_(std::move(socket)), last_progress_ms_(coarse_now_ms()) {
  error_code ec;
  // Both fail only on a socket the peer has reset already; the first read will say so.
  socket_.set_option(tcp::no_delay(true), ec);
  socket_.non_blocking(true, ec);
  if (tls != nullptr) tls_ = std::make_unique<Tls>(socket_, *tls);
}

Stream::~Stream() = default;

Task<bool> Stream::handshake() {
  if (!tls_) co_return true;
  error_code ec;
  co_await tls_->stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(use_task, ec));
  co_return !ec;
}

Task<std::size_t> Stream::read_some(std::span<char> out, error_code& ec) {
  const asio::mutable_buffer buffer(out.data(), out.size());
  if (tls_) return tls_->stream.async_read_some(buffer, asio::redirect_error(use_task, ec));
  return socket_.async_read_some(buffer, asio::redirect_error(use_task, ec));
}

Task<bool> Stream::wait_until_writable() {
  error_code ec;
  co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(use_task, ec));
  co_return !ec;
}

Task<bool> Stream::write_tls(std::string_view bytes) {
  while (!bytes.empty()) {
    error_code ec;
    const std::size_t n = co_await tls_->stream.async_write_some(asio::const_buffer(bytes.data(), bytes.size()),
                                                                 asio::redirect_error(use_task, ec));
    if (ec) co_return false;
    note_progress();
    bytes.remove_prefix(n);
  }
  co_return true;
}

Task<bool> Stream::write_all(std::string_view first, std::string_view second) {
  if (tls_) co_return co_await write_tls(first) && co_await write_tls(second);
  while (!first.empty() || !second.empty()) {
    const std::array<asio::const_buffer, 2> buffers{asio::const_buffer(first.data(), first.size()),
                                                    asio::const_buffer(second.data(), second.size())};
    error_code ec;
    const std::size_t n = socket_.write_some(buffers, ec);
    if (ec == asio::error::would_block) {
      if (!co_await wait_until_writable()) co_return false;
      continue;
    }
    if (ec) co_return false;
    note_progress();
    const std::size_t of_first = std::min(n, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(n - of_first);
  }
  co_return true;
}

Task<bool> Stream::send_file_copied(int fd, std::uint64_t offset, std::uint64_t bytes) {
  std::vector<char> buffer(std::min<std::uint64_t>(bytes, copy_buffer_bytes));
  while (bytes > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffer.size()));
    const ssize_t n = ::pread(fd, buffer.data(), want, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) co_return false;
    if (!co_await write_tls({buffer.data(), static_cast<std::size_t>(n)})) co_return false;
    offset += static_cast<std::uint64_t>(n);
    bytes -= static_cast<std::uint64_t>(n);
  }
  co_return true;
}

Task<bool> Stream::send_file(int fd, std::uint64_t offset, std::uint64_t bytes) {
  if (tls_) co_return co_await send_file_copied(fd, offset, bytes);
  auto at = static_cast<off_t>(offset);
  while (bytes > 0) {
    const ssize_t n = ::sendfile(socket_.native_handle(), fd, &at, std::min(bytes, sendfile_bytes_max));
    if (n > 0) {
      note_progress();
      bytes -= static_cast<std::uint64_t>(n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      co_return false;
    }
    // Also after progress: others on this thread get their turn.
    if (bytes > 0 && !co_await wait_until_writable()) co_return false;
  }
  co_return true;
}

Task<> Stream::shutdown_send() {
  error_code ec;  // the peer may be gone; there is nobody left to tell
  if (tls_) co_await tls_->stream.async_shutdown(asio::redirect_error(use_task, ec));
  socket_.shutdown(Socket::shutdown_send, ec);
}

void Stream::close() {
  error_code ec;  // closing twice is harmless
  socket_.close(ec);
}

std::string Stream::peer_address() const {
  error_code ec;
  const auto endpoint = socket_.remote_endpoint(ec);
  return ec ? std::string() : endpoint.address().to_string();
}

}  // namespace meterport::http
