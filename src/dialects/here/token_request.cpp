#include "dialects/here/token_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "catalog/json_tree.h"
#include "http/text.h"
#include "http/url.h"
#include "model/charge_item.h"

namespace meterport::here {
namespace {

constexpr std::int64_t lifetime_s_max = 86'400;
constexpr std::string_view grant = "client_credentials";
constexpr std::size_t project_bytes_max = 256;

constexpr int is_missing = 400201, is_empty = 400202, has_illegal_characters = 400203, is_no_number = 400208,
              is_too_small = 400209;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::unexpected<TokenError> refuse(TokenError error) {
  return std::unexpected(std::move(error));
}

TokenResult<TokenBody> read_form(std::string_view body) {
  auto fields = http::parse_query(body);
  if (!fields) return refuse({400, 400200, "The form has a broken percent sequence."});
  for (const auto& [name, value] : *fields) {
    if (!is_utf8(name) || !is_utf8(value)) return refuse({400, 400200, "The form is not UTF-8."});
  }
  return TokenBody{true, std::move(*fields)};
}

TokenResult<TokenBody> read_json(std::string_view body) {
  const auto document = catalog::parse_json(body);
  if (!document) return refuse({400, 400002, "The request body is not valid JSON."});
  if (!document->is_object()) return refuse({400, 400002, "The request body must be a JSON object."});
  TokenBody read;
  for (const catalog::JsonMember& member : document->members) {
    using Type = catalog::JsonValue::Type;
    const Type type = member.value.type;
    if (type == Type::null) continue;
    if (type == Type::array || type == Type::object) {
      return refuse(invalid_field({member.name, 400217, "must be a string"}));
    }
    read.fields.emplace_back(member.name,
                             type == Type::boolean ? (member.value.boolean ? "true" : "false") : member.value.text);
  }
  return read;
}

struct Given {
  std::string_view name, value;
};
/// The first field of one of those names.
std::optional<Given> find(const TokenBody& body, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : body.fields) {
    if (std::ranges::find(names, name) != names.end()) return Given{name, value};
  }
  return std::nullopt;
}

TokenResult<std::int64_t> read_lifetime(const TokenBody& body) {
  const auto given = find(body, {"expires_in", "expiresIn"});
  if (!given) return lifetime_s_max;
  const auto wrong = [&](int code, std::string message) {
    return refuse(invalid_field({std::string(given->name), code, std::move(message)}));
  };
  const std::string_view value = given->value;
  if (value.empty()) return wrong(is_empty, "is empty");
  const bool is_negative = value.front() == '-';
  const std::string_view digits = value.substr(is_negative ? 1 : 0);
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return wrong(is_no_number, "must be a whole number of seconds");
  }
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (parsed.ec != std::errc()) seconds = lifetime_s_max;  // beyond all numbers
  if (is_negative && seconds > 0) return wrong(is_too_small, "must not be negative");
  return seconds == 0 ? lifetime_s_max : std::min(seconds, lifetime_s_max);
}

Status read_project(std::string_view scope, TokenRequest& request) {
  const auto realm = realm_of_project(scope);
  const auto is_control = [](char c) { return (c >= '\0' && c <= ' ') || c == '\x7f'; };
  if (!realm || scope.size() > project_bytes_max || std::ranges::any_of(scope, is_control)) {
    return fail(ErrorKind::invalid, "must be hrn:here:authorization::<realm>:project/<id>");
  }
  if (!is_realm(*realm)) return fail(ErrorKind::invalid, "names no realm (5 to 30 letters, digits, - and _)");
  request.project = scope;
  request.scope_realm = *realm;
  return {};
}

TokenResult<void> read_scope(const TokenBody& body, TokenRequest& request) {
  std::string_view scope;
  for (const auto& [name, value] : body.fields) {
    if (name != "scope" || trimmed(value).empty()) continue;
    if (!scope.empty()) return refuse(several_scopes());
    scope = trimmed(value);
  }
  if (scope.empty()) return {};
  if (scope.find_first_of(" ,\t") != std::string_view::npos) return refuse(several_scopes());
  if (auto read = read_project(scope, request); !read) {
    TokenError error = invalid_field({"scope", has_illegal_characters, read.error().text});
    error.oauth_error = "invalid_scope";
    return refuse(std::move(error));
  }
  return {};
}

}  // namespace

TokenResult<TokenBody> read_token_body(std::string_view content_type, std::string_view body) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  if (type.empty()) return refuse({400, 400003, "The request has no Content-Type."});
  if (http::same_ignoring_case(type, "application/x-www-form-urlencoded")) return read_form(body);
  if (http::same_ignoring_case(type, "application/json")) return read_json(body);
  return refuse(token_error({ErrorKind::unsupported_media, {}, {}, {}}));
}

TokenResult<TokenRequest> read_token_request(const TokenBody& body) {
  TokenRequest request;
  const auto given = find(body, {"grant_type", "grantType"});
  if (!given) {
    return refuse(invalid_field({body.is_form ? "grant_type" : "grantType", is_missing, "is missing"}));
  }
  request.style = given->name == "grantType" ? KeyStyle::camel : KeyStyle::snake;
  if (given->value.empty()) return refuse(invalid_field({std::string(given->name), is_empty, "is empty"}));
  if (given->value != grant) return refuse(illegal_grant(given->name, given->value));
  // A token of a device is another grant, whatever it is called here.
  if (const auto device = find(body, {"device_id", "deviceId"}); device && !device->value.empty()) {
    return refuse(illegal_grant(device->name, "a device's"));
  }
  auto lifetime = read_lifetime(body);
  if (!lifetime) return refuse(std::move(lifetime.error()));
  request.lifetime_s = *lifetime;
  if (auto scope = read_scope(body, request); !scope) return refuse(std::move(scope.error()));
  return request;
}

PlainSecret plain_secret(const TokenBody& body) {
  const auto id = find(body, {"client_id", "clientId"}), secret = find(body, {"client_secret", "clientSecret"});
  if (!id || !secret) return {};
  return {id->value, secret->value};
}

std::string token_answer(const TokenRequest& request, std::string_view token) {
  const bool is_camel = request.style == KeyStyle::camel;
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.field(is_camel ? "accessToken" : "access_token", token).field(is_camel ? "tokenType" : "token_type", "bearer");
  out.field(is_camel ? "expiresIn" : "expires_in", request.lifetime_s);
  if (!request.project.empty()) out.field("scope", request.project);
  out.end_object();
  return body;
}

}  // namespace meterport::here
