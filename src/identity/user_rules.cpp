#include "identity/user_rules.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/json_writer.h"
#include "catalog/object_reader.h"
#include "identity/passwords.h"

namespace meterport::identity {
namespace {

using catalog::FormCheck;
using catalog::JsonValue;
using catalog::Need;
using catalog::ObjectReader;

constexpr std::string_view role_names = "admin, exporter, ingester, viewer, operator";
constexpr std::size_t text_max = catalog::text_characters_max;

std::vector<Role> read_roles(ObjectReader& reader) {
  std::vector<Role> roles;
  for (const std::string& word : reader.texts("roles")) {
    const auto role = parse_role(word);
    if (!role) {
      reader.refuse("roles", fmt::format("must be of {}", role_names));
      break;
    }
    roles.push_back(*role);
  }
  return roles;
}

UserEntry read_user(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer, {"id", "name", "password", "password_hash", "org", "roles", "email"});
  UserEntry entry;
  entry.pointer = pointer;
  entry.user.id = reader.id("id", Need::optional);
  entry.user.name = reader.text("name", Need::required);
  entry.user.password = reader.text("password", Need::optional);
  entry.user.password_hash = reader.text("password_hash", Need::optional);
  entry.user.org = reader.id("org", Need::required);
  entry.user.roles = read_roles(reader);
  entry.user.email = reader.text("email", Need::optional);
  return entry;
}

Status check_text(const std::string& value, const std::string& pointer) {
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return refuse(pointer, "holds a control character");
  }
  if (!is_utf8(value)) return refuse(pointer, "must be UTF-8 text");
  if (utf8_characters(value) > text_max) return refuse(pointer, fmt::format("has more than {} characters", text_max));
  return {};
}

Status check_secret(const NewUser& user, const std::string& pointer) {
  if (!user.password.empty() && !user.password_hash.empty()) {
    return refuse(member_of(pointer, "password_hash"), "give password or password_hash, not both");
  }
  if (!user.password.empty()) {
    const std::size_t count = utf8_characters(user.password);
    if (count < password_characters_min || count > password_characters_max) {
      return refuse(member_of(pointer, "password"),
                    fmt::format("must have {} to {} characters", password_characters_min, password_characters_max));
    }
  }
  if (!user.password_hash.empty() && !Passwords::is_usable_hash(user.password_hash)) {
    return refuse(member_of(pointer, "password_hash"),
                  "must be an Argon2id hash as PHC text, at most 256 MiB, 8 passes");
  }
  return {};
}

}  // namespace

std::unexpected<Error> refuse(const std::string& pointer, std::string_view rule, ErrorKind kind) {
  return fail(kind, fmt::format("{}: {}", pointer, rule), {}, pointer);
}

std::string member_of(const std::string& pointer, std::string_view name) {
  return pointer.empty() ? std::string(name) : catalog::pointer_to(pointer, name);
}

Result<std::vector<UserEntry>> read_users(std::string_view users_json) {
  const auto tree = catalog::parse_json(users_json);
  if (!tree) return fail(tree);
  if (!tree->is_array()) return refuse("/users", "must be an array");
  FormCheck check;
  std::vector<UserEntry> entries;
  for (const JsonValue& item : tree->items) {
    entries.push_back(read_user(check, item, catalog::pointer_to("/users", entries.size())));
    if (check.first) return std::unexpected(std::move(*check.first));
    if (auto fine = check_user_fields(entries.back().user, entries.back().pointer); !fine) return fail(std::move(fine));
  }
  return entries;
}

std::string users_to_json(const std::vector<StoredUser>& users) {
  std::string text;
  JsonWriter out(text);
  out.begin_array();
  for (const StoredUser& row : users) {
    out.begin_object().field("id", row.user.id).field("name", row.user.name);
    out.field("password_hash", row.password_hash).field("org", row.user.org);
    out.key("roles").begin_array();
    for (const Grant& grant : row.user.grants) out.string(to_string(grant.role));
    out.end_array();
    if (!row.user.email.empty()) out.field("email", row.user.email);
    out.end_object();
  }
  out.end_array();
  return text;
}

Status check_user_fields(const NewUser& user, const std::string& pointer) {
  if (!user.id.empty() && !is_safe_id(user.id)) {
    return refuse(member_of(pointer, "id"), fmt::format("must be {}", safe_id_rule));
  }
  if (auto fine = check_text(user.name, member_of(pointer, "name")); !fine) return fine;
  if (auto fine = check_text(user.email, member_of(pointer, "email")); !fine) return fine;
  return check_secret(user, pointer);
}

}  // namespace meterport::identity
