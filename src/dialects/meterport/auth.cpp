#include "dialects/meterport/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "dialects/meterport/context.h"
#include "http/problem.h"

namespace meterport::api {
namespace {

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find(':'));
}

}  // namespace

Result<Principal> authenticate(identity::Identity& identity, const http::Request& request) {
  if (request.local != nullptr) return *request.local;
  const std::string_view token = request.bearer();
  if (token.empty()) {
    return fail(ErrorKind::unauthenticated, "an API key or a session is needed, as Authorization: Bearer KEY");
  }
  return identity.authenticate_bearer(token);
}

Status check_query(const http::Request& request, const std::vector<std::string>& parameters) {
  for (auto it = request.query.begin(); it != request.query.end(); ++it) {
    const std::string& name = it->first;
    if (std::ranges::find(parameters, std::string_view(name), name_of) == parameters.end()) {
      std::vector<std::string_view> known;
      std::ranges::transform(parameters, std::back_inserter(known), name_of);
      return fail(ErrorKind::invalid,
                  known.empty()
                      ? fmt::format("{}: this path takes no query parameters", name)
                      : fmt::format("{}: unknown query parameter; known are {}", name, fmt::join(known, ", ")),
                  {}, name);
    }
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::any_of(request.query.begin(), it, same)) {
      return fail(ErrorKind::invalid, fmt::format("{}: given twice", name), {}, name);
    }
  }
  return {};
}

Result<std::string> org_or_default(const catalog::Snapshot& catalogue, const Principal& principal, std::string given) {
  if (!given.empty()) return given;
  if (!principal.org.empty()) return principal.org;
  std::vector<std::string_view> tops;
  for (const Org* org : catalogue.orgs()) {
    if (org->kind == OrgKind::production && catalogue.may_know(principal, org->id)) tops.push_back(org->id);
  }
  if (tops.size() == 1) return std::string(tops.front());
  return fail(ErrorKind::invalid,
              tops.empty()
                  ? std::string("org: is required")
                  : fmt::format("org: is required, as there are several production orgs: {}", fmt::join(tops, ", ")),
              {}, "org");
}

http::Response render_problem(const http::Request& request, const Error& error) {
  if (!error.detail.empty()) {
    const auto level = http::status_of(error.kind) >= 500 ? log::Level::error : log::Level::info;
    log::write(level, "request refused",
               {{"request", request.id}, {"code", to_string(error.kind)}, {"detail", error.detail}});
  }
  http::Response response = http::problem(request, error);
  if (response.status == 401) {
    response.with_header("WWW-Authenticate", request.bearer().empty()
                                                 ? "Bearer realm=\"meterport\""
                                                 : "Bearer realm=\"meterport\", error=\"invalid_token\"");
  }
  return response;
}

}  // namespace meterport::api
