#include "http/server.h"

#include <csignal>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/io_thread.h"
#include "http/server_core.h"

namespace meterport::http {
namespace {

struct HostAndPort {
  std::string host;
  std::string port;
};

/// "127.0.0.1:8080", "[::1]:0", "localhost:8080".
std::optional<HostAndPort> split_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  HostAndPort split{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  if (split.host.starts_with('[') && split.host.ends_with(']'))
    split.host = split.host.substr(1, split.host.size() - 2);
  const bool is_number = std::ranges::all_of(split.port, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || split.port.size() > 5 || std::stoi(split.port) > 65535) return std::nullopt;
  return split;
}

Result<tcp::endpoint> resolve_listen(const std::string& text) {
  const auto split = split_listen(text);
  if (!split) {
    return fail(ErrorKind::invalid, "server.listen: \"" + text + "\" is not HOST:PORT with a port from 0 to 65535", {},
                "server.listen");
  }
  asio::io_context io(1);
  asio::ip::basic_resolver<tcp, IoExecutor> resolver(io);
  error_code ec;
  const auto found = resolver.resolve(split->host, split->port, tcp::resolver::passive, ec);
  if (ec || found.empty()) {
    return fail(ErrorKind::invalid, "server.listen: \"" + split->host + "\" is not an address of this machine", {},
                "server.listen");
  }
  return found.begin()->endpoint();
}

/// SO_REUSEPORT would let a second server of the same user share our port without a word; a socket without it notices.
Status check_port_is_free(const tcp::endpoint& endpoint) {
  asio::io_context io(1);
  Acceptor probe(io);
  error_code ec;
  probe.open(endpoint.protocol(), ec);
  if (!ec) probe.set_option(Acceptor::reuse_address(true), ec);
  if (!ec) probe.bind(endpoint, ec);
  if (!ec) return {};
  return fail(ErrorKind::invalid, "server.listen: cannot listen on that address: " + ec.message(), {}, "server.listen");
}

Result<std::shared_ptr<asio::ssl::context>> load_tls(const Settings& settings) {
  const std::string& certificate = settings.text("tls.certificate");
  const std::string& key = settings.text("tls.key");
  if (certificate.empty() && key.empty()) return std::shared_ptr<asio::ssl::context>();
  if (certificate.empty() || key.empty()) {
    return fail(ErrorKind::invalid, "tls.certificate and tls.key go together; one is empty", {},
                certificate.empty() ? "tls.certificate" : "tls.key");
  }
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code ec;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                       ec);
  if (!ec) context->use_certificate_chain_file(certificate, ec);
  if (ec) return fail(ErrorKind::invalid, "tls.certificate: cannot be read: " + ec.message(), {}, "tls.certificate");
  context->use_private_key_file(key, asio::ssl::context::pem, ec);
  if (ec) return fail(ErrorKind::invalid, "tls.key: cannot be read: " + ec.message(), {}, "tls.key");
  return context;
}

class AsioServer final : public Server {
 public:
  AsioServer(const Settings& settings, const Router& router, metrics::Registry& metrics)
      : core_(std::make_unique<ServerCore>(settings, router, metrics)) {}

  ~AsioServer() override { stop_now(0); }

  Status listen(const Settings& settings, Random& random) {
    auto tls = load_tls(settings);
    if (!tls) return fail(std::move(tls));
    core_->tls = std::move(*tls);
    auto endpoint = resolve_listen(settings.text("server.listen"));
    if (!endpoint) return fail(std::move(endpoint));
    if (!core_->tls && !endpoint->address().is_loopback() &&
        !settings.flag("server.allow_plain_http_beyond_loopback")) {
      return fail(ErrorKind::invalid,
                  "server.listen: plain HTTP is for loopback addresses; set tls.certificate and tls.key, or "
                  "server.allow_plain_http_beyond_loopback behind a proxy that ends TLS",
                  {}, "server.listen");
    }
    if (endpoint->port() != 0) {
      if (auto free = check_port_is_free(*endpoint); !free) return free;
    }
    auto count = static_cast<std::size_t>(settings.number("server.threads"));
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) {
      threads_.push_back(std::make_unique<IoThread>(*core_, random));
      if (auto listening = threads_.back()->listen(*endpoint); !listening) return listening;
      endpoint->port(threads_.back()->local_endpoint().port());
    }
    address_ = make_address(*endpoint);
    for (std::size_t i = 0; i < count; ++i) threads_[i]->start(static_cast<int>(i));
    return {};
  }

  [[nodiscard]] std::string address() const override { return address_; }

  void stop(std::int64_t wait_ms_max) override { stop_now(wait_ms_max); }

 private:
  [[nodiscard]] std::string make_address(const tcp::endpoint& endpoint) const {
    const std::string host = endpoint.address().to_string();
    return (core_->tls ? "https://" : "http://") + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
           std::to_string(endpoint.port());
  }

  void stop_now(std::int64_t wait_ms_max) {
    core_->is_stopping.store(true);
    for (const auto& thread : threads_) thread->stop_accepting();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms_max);
    while (core_->probe.in_flight() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (const std::int64_t left = core_->probe.in_flight(); left > 0) {
      log::warning("requests were cut off at the stop", {{"requests", left}});
    }
    for (const auto& thread : threads_) thread->close_all();
    for (const auto& thread : threads_) thread->join();
    threads_.clear();
  }

  std::unique_ptr<ServerCore> core_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::string address_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Settings& settings, const Router& router, Random& random,
                                              metrics::Registry& metrics) {
  // sendfile() to a client that left would end the process otherwise; every other write asks for no signal itself.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    auto server = std::make_unique<AsioServer>(settings, router, metrics);
    if (auto listening = server->listen(settings, random); !listening) return fail(std::move(listening));
    return server;
  } catch (const std::exception& e) {
    return fail(ErrorKind::internal, "the server did not start", e.what());
  }
}

}  // namespace meterport::http
