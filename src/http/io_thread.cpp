#include "http/io_thread.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>

#include "base/ids.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/response_head.h"

namespace meterport::http {
namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto tick_pause = std::chrono::milliseconds(500);
constexpr auto accept_error_pause = std::chrono::milliseconds(100);

}  // namespace

void Mailbox::deliver(std::weak_ptr<Connection> to, std::optional<Response> response) {
  const std::lock_guard lock(mutex_);
  if (io_ == nullptr) return;
  letters_.push_back({.to = std::move(to), .response = std::move(response)});
  if (letters_.size() == 1) asio::post(*io_, [self = shared_from_this()] { self->hand_out(); });
}

void Mailbox::hand_out() {
  std::vector<Letter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (Letter& letter : letters) {
    if (const auto connection = letter.to.lock()) connection->on_reply(std::move(letter.response));
  }
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  letters_.clear();
}

void BufferedRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (used_ == buffer_.size()) {
      source_.fill(buffer_);
      used_ = 0;
    }
    const std::size_t n = std::min(out.size(), buffer_.size() - used_);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(used_), n, out.begin());
    used_ += n;
    out = out.subspan(n);
  }
}

IoThread::IoThread(ServerCore& core, Random& random)
    : core_(core), mailbox_(std::make_shared<Mailbox>(io_)), random_(random) {}

IoThread::~IoThread() {
  mailbox_->close();
}

Status IoThread::listen(const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(Acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.set_option(ReusePort(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) return {};
  return fail(ErrorKind::invalid, "server.listen: cannot listen on that address: " + ec.message(), {}, "server.listen");
}

tcp::endpoint IoThread::local_endpoint() const {
  error_code ec;
  return acceptor_.local_endpoint(ec);
}

void IoThread::start(int number) {
  asio::co_spawn(io_, accept_loop(), asio::detached);
  asio::co_spawn(io_, tick_loop(), asio::detached);
  thread_ = std::thread([this] {
    // Ends by itself when the tick, the acceptor and all connections have ended.
    io_.run();
    mailbox_->close();
  });
  pthread_setname_np(thread_.native_handle(), ("http-" + std::to_string(number)).c_str());
}

Task<> IoThread::accept_loop() {
  while (acceptor_.is_open()) {
    error_code ec;
    Socket socket(io_);
    co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, ec));
    if (ec == asio::error::operation_aborted || core_.is_stopping.load()) co_return;
    if (ec) {
      // Out of descriptors or memory, or a client that left the queue. Trying again at once would spin.
      log::warning("a connection was not accepted", {{"why", ec.message()}});
      accept_pause_.expires_after(accept_error_pause);
      co_await accept_pause_.async_wait(asio::redirect_error(use_task, ec));
      continue;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    asio::co_spawn(io_, [connection] { return connection->run(); }, asio::detached);
  }
}

Task<> IoThread::tick_loop() {
  while (is_ticking_) {
    error_code ec;
    tick_.expires_after(tick_pause);
    co_await tick_.async_wait(asio::redirect_error(use_task, ec));
    const std::int64_t now_ms = coarse_now_ms();
    // Closing may end a connection, which leaves the set while we walk it.
    const std::vector<Connection*> all(connections_.begin(), connections_.end());
    for (Connection* connection : all) {
      if (connections_.contains(connection)) connection->check_time(now_ms);
    }
  }
}

void IoThread::stop_accepting() {
  asio::post(io_, [this] {
    error_code ec;  // already closed is as good
    acceptor_.close(ec);
    accept_pause_.cancel();
    const std::vector<Connection*> all(connections_.begin(), connections_.end());
    for (Connection* connection : all) {
      if (connections_.contains(connection)) connection->close_if_idle();
    }
  });
}

void IoThread::close_all() {
  asio::post(io_, [this] {
    is_ticking_ = false;
    tick_.cancel();
    const std::vector<Connection*> all(connections_.begin(), connections_.end());
    for (Connection* connection : all) {
      if (connections_.contains(connection)) connection->close();
    }
  });
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

const std::string& IoThread::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

std::string IoThread::make_request_id() {
  return make_id22(random_);
}

}  // namespace meterport::http
