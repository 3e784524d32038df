// Errors of the Meterport API: RFC 9457 problem documents, one per ErrorKind (crosswalk 3.2, last column). Also the
// shape of refusals no route or fallback speaks for. Pure functions, any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace meterport::http {

/// Status of the Meterport API for that kind.
int status_of(ErrorKind kind);
/// True for kinds whose answers carry Retry-After: trying again unchanged may work.
bool is_worth_retrying(ErrorKind kind);
/// "Not Found" of 404; "Unknown" if not registered (RFC 9110 15).
std::string_view reason_of(int status);

/// application/problem+json: type urn:meterport:problem:<kind>, title, status, code, detail, request_id, and `field`
/// when the error names one. Retry-After: 1 where is_worth_retrying. The error's internal detail is left out.
Response problem(const Request& request, const Error& error);

}  // namespace meterport::http
