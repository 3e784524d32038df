// `meterport serve`: opens the services, binds, waits for SIGTERM or SIGINT, ends in order.
#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>

#include "app/commands.h"
#include "app/services.h"
#include "app/terminal.h"
#include "base/log.h"
#include "http/server.h"

namespace meterport::app {
namespace {

constexpr std::int64_t requests_stop_ms = 5'000;
constexpr std::int64_t exports_stop_ms = 10'000;

/// SIGTERM and SIGINT are taken by waiting for them; every thread made afterwards has them blocked.
sigset_t block_stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

/// Plain HTTP stays on this machine unless the operator says otherwise (DESIGN section 10).
Status check_listen(const Settings& settings) {
  const std::string& listen = settings.text("server.listen");
  const std::string host = listen.substr(0, listen.rfind(':'));
  const bool is_loopback = host.starts_with("127.") || host == "localhost" || host == "[::1]";
  const bool has_tls = !settings.text("tls.certificate").empty();
  if (is_loopback || has_tls || settings.flag("server.allow_plain_http_beyond_loopback")) return {};
  return fail(
      ErrorKind::invalid,
      fmt::format(
          "server.listen {} is not a loopback address and the server speaks plain HTTP: put a TLS proxy before it and "
          "set server.allow_plain_http_beyond_loopback = true",
          listen));
}

}  // namespace

int run_serve(const GlobalOptions& global, const ServeOptions& options) {
  auto settings = load_settings(global.target.config);
  if (!settings) return report(global, settings.error());
  if (!options.listen.empty()) {
    if (auto s = settings->set("server.listen", options.listen); !s) return report(global, s.error());
  }
  if (auto s = check_listen(*settings); !s) return report(global, s.error());
  if (!log::set_level(settings->text("log.level")))
    return report(global, {ErrorKind::invalid, "log.level: not a level", {}, {}});
  const sigset_t stop_signals = block_stop_signals();
  auto services = Services::open(global.target.data, *settings);
  if (!services) return report(global, services.error());
  http::Router router;
  (*services)->add_routes(router);
  (*services)->exports().start();
  auto server = http::Server::start((*services)->settings(), router, system_random(), (*services)->metrics());
  if (!server) return report(global, server.error());
  (*services)->lock().announce((*server)->address());
  print_line("listening on " + (*server)->address());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  log::info("stopping", {{"signal", signal}});
  (*server)->stop(requests_stop_ms);
  (*services)->exports().stop(exports_stop_ms);
  server->reset();
  services->reset();
  log::info("stopped");
  return exit_done;
}

}  // namespace meterport::app
