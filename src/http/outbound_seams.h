// Seam for outbound connections: how a name becomes addresses, and where the connection to a checked address goes. The
// system's in production; tests put names of their own here and stay on loopback. Called from any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace meterport::http {

struct OutboundSeams {
  /// Numeric addresses of a host (a name, or an address in any spelling), in the order to try. store_unavailable: the
  /// name does not resolve (now).
  std::function<Result<std::vector<std::string>>(const std::string& host, const std::string& port)> resolve;
  /// What to connect to for an address that the guard let through: "HOST:PORT", an IPv6 host in brackets.
  std::function<std::string(const std::string& address, const std::string& port)> endpoint;
};

/// The operating system's resolver; connections go to the address itself.
OutboundSeams system_seams();

}  // namespace meterport::http
