#include "identity/app_tables.h"

#include <soci/soci.h>

#include "identity/tables.h"

namespace meterport::identity {

Result<std::vector<App>> load_apps(control::Store& store) {
  std::vector<App> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    App row;
    long long created = 0, revoked = 0;
    soci::statement rows =
        (sql.prepare << "SELECT app_id, name, org, created_us, revoked_us FROM access_apps", soci::into(row.id),
         soci::into(row.name), soci::into(row.org), soci::into(created), soci::into(revoked));
    rows.execute();
    while (rows.fetch()) {
      row.created = Instant{created};
      row.revoked = time_or_none(revoked);
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Result<std::vector<AppKey>> load_app_keys(control::Store& store) {
  std::vector<AppKey> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    AppKey row;
    std::string org, roles;
    long long created = 0, revoked = 0;
    soci::statement rows =
        (sql.prepare << "SELECT k.id, k.sealed_secret, k.name, k.app_id, k.user_id, a.org, k.roles, k.created_us, "
                        "k.revoked_us FROM access_keys k JOIN access_apps a ON a.app_id = k.app_id",
         soci::into(row.id), soci::into(row.secret), soci::into(row.name), soci::into(row.app_id),
         soci::into(row.user_id), soci::into(org), soci::into(roles), soci::into(created), soci::into(revoked));
    rows.execute();
    while (rows.fetch()) {
      row.grants = split_roles(roles, org);
      row.created = Instant{created};
      row.revoked = time_or_none(revoked);
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status insert_app_key(control::Store& store, const App* app, const AppKey& key) {
  return store.write([&](soci::session& sql) -> Status {
    const long long created = key.created.us;
    if (app != nullptr) {
      sql << "INSERT INTO access_apps (app_id, name, org, created_us) VALUES (:id, :name, :org, :created)",
          soci::use(app->id), soci::use(app->name), soci::use(app->org), soci::use(created);
    }
    const std::string roles = join_roles(key.grants);
    sql << "INSERT INTO access_keys (id, app_id, sealed_secret, name, user_id, roles, created_us) VALUES (:id, :app, "
           ":secret, :name, :user, :roles, :created)",
        soci::use(key.id), soci::use(key.app_id), soci::use(key.secret), soci::use(key.name), soci::use(key.user_id),
        soci::use(roles), soci::use(created);
    return {};
  });
}

Status revoke_app(control::Store& store, const std::string& id, Instant at) {
  return revoke_row(store, "access_apps", "app_id", id, at);
}

Status revoke_app_key(control::Store& store, const std::string& id, Instant at) {
  return revoke_row(store, "access_keys", "id", id, at);
}

}  // namespace meterport::identity
