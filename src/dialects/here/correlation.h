// Names that a call goes by (here.md 2.4, 3.7), and the headers that every answer has. Pure functions but for the
// randomness; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "http/message.h"

namespace meterport::here {

/// A random UUID (RFC 9562, version 4), lower case.
std::string make_uuid(Random& random);

/// X-Correlation-ID as sent, if it is 1 to 128 printable ASCII characters; else a new UUID.
std::string correlation_id_of(const http::Request& request, Random& random);

/// X-Correlation-ID, X-Request-ID if one was sent (of the same form), Cache-Control: no-store.
void add_call_headers(http::Response& response, const http::Request& request, std::string_view correlation_id);

}  // namespace meterport::here
