// Outbound HTTP through libcurl: callbacks, the command line, other regions. Callbacks are guarded against private
// addresses: the name is resolved once, every address is checked and the connection is pinned to it; no redirects;
// short time limits.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http/outbound_seams.h"

namespace meterport::http {

struct OutboundResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< guarded: at most 64 KiB of it; plain: at most 256 MiB; to a file: empty
  /// First header of that name, ignoring case; empty if none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct OutboundRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::int64_t timeout_ms = 10'000;  ///< of the whole exchange, however many addresses are tried
  /// When it turns true, the exchange ends within about a second as store_unavailable. May be null.
  const std::atomic<bool>* cancelled = nullptr;
  std::string ca_file{};  ///< PEM file with the certificates to trust; empty: the system's
  /// Sees the answer's head (no body yet) before the first byte of a body is taken: how many bytes of it may come. Its
  /// error, or a longer body, ends the exchange: that error, too_large. Empty: the limits of above.
  std::function<Result<std::uint64_t>(const OutboundResponse&)> on_head{};
};

class AddressGuard {
 public:
  /// CIDRs ("10.0.0.0/8", "::1/128") that are open although private. invalid names the bad one.
  /// A plain address stands for itself alone.
  static Result<AddressGuard> make(const std::vector<std::string>& allowed_ranges);
  /// True for public addresses and the allowed ranges. Private, loopback, link-local, metadata, multicast,
  /// unspecified, and IPv4 in IPv6 forms of them are refused (RFC 1918, 3927, 4193, 4291, 6598, 6890).
  [[nodiscard]] bool allows(std::string_view address) const;

 private:
  struct Range {
    std::vector<unsigned char> bytes;  ///< 4 or 16
    unsigned prefix_bits;
  };
  std::vector<Range> allowed_;
};

/// invalid: not http(s), no host, credentials in it. forbidden: the guard refuses an address. store_unavailable:
/// no connection or timeout. Blocking; any thread.
Result<OutboundResponse> send_guarded(const OutboundRequest& request, const AddressGuard& guard,
                                      const OutboundSeams& seams = system_seams());

/// What an error of an exchange means, in few words that follow "it": "refused the connection"; or a sentence that
/// begins with "its".
inline constexpr std::string_view refused_the_connection = "refused the connection";
std::string in_few_words(const Error& error);

/// The host of an http(s) URL in lower case, IPv6 without brackets, a name without the root's dot. invalid as
/// send_guarded.
Result<std::string> host_of(const std::string& url);

/// Unguarded client of the command line (`--url`): any address the operator names. Environment proxies apply, but not
/// to loopback. Errors like send_guarded, but never forbidden.
Result<OutboundResponse> send_plain(const OutboundRequest& request);
/// The same for long bodies; timeout_ms then is the longest standstill. A 2xx answer is streamed to `path` (replaced
/// only by a whole answer; written beside it first); any other answer's body is returned. storage_full,
/// store_unavailable: the file.
Result<OutboundResponse> download_plain(const OutboundRequest& request, const std::string& path);

}  // namespace meterport::http
