// Log-in and log-out (informatica.md section 2).
#include <fmt/format.h>

#include "base/json_writer.h"
#include "dialects/informatica/context.h"
#include "dialects/informatica/requests.h"

#include <algorithm>
#include <cctype>

namespace meterport::informatica {

std::string_view session_id_of(const http::Request& request) {
  for (const char* name : {"INFA-SESSION-ID", "icSessionId", "IDS-SESSION-ID"}) {
    if (const auto value = request.header(name); !value.empty()) return value;
  }
  return {};
}

Result<Principal> authenticate(const Services& services, const http::Request& request) {
  const auto session = session_id_of(request);
  if (session.empty())
    return fail(ErrorKind::unauthenticated, "No session id was sent. Log in and send it as INFA-SESSION-ID.");
  auto principal = services.identity.authenticate_session(session);
  if (!principal && principal.error().kind == ErrorKind::unauthenticated) {
    return fail(ErrorKind::unauthenticated, "The session id is not valid or has expired. Log in again.");
  }
  return principal;
}

std::string base_url(const http::Request& request) {
  return std::string(request.origin()) + "/saas";
}

namespace {

/// What both log-ins answer with.
struct LoggedIn {
  identity::Session session;
  identity::User user;
  std::string org_id, org_name, parent_org_id = "0";
};

Result<LoggedIn> log_in(const Services& services, const http::Request& request) {
  auto credentials = parse_credentials(request.body);
  if (!credentials) return fail(std::move(credentials));
  auto session = services.identity.login(credentials->username, credentials->password, request.peer);
  if (!session) return fail(std::move(session));
  auto user = services.identity.user_by_id(session->principal.id);
  if (!user) return fail(std::move(user));
  LoggedIn result{std::move(*session), std::move(*user), {}, {}};
  const auto catalogue = services.catalog.current();
  result.org_id = result.user.org;
  if (const Org* org = catalogue->org(result.user.org)) {
    const Day today = day_of(services.clock.now());
    result.org_id = informatica_id_or_id(*org);
    result.org_name = org->name_on(today);
    result.parent_org_id = parent_org_id(*catalogue, *org, today);
  }
  return result;
}

std::string roles_text(const identity::User& user) {
  std::string text;
  for (const Grant& grant : user.grants) text += (text.empty() ? "" : ",") + std::string(to_string(grant.role));
  return text;
}

void append_v2_user(JsonWriter& json, const http::Request& request, const LoggedIn& in) {
  json.begin_object().field("@type", "user").field("id", in.user.id).field("orgId", in.org_id);
  json.field("orgUuid", in.org_id).field("name", in.user.name).field("description", "");
  json.field("createTime", format_rfc3339(in.user.created)).field("updateTime", format_rfc3339(in.user.updated));
  json.field("createdBy", "").field("updatedBy", "").field("sfUsername", "");
  // Always empty on the wire, whatever a client expects (section 2.2).
  json.field("password", "")
      .field("firstName", in.user.name)
      .field("lastName", "")
      .field("title", "")
      .field("phone", "");
  json.field("securityQuestion", "").field("securityAnswer", "");
  json.field("roles", roles_text(in.user)).field("emails", in.user.email).field("timezone", "UTC");
  json.field("serverUrl", base_url(request)).field("spiUrl", "").field("uuId", in.user.id);
  json.field("icSessionId", in.session.id).field("forceChangePassword", false).end_object();
}

/// The vendor's v2 resources also take XML.
Status check_no_xml(const http::Request& request) {
  if (request.header("Content-Type").find("xml") == std::string_view::npos) return {};
  return fail(ErrorKind::unsupported_media, "XML is not taken here; send JSON.", {}, "Content-Type");
}

/// Names of users are one ignoring case (A-Z).
bool is_same_name(std::string_view a, std::string_view b) {
  const auto same = [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); };
  return std::ranges::equal(a, b, same);
}

}  // namespace

