#include "identity/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/ids.h"
#include "base/json_writer.h"
#include "identity/user_rules.h"
#include "model/usage_record.h"

namespace meterport::identity {
namespace {

constexpr std::string_view prefix = "mp_";
constexpr std::size_t id_length = 22;
constexpr std::size_t source_bytes_max = 1024;
constexpr std::size_t name_bytes_max = 255;

Status check_source(const std::string& source) {
  if (source.size() > source_bytes_max || !is_utf8(source)) {
    return refuse("source", fmt::format("must be UTF-8 text of at most {} bytes", source_bytes_max));
  }
  // crosswalk 1.1: these belong to other wires.
  if (is_reserved_source(source)) {
    return refuse("source", "\"netsuite\" and names beginning \"openmeter:\" are kept for those wires");
  }
  return {};
}

}  // namespace

std::string_view to_string(KeyKind kind) {
  switch (kind) {
    case KeyKind::netsuite:
      return "netsuite";
    case KeyKind::here:
      return "here";
    case KeyKind::meterport:
      break;
  }
  return "meterport";
}

Status Keys::load() {
  auto rows = load_keys(store_);
  if (!rows) return fail(std::move(rows));
  const std::unique_lock lock(mutex_);
  for (StoredKey& row : *rows) by_id_.emplace(row.key.id, std::make_shared<const StoredKey>(row));
  return {};
}

Keys::KeyPtr Keys::find(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

Status Keys::store(StoredKey row) {
  if (auto saved = save_key(store_, row); !saved) return saved;
  const std::unique_lock lock(mutex_);
  by_id_.insert_or_assign(row.key.id, std::make_shared<const StoredKey>(row));
  return {};
}

Status check_new_key(const catalog::Snapshot& catalogue, const Principal& by, const std::string& name,
                     const std::string& org, const std::vector<Role>& roles) {
  if (name.size() > name_bytes_max || !is_utf8(name)) {
    return refuse("name", fmt::format("must be UTF-8 text of at most {} bytes", name_bytes_max));
  }
  if (roles.empty()) return refuse("roles", "must hold at least one role");
  if (catalogue.org(org) == nullptr || !catalogue.may_know(by, org)) {
    return refuse("org", fmt::format("no org \"{}\"", org));
  }
  if (!catalogue.allows(by, Role::admin, org)) {
    return refuse("org", fmt::format("needs the role admin on org \"{}\"", org), ErrorKind::forbidden);
  }
  const bool gives_operator = std::ranges::find(roles, Role::operator_) != roles.end();
  if (gives_operator && !is_operator(by)) return refuse("roles", operator_rule, ErrorKind::forbidden);
  return {};
}

Result<std::pair<ApiKey, std::string>> Keys::create(const Principal& by, const NewApiKey& key) {
  // The name, so that a key of the same name that replaces this one counts nothing twice.
  const std::string& source = key.source.empty() ? key.name : key.source;
  if (auto fine = check_source(source); !fine) return fail(std::move(fine));
  if (auto fine = check_new_key(*catalog_.current(), by, key.name, key.org, key.roles); !fine) {
    return fail(std::move(fine));
  }
  StoredKey row;
  row.key.id = make_id22(random_);
  row.key.name = key.name.empty() ? row.key.id : key.name;
  row.key.org = key.org;
  row.key.source = source.empty() ? row.key.id : source;
  row.key.grants = grants_of(key.roles, key.org);
  row.key.created = clock_.now();
  const std::string token = std::string(prefix) + row.key.id + make_secret(random_);
  row.secret_hash = hash_.of(token);
  ApiKey made = row.key;
  if (auto stored = store(std::move(row)); !stored) return fail(std::move(stored));
  return std::pair(std::move(made), token);
}

std::vector<ApiKey> Keys::of_admin(const Principal& by) const {
  const auto snapshot = catalog_.current();
  std::vector<ApiKey> out;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [id, row] : by_id_) {
      if (snapshot->allows(by, Role::admin, row->key.org)) out.push_back(row->key);
    }
  }
  return out;
}

Result<Revoked> Keys::revoke(const Principal& by, std::string_view id) {
  const KeyPtr row = find(id);
  if (!row || !catalog_.current()->allows(by, Role::admin, row->key.org)) {
    return fail(ErrorKind::not_found, "no such key");
  }
  Revoked result{row->key.org, AuditEvent::key_revoked, !row->key.revoked};
  if (row->key.revoked) return result;
  StoredKey revoked = *row;
  revoked.key.revoked = clock_.now();
  if (auto stored = store(std::move(revoked)); !stored) return fail(std::move(stored));
  return result;
}

Result<Principal> Keys::authenticate(std::string_view token) const {
  const auto refused = [] { return fail(ErrorKind::unauthenticated, "the API key is unknown or revoked"); };
  if (!looks_like_key(token) || token.size() <= prefix.size() + id_length) return refused();
  const KeyPtr row = find(token.substr(prefix.size(), id_length));
  if (!row || !equal_constant_time(hash_.of(token), row->secret_hash) || row->key.revoked) return refused();
  // A disabled org goes on sending usage; a deleted one does not (crosswalk 2.2 status).
  const auto snapshot = catalog_.current();
  const Org* org = snapshot->org(row->key.org);
  if (org == nullptr || org->status_on(day_of(clock_.now())) == OrgStatus::deleted) return refused();
  Principal principal;
  principal.id = row->key.id;
  principal.name = row->key.name;
  principal.org = row->key.org;
  principal.grants = row->key.grants;
  principal.default_source = row->key.source;
  return principal;
}

}  // namespace meterport::identity
