// Private to identity: applications and their access keys in the control store (0090_access_keys.sql).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "control/store.h"
#include "model/principal.h"

namespace meterport::identity {

struct App {
  std::string id, name, org;
  Instant created;
  std::optional<Instant> revoked;
};

/// As it is in memory; its secret is stored sealed.
struct AppKey {
  std::string id, secret, name, app_id;
  std::string user_id;  ///< of the user it acts for; empty: none
  std::vector<Grant> grants;
  Instant created;
  std::optional<Instant> revoked;
};

Result<std::vector<App>> load_apps(control::Store& store);
/// Rows as stored: `secret` holds the sealed text. Their grants are on the application's org.
Result<std::vector<AppKey>> load_app_keys(control::Store& store);
/// Both or neither; `app` null: it is there.
Status insert_app_key(control::Store& store, const App* app, const AppKey& key);
Status revoke_app(control::Store& store, const std::string& id, Instant at);
Status revoke_app_key(control::Store& store, const std::string& id, Instant at);

}  // namespace meterport::identity
