// What all threads of one server share. Internal to http. Made once by Server::start, constant but for the atomics
// and thread-safe members.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/settings.h"
#include "http/body_budget.h"
#include "http/probe.h"
#include "http/router.h"

namespace boost::asio::ssl {
class context;
}

namespace meterport::http {

struct Limits {
  std::size_t head_bytes_max = 0;
  std::int64_t in_flight_max = 0;
  std::int64_t idle_ms = 0;  ///< also: no byte of a body or of an answer moved
  std::int64_t head_ms = 0;  ///< from a head's first byte to its last
  /// A body must come at this rate on average, once idle_ms are over.
  std::int64_t body_bytes_per_second_min = 4 * 1024;
  /// An unread body up to this size is read off, so that the connection can stay.
  std::uint64_t small_rest_bytes_max = 256 * 1024;
  /// Of a larger one so much is read and thrown away before the connection closes: clients that send everything
  /// before they read (most libraries) then see the answer instead of a reset.
  std::uint64_t drain_bytes_max = 1024 * 1024 * 1024;
  std::int64_t drain_ms = 30'000;
  std::int64_t linger_ms = 2'000;  ///< the same with nothing left to come
};

struct ServerCore {
  ServerCore(const Settings& settings, const Router& the_router, metrics::Registry& registry);
  ~ServerCore();

  const Router& router;
  Limits limits;
  std::string public_url;                          ///< empty: from the Host header
  bool writes_access_log;                          ///< log.level is debug
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< null: plain
  Probe probe;
  std::atomic<bool> is_stopping{false};
  BodyBudget bodies;
  std::size_t blocking_queue_max;
  Executor blocking;  ///< last: its tasks may use all above
};

/// The error as that renderer prints it; with the problem form when the renderer is empty or throws. Adds Retry-After
/// where trying again may help, and Allow when given.
Response render(const ErrorRenderer& errors, const Request& request, const Error& error, const std::string& allow = {});

}  // namespace meterport::http
