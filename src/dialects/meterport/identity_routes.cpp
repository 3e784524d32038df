// /v1/users, /v1/keys and /v1/audit.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "dialects/meterport/auth.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

using catalog::Need;
using catalog::ObjectReader;

constexpr std::size_t password_characters_max = 1'024;
constexpr std::size_t audit_page_default = 100;

void append_roles(JsonWriter& out, const std::vector<Grant>& grants) {
  out.key("roles").begin_array();
  std::vector<Role> seen;
  for (const Grant& grant : grants) {
    if (std::ranges::find(seen, grant.role) != seen.end()) continue;
    seen.push_back(grant.role);
    out.string(to_string(grant.role));
  }
  out.end_array();
}

void append_user(JsonWriter& out, const identity::User& user) {
  out.begin_object().field("id", user.id).field("name", user.name).field("org", user.org).field("email", user.email);
  append_roles(out, user.grants);
  out.field("created_at", format_rfc3339(user.created)).end_object();
}

/// The members that every key has; the object stays open.
void append_key(JsonWriter& out, const identity::ApiKey& key) {
  out.begin_object().field("id", key.id).field("for", to_string(key.kind)).field("name", key.name);
  out.field("org", key.org).field("source", key.source);
  append_roles(out, key.grants);
  out.field("created_at", format_rfc3339(key.created));
  field_or_null(out, "revoked_at", key.revoked);
  if (key.kind == identity::KeyKind::netsuite)
    out.field("consumer_key", key.consumer_key).field("account", key.account);
  if (key.kind == identity::KeyKind::here) {
    out.field("app_id", key.app_id).field("realm", key.realm);
    field_or_null(out, "user", key.user);
  }
}

/// Holds secrets: no cache may keep it.
http::Response made_key(std::string body) {
  auto response = http::Response::json(201, std::move(body));
  response.with_header("Cache-Control", "no-store");
  return response;
}

std::vector<Role> read_roles(ObjectReader& reader) {
  std::vector<Role> roles;
  const auto texts = reader.texts("roles");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto role = parse_role(texts[i]);
    if (!role) {
      reader.check().refuse(catalog::pointer_to(reader.at("roles"), i),
                            "must be one of admin, exporter, ingester, viewer, operator");
    }
    roles.push_back(role.value_or(Role::viewer));
  }
  return roles;
}

/// A secret may hold any character but the checks on length; it is never part of an error.
std::string read_password(ObjectReader& reader, const catalog::JsonValue& body) {
  const catalog::JsonValue* value = body.find("password");
  if (value == nullptr) {
    reader.refuse("password", "is required");
    return {};
  }
  const bool fits = value->type == catalog::JsonValue::Type::string && !value->text.empty() &&
                    value->text.size() <= password_characters_max;
  if (!fits) {
    reader.refuse("password", fmt::format("must be a text of 1 to {} bytes", password_characters_max));
    return {};
  }
  return value->text;
}

}  // namespace

