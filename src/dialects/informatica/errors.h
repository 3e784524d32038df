// The error bodies of the Informatica wire (informatica.md section 3, crosswalk 3.2).
#pragma once

#include "base/error.h"
#include "base/settings.h"
#include "http/message.h"

namespace meterport::informatica {

/// Which body a path speaks: v3 `{"error":{...}}`, v2 `{"@type":"error",...}`.
enum class Shape { v3, v2 };

/// The status and code of a core error kind on this wire. The shape matters to bad credentials and to not_found.
struct WireError {
  int status;
  const char* code;
};
WireError wire_error(ErrorKind kind, Shape shape, int too_many_jobs_status);

/// The whole answer, with Retry-After where the contract has one.
http::Response render_error(const http::Request& request, const Error& error, Shape shape, const Settings& settings);

}  // namespace meterport::informatica
