// Private to identity: API keys, all in memory, written through. A key is "mp_", its id (22 base62) and its secret (40
// base62); what is stored is the keyed hash of the whole. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "identity/secret_hash.h"
#include "identity/tables.h"

namespace meterport::identity {

/// What a key of any kind must keep to: its name, its org and who may make one there, its roles.
Status check_new_key(const catalog::Snapshot& catalogue, const Principal& by, const std::string& name,
                     const std::string& org, const std::vector<Role>& roles);

struct Revoked {
  std::string org;
  AuditEvent event = AuditEvent::key_revoked;
  bool is_change = true;  ///< false: it was revoked before
};

class Keys {
 public:
  Keys(control::Store& store, catalog::Catalog& catalog, Clock& clock, Random& random, SecretHash hash)
      : store_(store), catalog_(catalog), clock_(clock), random_(random), hash_(hash) {}

  Status load();
  Result<std::pair<ApiKey, std::string>> create(const Principal& by, const NewApiKey& key);
  [[nodiscard]] std::vector<ApiKey> of_admin(const Principal& by) const;
  Result<Revoked> revoke(const Principal& by, std::string_view id);
  Result<Principal> authenticate(std::string_view token) const;
  static bool looks_like_key(std::string_view token) { return token.starts_with("mp_"); }

 private:
  using KeyPtr = std::shared_ptr<const StoredKey>;
  [[nodiscard]] KeyPtr find(std::string_view id) const;
  Status store(StoredKey row);

  control::Store& store_;
  catalog::Catalog& catalog_;
  Clock& clock_;
  Random& random_;
  const SecretHash hash_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, KeyPtr, std::less<>> by_id_;
};

}  // namespace meterport::identity
