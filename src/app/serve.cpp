// `meterport serve`: opens the services, binds, waits for SIGTERM or SIGINT, ends in order.
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

}  // namespace

int run_serve(const GlobalOptions& global, const ServeOptions& options) {
  auto settings = load_settings(global.target.config);
  if (!settings) return report(global, settings.error());
  if (!options.listen.empty()) {
    if (auto s = settings->set("server.listen", options.listen); !s) return report(global, s.error());
  }
  if (!log::set_level(settings->text("log.level")))
    return report(global, {ErrorKind::invalid, "log.level: not a level", {}, {}});
  const sigset_t stop_signals = block_stop_signals();
  auto services = Services::open(global.target.data, *settings);
  if (!services) return report(global, services.error());
  http::Router router;
  (*services)->add_routes(router);
  (*services)->operations().start();
  (*services)->exports().start();
  (*services)->outbox().start();
  (*services)->regions().start();
  auto server = http::Server::start((*services)->settings(), router, system_random(), (*services)->metrics());
  if (!server) return report(global, server.error());
  (*services)->lock().announce((*server)->address());
  print_line("listening on " + (*server)->address());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  log::info("stopping", {{"signal", signal}});
  (*server)->stop(requests_stop_ms);
  (*services)->operations().stop();
  (*services)->exports().stop(exports_stop_ms);
  (*services)->regions().stop();
  server->reset();
  services->reset();
  log::info("stopped");
  return exit_done;
}

}  // namespace meterport::app
