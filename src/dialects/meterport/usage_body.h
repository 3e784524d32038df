// Private to the /v1 dialect: the body of POST /v1/usage as plain text, and what its Prefer header asks for (RFC 7240).
#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"
#include "http/message.h"

namespace meterport::api {

struct UsageBody {
  std::string text;       ///< without its Content-Encoding
  bool is_lines = false;  ///< NDJSON
};

/// unsupported_media: another Content-Type or Content-Encoding. Takes the request's body.
Result<UsageBody> read_usage_body(const Settings& settings, http::Request& request);

/// True when one of the Prefer headers holds that preference: "return=minimal", "respond-async".
bool prefers(const http::Request& request, std::string_view preference);

}  // namespace meterport::api
