#include "identity/tables.h"

#include <soci/soci.h>

#include <algorithm>

namespace meterport::identity {

std::optional<Instant> time_or_none(long long us) {
  return us == 0 ? std::nullopt : std::optional(Instant{us});
}

Status revoke_row(control::Store& store, const std::string& table, const std::string& key_column,
                  const std::string& key, Instant at) {
  return store.write([&](soci::session& sql) -> Status {
    const long long revoked = at.us;
    sql << "UPDATE " + table + " SET revoked_us = :at WHERE " + key_column + " = :key", soci::use(revoked),
        soci::use(key);
    return {};
  });
}

std::string name_key(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<Grant> grants_of(const std::vector<Role>& roles, const std::string& org) {
  std::vector<Grant> grants;
  for (const Role role : roles) {
    if (std::ranges::find(grants, role, &Grant::role) == grants.end()) grants.push_back({role, org});
  }
  std::ranges::sort(grants, {}, &Grant::role);
  return grants;
}

std::vector<Role> roles_of(const std::vector<Grant>& grants) {
  std::vector<Role> roles;
  for (const Grant& grant : grants) roles.push_back(grant.role);
  return roles;
}

std::string join_roles(const std::vector<Grant>& grants) {
  std::string out;
  for (const Role role : roles_of(grants)) {
    if (!out.empty()) out += ',';
    out += to_string(role);
  }
  return out;
}

std::vector<Grant> split_roles(std::string_view words, const std::string& org) {
  std::vector<Role> roles;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(','), words.size());
    if (const auto role = parse_role(words.substr(0, end))) roles.push_back(*role);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return grants_of(roles, org);
}

Result<std::vector<StoredUser>> load_users(control::Store& store) {
  std::vector<StoredUser> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    StoredUser row;
    std::string roles;
    long long created = 0, updated = 0;
    soci::statement rows =
        (sql.prepare << "SELECT id, name, password_hash, org, roles, email, created_us, updated_us FROM users",
         soci::into(row.user.id), soci::into(row.user.name), soci::into(row.password_hash), soci::into(row.user.org),
         soci::into(roles), soci::into(row.user.email), soci::into(created), soci::into(updated));
    rows.execute();
    while (rows.fetch()) {
      row.user.grants = split_roles(roles, row.user.org);
      row.user.created = Instant{created};
      row.user.updated = Instant{updated};
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status save_users(control::Store& store, const std::vector<StoredUser>& users) {
  return store.write([&](soci::session& sql) -> Status {
    for (const StoredUser& row : users) {
      const std::string key = name_key(row.user.name), roles = join_roles(row.user.grants);
      const long long created = row.user.created.us, updated = row.user.updated.us;
      int taken = 0;
      sql << "SELECT COUNT(*) FROM users WHERE name_key = :key AND id <> :id", soci::use(key), soci::use(row.user.id),
          soci::into(taken);
      if (taken != 0) return fail(ErrorKind::conflict, "name: is taken by another user", {}, "name");
      sql << "INSERT INTO users (id, name, name_key, password_hash, org, roles, email, created_us, updated_us) "
             "VALUES (:id, :name, :key, :hash, :org, :roles, :email, :created, :updated) "
             "ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, "
             "password_hash = excluded.password_hash, org = excluded.org, roles = excluded.roles, "
             "email = excluded.email, updated_us = excluded.updated_us",
          soci::use(row.user.id), soci::use(row.user.name), soci::use(key), soci::use(row.password_hash),
          soci::use(row.user.org), soci::use(roles), soci::use(row.user.email), soci::use(created), soci::use(updated);
    }
    return {};
  });
}

Result<std::vector<StoredKey>> load_keys(control::Store& store) {
  std::vector<StoredKey> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    StoredKey row;
    std::string roles;
    long long created = 0, revoked = 0;
    soci::statement rows =
        (sql.prepare << "SELECT id, secret_hash, name, org, source, roles, created_us, revoked_us FROM api_keys",
         soci::into(row.key.id), soci::into(row.secret_hash), soci::into(row.key.name), soci::into(row.key.org),
         soci::into(row.key.source), soci::into(roles), soci::into(created), soci::into(revoked));
    rows.execute();
    while (rows.fetch()) {
      row.key.grants = split_roles(roles, row.key.org);
      row.key.created = Instant{created};
      row.key.revoked = time_or_none(revoked);
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status save_key(control::Store& store, const StoredKey& row) {
  return store.write([&](soci::session& sql) -> Status {
    const std::string roles = join_roles(row.key.grants);
    const long long created = row.key.created.us, revoked = row.key.revoked ? row.key.revoked->us : 0;
    sql << "INSERT INTO api_keys (id, secret_hash, name, org, source, roles, created_us, revoked_us) "
           "VALUES (:id, :hash, :name, :org, :source, :roles, :created, :revoked) "
           "ON CONFLICT (id) DO UPDATE SET revoked_us = excluded.revoked_us",
        soci::use(row.key.id), soci::use(row.secret_hash), soci::use(row.key.name), soci::use(row.key.org),
        soci::use(row.key.source), soci::use(roles), soci::use(created), soci::use(revoked);
    return {};
  });
}

Result<std::vector<StoredSession>> load_sessions(control::Store& store) {
  std::vector<StoredSession> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    StoredSession row;
    long long last_used = 0;
    soci::statement rows = (sql.prepare << "SELECT id_hash, user_id, last_used_us FROM sessions",
                            soci::into(row.id_hash), soci::into(row.user_id), soci::into(last_used));
    rows.execute();
    while (rows.fetch()) {
      row.last_used = Instant{last_used};
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status insert_session(control::Store& store, const StoredSession& row) {
  return store.write([&](soci::session& sql) -> Status {
    const long long last_used = row.last_used.us;
    sql << "INSERT INTO sessions (id_hash, user_id, last_used_us) VALUES (:hash, :user, :used)", soci::use(row.id_hash),
        soci::use(row.user_id), soci::use(last_used);
    return {};
  });
}

Status touch_sessions(control::Store& store, const std::vector<StoredSession>& sessions) {
  if (sessions.empty()) return {};
  return store.write([&](soci::session& sql) -> Status {
    for (const StoredSession& row : sessions) {
      const long long last_used = row.last_used.us;
      sql << "UPDATE sessions SET last_used_us = :used WHERE id_hash = :hash", soci::use(last_used),
          soci::use(row.id_hash);
    }
    return {};
  });
}

Status delete_sessions(control::Store& store, const std::vector<std::string>& id_hashes) {
  if (id_hashes.empty()) return {};
  return store.write([&](soci::session& sql) -> Status {
    for (const std::string& hash : id_hashes) sql << "DELETE FROM sessions WHERE id_hash = :hash", soci::use(hash);
    return {};
  });
}

}  // namespace meterport::identity
