// Private to identity: applications of an org with the access keys under them, which sign token requests of the HERE
// wire; all in memory, written through. Ids are base62 of the vendor's lengths: 20 an app id, 22 an access key id.
// Thread-safe; changes come one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "identity/app_tables.h"
#include "identity/keys.h"
#include "identity/secret_box.h"
#include "identity/users.h"

namespace meterport::identity {

using AppPtr = std::shared_ptr<const App>;
using AppKeyPtr = std::shared_ptr<const AppKey>;

class AppKeys {
 public:
  AppKeys(control::Store& store, catalog::Catalog& catalog, Clock& clock, Random& random, const SecretHash& hash,
          const Users& users)
      : store_(store), catalog_(catalog), clock_(clock), random_(random), box_(hash, random), users_(users) {}

  /// store_unavailable: a secret does not open.
  Status load();
  Result<AccessKey> create(const Principal& by, const NewAccessKey& key);
  [[nodiscard]] std::vector<ApiKey> of_admin(const Principal& by) const;
  /// By access key id or app id.
  Result<Revoked> revoke(const Principal& by, std::string_view id);

  // Null: none. Revoked ones too.
  [[nodiscard]] AppPtr app(std::string_view id) const;
  [[nodiscard]] AppKeyPtr key(std::string_view id) const;
  /// Whom the key acts for, as he is now; null: nobody, or he is no longer at home in the app's org or above it.
  [[nodiscard]] UserPtr user_of(const AppKey& key, const App& app) const;

 private:
  [[nodiscard]] Result<AppPtr> app_for(const NewAccessKey& key) const;
  [[nodiscard]] Result<std::string> user_id_for(const Principal& by, const NewAccessKey& key) const;
  [[nodiscard]] ApiKey api_key_of(const AppKey& key, const App& app) const;
  Status store(const App* new_app, const AppKey& key);
  Result<Revoked> revoke_app(const App& app);
  Result<Revoked> revoke_key(const AppKey& key, const std::string& org);

  control::Store& store_;
  catalog::Catalog& catalog_;
  Clock& clock_;
  Random& random_;
  const SecretBox box_;
  const Users& users_;

  std::mutex change_mutex_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, AppPtr, std::less<>> apps_;
  std::map<std::string, AppKeyPtr, std::less<>> keys_;
};

}  // namespace meterport::identity
