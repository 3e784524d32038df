// Who is calling and for which realm (here.md 4.4): token, realm syntax, then whether the realm is his. By a request's
// head alone; cheap, any thread.
#pragma once

#include "dialects/here/here.h"

namespace meterport::here {

/// unauthenticated, with the cause in Error::detail.
Result<identity::TokenCaller> authenticate(const Services& services, const http::Request& request);

/// Usage may be read by viewers, exporters and admins, reports by the latter two.
enum class Need { usage, reports };

struct RealmCaller {
  identity::TokenCaller token;
  catalog::SnapshotPtr catalogue;
  const Org* org = nullptr;  ///< whose realm the path names; lives as long as the catalogue
};
/// Also `invalid` for a realm's syntax, and forbidden: a realm that is unknown, or neither the token's nor under it.
Result<RealmCaller> enter_realm(const Services& services, const http::Request& request, Need need);

/// A token of one project sees that project alone, whether it is asked for or not; false: another one is.
bool keep_to_project(const Principal& principal, BilledUsageSpec& spec);

/// The org of a realm that the caller may use so; null: unknown or not his.
const Org* org_for(const catalog::Snapshot& catalogue, const Principal& principal, std::string_view realm, Need need);

}  // namespace meterport::here
