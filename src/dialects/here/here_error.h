// Errors of the usage API (here.md 4, crosswalk 3.2): ErrorResponse for 400, 404, 405 and 5xx, the union body for 401,
// 403 and 429. Pure functions but for the randomness of ids; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "http/message.h"

namespace meterport::here {

// Error::field of an `invalid` or `too_large` tells the code: a parameter's name, or one of these.
inline constexpr std::string_view realm_field = "realmId";
inline constexpr std::string_view body_field = "subAccounts";
inline constexpr std::string_view csv_rows_field = "csv rows";
inline constexpr std::string_view reports_off_field = "reports off";

/// Error::detail of an `unauthenticated` tells the code: a cause of identity (identity.h), or this.
inline constexpr std::string_view not_bearer_cause = "not_bearer";

/// What a wire prints of an error: status, code, and what is wrong in a few words.
struct WireError {
  int status = 400;
  std::string_view code;
  std::string_view cause;
};
WireError wire_error(const Error& error);

/// True where trying again unchanged may work: the answer has Retry-After.
bool has_retry_after(ErrorKind kind);

/// The whole answer but the call's headers; logs the error's detail where that is no cause of identity.
http::Response render_error(const http::Request& request, const Error& error, std::string_view correlation_id,
                            Random& random);

/// 403403, the answer to every realm and report that is not the caller's.
std::unexpected<Error> forbidden();

}  // namespace meterport::here
