// What every handler of the dialect shares: the services, the error renderers, the session rule of section 2.4.
#pragma once

#include <string>
#include <string_view>

#include "catalog/snapshot.h"
#include "dialects/informatica/errors.h"
#include "dialects/informatica/informatica.h"
#include "dialects/informatica/requests.h"
#include "http/message.h"

namespace meterport::informatica {

/// The id a request carries: INFA-SESSION-ID, icSessionId or IDS-SESSION-ID, any of the three on any path.
std::string_view session_id_of(const http::Request& request);

/// Who is calling; extends the session. unauthenticated for none, unknown, expired.
Result<Principal> authenticate(const Services& services, const http::Request& request);

/// `<origin>/saas`, without trailing slash.
std::string base_url(const http::Request& request);

/// The printed id of the org that is the parent on that day, "0" for a top org.
std::string parent_org_id(const catalog::Snapshot& catalogue, const Org& org, Day day);

// Handlers, by the resource they serve. Each answers once.
http::Response login_v3(const Services& services, const http::Request& request);
http::Response login_v2(const Services& services, const http::Request& request);
http::Response logout(const Services& services, const http::Request& request, Shape shape);
http::Response login_oauth(const Services& services, const http::Request& request);
http::Response login_identity_service(const Services& services, const http::Request& request);
http::Response logout_all(const Services& services, const http::Request& request);
http::Response valid_session_id(const Services& services, const http::Request& request);

http::Response own_org(const Services& services, const http::Request& request);
http::Response org_by_id(const Services& services, const http::Request& request);
http::Response org_by_name(const Services& services, const http::Request& request);
http::Response activity_log(const Services& services, const http::Request& request);

http::Response post_export(const Services& services, const http::Request& request, Resource resource);
http::Response get_status(const Services& services, const http::Request& request);
void get_download(const Services& services, http::Request request, http::Reply reply);

}  // namespace meterport::informatica
