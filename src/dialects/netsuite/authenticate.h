// Who is calling (netsuite.md 6): TBA signatures, bearer tokens, by switch NLAuth; and the checks on a request's head
// in the contract's order (2.3). Stateless; any thread.
#pragma once

#include <string>

#include "dialects/netsuite/netsuite.h"
#include "http/message.h"

namespace meterport::netsuite {

struct Caller {
  Principal principal;
  std::string account;  ///< id of the org whose account it is
};

/// `is_whole`: the body is there. Without it nothing is remembered and no password is looked at, so that it can run on
/// a socket's thread. unauthenticated, bad_credentials; malformed for a header that cannot be read.
Result<Caller> authenticate(const Services& services, const http::Request& request, bool is_whole);

/// Script and deployment (no_such_path), verb (method_not_allowed), content type (unsupported_media).
Status check_head(const Settings& settings, const http::Request& request);

}  // namespace meterport::netsuite
