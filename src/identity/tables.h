// Private to identity: its rows of users, sessions and API keys in the control store (0020_identity.sql).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/store.h"
#include "identity/identity.h"

namespace meterport::identity {

struct StoredUser {
  User user;
  std::string password_hash;
};

struct StoredKey {
  ApiKey key;
  std::string secret_hash;
};

struct StoredSession {
  std::string id_hash, user_id;
  Instant last_used;
};

Result<std::vector<StoredUser>> load_users(control::Store& store);
/// Inserts or updates by id, all or none. conflict: another user has the name.
Status save_users(control::Store& store, const std::vector<StoredUser>& users);

Result<std::vector<StoredKey>> load_keys(control::Store& store);
Status save_key(control::Store& store, const StoredKey& key);

Result<std::vector<StoredSession>> load_sessions(control::Store& store);
Status insert_session(control::Store& store, const StoredSession& session);
/// Updates those that are still there: a session that was ended meanwhile stays ended.
Status touch_sessions(control::Store& store, const std::vector<StoredSession>& sessions);
Status delete_sessions(control::Store& store, const std::vector<std::string>& id_hashes);

/// The revoked_us of a row: 0 stands for none.
std::optional<Instant> time_or_none(long long us);
/// Sets revoked_us; table and column are words of the code, never of a caller.
Status revoke_row(control::Store& store, const std::string& table, const std::string& key_column,
                  const std::string& key, Instant at);

/// A-Z to lower case: names are compared like this.
std::string name_key(std::string_view name);
std::vector<Grant> grants_of(const std::vector<Role>& roles, const std::string& org);
std::vector<Role> roles_of(const std::vector<Grant>& grants);
/// As the tables hold roles: words joined by commas.
std::string join_roles(const std::vector<Grant>& grants);
std::vector<Grant> split_roles(std::string_view words, const std::string& org);

}  // namespace meterport::identity