Answer list_users(Context& context, const Call& call) {
  const auto users = context.services.identity.users(call.principal);
  if (!users) return fail(users);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("users").begin_array();
  for (const identity::User& user : *users) append_user(out, user);
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

Answer post_user(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  catalog::FormCheck check;
  ObjectReader reader(check, *body, "", {"id", "name", "password", "org", "roles", "email"});
  identity::NewUser user;
  user.id = reader.id("id", Need::optional);
  user.name = reader.text("name", Need::required);
  user.password = read_password(reader, *body);
  user.org = reader.id("org", Need::optional);
  user.roles = read_roles(reader);
  user.email = reader.text("email", Need::optional);
  if (auto status = finish(check); !status) return fail(std::move(status));
  auto org = org_or_default(*context.services.catalog.current(), call.principal, std::move(user.org));
  if (!org) return fail_at_member(org);
  user.org = std::move(*org);
  auto made = context.services.identity.create_user(call.principal, user);
  if (!made) return fail_at_member(made);
  std::string text;
  JsonWriter out(text);
  append_user(out, *made);
  return http::Response::json(201, std::move(text));
}

Answer post_password(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  catalog::FormCheck check;
  ObjectReader reader(check, *body, "", {"password"});
  const std::string password = read_password(reader, *body);
  if (auto status = finish(check); !status) return fail(std::move(status));
  auto done = context.services.identity.set_password(call.principal, call.path_value("name"), password);
  if (!done) return fail_at_member(done);
  return http::Response::json(200, "{}");
}

Answer list_keys(Context& context, const Call& call) {
  const auto keys = context.services.identity.keys(call.principal);
  if (!keys) return fail(keys);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("keys").begin_array();
  for (const identity::ApiKey& key : *keys) {
    append_key(out, key);
    out.end_object();
  }
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

namespace {

struct KeyRequest {
  std::string kind, name, org, source, consumer_key, app_id, user;
  std::vector<Role> roles;
};

/// Members that only keys of one kind have, and the roles of the others when none are given.
void check_kind(ObjectReader& reader, KeyRequest& key) {
  const bool is_netsuite = key.kind == "netsuite", is_here = key.kind == "here";
  if (!is_netsuite && !is_here && key.kind != "meterport") {
    reader.refuse("for", "must be one of meterport, netsuite, here");
  }
  if (is_netsuite && reader.has("source")) reader.refuse("source", "is always \"netsuite\" for a key of this kind");
  if (is_here && reader.has("source")) reader.refuse("source", "a key of this kind sends no records");
  if (!is_netsuite && reader.has("consumer_key")) reader.refuse("consumer_key", "belongs to \"for\": \"netsuite\"");
  for (const char* member : {"app_id", "user"}) {
    if (!is_here && reader.has(member)) reader.refuse(member, "belongs to \"for\": \"here\"");
  }
  if (is_here && reader.has("roles") && key.roles.empty()) reader.refuse("roles", "must hold at least one role");
  if (is_netsuite && !reader.has("roles")) key.roles = {Role::ingester};
}

Result<KeyRequest> read_key_request(const catalog::JsonValue& body) {
  catalog::FormCheck check;
  ObjectReader reader(check, body, "", {"for", "name", "org", "roles", "source", "consumer_key", "app_id", "user"});
  KeyRequest key;
  key.kind = reader.has("for") ? reader.text("for", Need::required) : "meterport";
  key.name = reader.text("name", Need::required);
  key.org = reader.id("org", Need::optional);
  key.roles = read_roles(reader);
  key.source = reader.text("source", Need::optional, catalog::text_characters_max);
  key.consumer_key = reader.text("consumer_key", Need::optional);
  key.app_id = reader.text("app_id", Need::optional);
  key.user = reader.text("user", Need::optional);
  check_kind(reader, key);
  if (auto status = finish(check); !status) return fail(std::move(status));
  return key;
}

Answer make_signed_key(Context& context, const Call& call, const KeyRequest& key) {
  auto made =
      context.services.identity.create_signed_key(call.principal, {key.name, key.org, key.roles, key.consumer_key});
  if (!made) return fail_at_member(made);
  std::string text;
  JsonWriter out(text);
  append_key(out, made->key);
  if (!made->consumer_secret.empty()) out.field("consumer_secret", made->consumer_secret);
  out.field("token_id", made->key.id).field("token_secret", made->token_secret).end_object();
  return made_key(std::move(text));
}

Answer make_access_key(Context& context, const Call& call, const KeyRequest& key) {
  auto made =
      context.services.identity.create_access_key(call.principal, {key.name, key.org, key.roles, key.app_id, key.user});
  if (!made) return fail_at_member(made);
  std::string text;
  JsonWriter out(text);
  append_key(out, made->key);
  out.field("access_key_id", made->key.id).field("access_key_secret", made->secret).end_object();
  return made_key(std::move(text));
}

}  // namespace

Answer post_key(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  auto key = read_key_request(*body);
  if (!key) return fail(std::move(key));
  auto org = org_or_default(*context.services.catalog.current(), call.principal, std::move(key->org));
  if (!org) return fail_at_member(org);
  key->org = std::move(*org);
  if (key->kind == "netsuite") return make_signed_key(context, call, *key);
  if (key->kind == "here") return make_access_key(context, call, *key);
  auto made = context.services.identity.create_key(call.principal, {key->name, key->org, key->source, key->roles});
  if (!made) return fail_at_member(made);
  std::string text;
  JsonWriter out(text);
  append_key(out, made->first);
  out.field("key", made->second).end_object();
  return made_key(std::move(text));
}

Answer delete_key(Context& context, const Call& call) {
  const std::string& id = call.path_value("id");
  auto done = context.services.identity.revoke_key(call.principal, id);
  if (!done) return fail(std::move(done));
  std::string body;
  JsonWriter(body).begin_object().field("id", id).end_object();
  return http::Response::json(200, std::move(body));
}

Answer list_audit(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, audit_page_default);
  if (!page_size) return fail(page_size);
  const auto page = context.services.identity.audit_trail(
      call.principal, {.event = call.query("event"), .page_size = *page_size, .page_token = call.query("page_token")});
  if (!page) return fail(page);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("entries").begin_array();
  for (const identity::AuditEntry& entry : page->entries) {
    out.begin_object().field("number", entry.number).field("time", format_rfc3339(entry.time));
    out.field("event", to_string(entry.event));
    field_or_null(out, "org", entry.org);
    field_or_null(out, "principal", entry.principal);
    field_or_null(out, "principal_id", entry.principal_id);
    field_or_null(out, "subject", entry.subject);
    field_or_null(out, "peer", entry.peer);
    out.field("detail", entry.detail).end_object();
  }
  out.end_array().field("next_page_token", page->next_page_token).end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace meterport::api
