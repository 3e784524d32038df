#include "http/outbound_seams.h"

#include <netdb.h>
#include <sys/socket.h>

#include <memory>

namespace meterport::http {
namespace {

Result<std::vector<std::string>> resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) {
    return fail(ErrorKind::store_unavailable, "the name " + host + " does not resolve", gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  return addresses;
}

std::string endpoint(const std::string& address, const std::string& port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + port;
}

}  // namespace

OutboundSeams system_seams() {
  return {.resolve = resolve, .endpoint = endpoint};
}

}  // namespace meterport::http
