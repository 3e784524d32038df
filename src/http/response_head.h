// The bytes before a response's body (RFC 9112 4, 5). Internal to http; pure.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "http/message.h"

namespace meterport::http {

struct ResponseFraming {
  std::uint64_t body_bytes = 0;
  bool is_stream = false;  ///< length unknown: chunked; on HTTP/1.0 the end of the connection is the body's
  bool keep_alive = true;
  bool is_http_1_0 = false;
};

/// Appends status line and headers with the empty line. Always Content-Length or Transfer-Encoding (but for 204 and
/// 304), Date, and X-Request-Id unless the answer has its own; Retry-After: 1 is added to 429 and 503 without one. Left
/// out, and logged: header names or values that would break the head, and those that are the server's own business
/// (Content-Length, Connection, Transfer-Encoding, Date).
void append_head(std::string& out, const Response& response, const ResponseFraming& framing, std::string_view date,
                 std::string_view request_id);

/// True for statuses whose answers have no body (RFC 9110 15.3.5, 15.4.5).
bool is_bodiless(int status);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date(std::time_t t);

}  // namespace meterport::http
