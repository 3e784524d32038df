// Private to the /v1 dialect: who is calling, in one place (DESIGN 10), and the checks that hold for every route.
// Stateless; any thread.
#pragma once

#include <string>
#include <vector>

#include "catalog/snapshot.h"
#include "http/message.h"
#include "identity/identity.h"

namespace meterport::api {

/// The caller: the command line's own principal, else that of `Authorization: Bearer` (API key or session).
/// unauthenticated: no token, an unknown one, an expired one.
Result<Principal> authenticate(identity::Identity& identity, const http::Request& request);

/// Query parameters outside of the route's own ("name: description") or given twice are refused, so that a misspelt one
/// never widens an answer.
Status check_query(const http::Request& request, const std::vector<std::string>& parameters);

/// The org named, else the caller's own, else the only production org. invalid: there are several, naming them.
Result<std::string> org_or_default(const catalog::Snapshot& catalogue, const Principal& principal, std::string given);

}  // namespace meterport::api