http::Response login_v3(const Services& services, const http::Request& request) {
  auto in = log_in(services, request);
  if (!in) return render_error(request, in.error(), Shape::v3, services.settings);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("products").begin_array();
  json.begin_object().field("name", "Integration Cloud").field("baseApiUrl", base_url(request)).end_object();
  json.end_array().key("userInfo").begin_object();
  json.field("sessionId", in->session.id).field("id", in->user.id).field("name", in->user.name);
  json.field("parentOrgId", in->parent_org_id).field("orgId", in->org_id).field("orgName", in->org_name);
  json.key("groups").begin_object().end_object();
  json.field("status", "Active").end_object().end_object();
  return http::Response::json(200, std::move(body));
}

http::Response login_v2(const Services& services, const http::Request& request) {
  if (auto is_json = check_no_xml(request); !is_json) {
    return render_error(request, is_json.error(), Shape::v2, services.settings);
  }
  auto in = log_in(services, request);
  if (!in) return render_error(request, in.error(), Shape::v2, services.settings);
  std::string body;
  JsonWriter json(body);
  append_v2_user(json, request, *in);
  return http::Response::json(200, std::move(body));
}

http::Response login_oauth(const Services& services, const http::Request& request) {
  const Error error{
      ErrorKind::not_supported, "loginOAuth is not available; log in with user name and password.", {}, {}};
  return render_error(request, error, Shape::v2, services.settings);
}

http::Response logout(const Services& services, const http::Request& request, Shape shape) {
  if (auto principal = authenticate(services, request); !principal) {
    return render_error(request, principal.error(), shape, services.settings);
  }
  // Running jobs go on: a log-out ends the session alone (section 2.5).
  if (auto s = services.identity.logout(session_id_of(request)); !s)
    return render_error(request, s.error(), shape, services.settings);
  return http::Response::json(200, "{}");
}

// Another service's log-in, whose id goes into IDS-SESSION-ID (section 1, path 15).
http::Response login_identity_service(const Services& services, const http::Request& request) {
  auto in = log_in(services, request);
  if (!in) return render_error(request, in.error(), Shape::v3, services.settings);
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("sessionId", in->session.id);
  json.field("sessionExpireTime", format_seconds_z(in->session.expires)).field("currentOrgId", in->org_id).end_object();
  return http::Response::json(200, std::move(body));
}

http::Response logout_all(const Services& services, const http::Request& request) {
  const auto refused = [&](const Error& error) { return render_error(request, error, Shape::v2, services.settings); };
  if (auto is_json = check_no_xml(request); !is_json) return refused(is_json.error());
  auto credentials = parse_credentials(request.body);
  if (!credentials) return refused(credentials.error());
  if (auto s = services.identity.logout_all(credentials->username, credentials->password, request.peer); !s)
    return refused(s.error());
  return http::Response::json(200, R"({"@type":"success"})");
}

// Needs no session header: a client asks whether it still has a session, and the token in the body is what it holds.
// Looking does not extend the session, nor does one that came along in a header.
http::Response valid_session_id(const Services& services, const http::Request& request) {
  const auto refused = [&](const Error& error) { return render_error(request, error, Shape::v2, services.settings); };
  if (auto is_json = check_no_xml(request); !is_json) return refused(is_json.error());
  auto question = parse_session_question(request.body);
  if (!question) return refused(question.error());
  const auto session = services.identity.look_at_session(question->token);
  if (!session && session.error().kind != ErrorKind::unauthenticated) return refused(session.error());
  const bool is_valid =
      session && (!question->user_name || is_same_name(*question->user_name, session->principal.name));
  std::int64_t minutes = 0;
  if (is_valid) {
    const std::int64_t left_us = session->expires.us - services.clock.now().us;
    minutes = std::max<std::int64_t>(0, left_us / (60 * Instant::us_per_second));  // in its grace it has none left
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("@type", "validatedToken").field("timeUntilExpire", minutes);
  json.field("isValidToken", is_valid).end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace meterport::informatica
