#include "identity/app_keys.h"

#include <fmt/format.h>

#include <utility>

#include "base/ids.h"
#include "identity/user_rules.h"
#include "model/charge_item.h"

namespace meterport::identity {
namespace {

constexpr std::size_t app_id_length = 20;
constexpr std::size_t secret_length = 43;  // 256 bits

}  // namespace

Status AppKeys::load() {
  auto apps = load_apps(store_);
  if (!apps) return fail(std::move(apps));
  auto keys = load_app_keys(store_);
  if (!keys) return fail(std::move(keys));
  const std::unique_lock lock(mutex_);
  for (App& row : *apps) apps_.emplace(row.id, std::make_shared<const App>(row));
  for (AppKey& row : *keys) {
    auto secret = box_.open(row.secret, row.id);
    if (!secret) return fail(std::move(secret));
    row.secret = std::move(*secret);
    keys_.emplace(row.id, std::make_shared<const AppKey>(row));
  }
  return {};
}

AppPtr AppKeys::app(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = apps_.find(id);
  return it == apps_.end() ? nullptr : it->second;
}

AppKeyPtr AppKeys::key(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = keys_.find(id);
  return it == keys_.end() ? nullptr : it->second;
}

UserPtr AppKeys::user_of(const AppKey& key, const App& app) const {
  UserPtr user = users_.by_id(key.user_id);
  return user && catalog_.current()->covers(user->user.org, app.org) ? user : nullptr;
}

Result<AppPtr> AppKeys::app_for(const NewAccessKey& key) const {
  if (key.app_id.empty()) {
    App made;
    made.id = make_base62(random_, app_id_length);
    made.name = key.name;
    made.org = key.org;
    made.created = clock_.now();
    return std::make_shared<const App>(std::move(made));
  }
  AppPtr found = app(key.app_id);
  if (!found || found->org != key.org) return refuse("app_id", "is none of an application of this org");
  if (found->revoked) return refuse("app_id", "is revoked");
  return found;
}

/// A key's reports are told to its user: he must be at home in the org or above it, and the caller's to speak for.
Result<std::string> AppKeys::user_id_for(const Principal& by, const NewAccessKey& key) const {
  const auto snapshot = catalog_.current();
  const UserPtr user = key.user.empty() ? users_.by_id(by.id) : users_.by_name(key.user);
  const bool is_at_home = user && snapshot->covers(user->user.org, key.org);
  if (key.user.empty()) return is_at_home ? user->user.id : std::string();
  const bool is_callers = user && (user->user.id == by.id || snapshot->allows(by, Role::admin, user->user.org));
  if (is_at_home && is_callers) return user->user.id;
  return refuse("user", "must name yourself or a user you administer, of the key's org or an org above it");
}

Result<AccessKey> AppKeys::create(const Principal& by, const NewAccessKey& wanted) {
  NewAccessKey key = wanted;
  if (key.roles.empty()) key.roles = {Role::exporter};
  const auto snapshot = catalog_.current();
  if (auto fine = check_new_key(*snapshot, by, key.name, key.org, key.roles); !fine) return fail(std::move(fine));
  if (realm_of(*snapshot->org(key.org)).empty()) {
    return refuse("org", fmt::format("\"{}\" is no realm, which has 5 to 30 of A-Z a-z 0-9 - _: set its ids.here_realm "
                                     "first",
                                     key.org));
  }
  auto user_id = user_id_for(by, key);
  if (!user_id) return fail(std::move(user_id));
  const std::lock_guard lock(change_mutex_);
  auto app = app_for(key);
  if (!app) return fail(std::move(app));
  AppKey row;
  row.id = make_id22(random_);
  row.secret = make_base62(random_, secret_length);
  row.name = key.name.empty() ? row.id : key.name;
  row.app_id = (*app)->id;
  row.user_id = std::move(*user_id);
  row.grants = grants_of(key.roles, key.org);
  row.created = clock_.now();
  if (auto stored = store(key.app_id.empty() ? app->get() : nullptr, row); !stored) return fail(std::move(stored));
  return AccessKey{api_key_of(row, **app), row.secret};
}

ApiKey AppKeys::api_key_of(const AppKey& key, const App& app) const {
  ApiKey out;
  out.id = key.id;
  out.name = key.name;
  out.org = app.org;
  out.grants = key.grants;
  out.created = key.created;
  out.revoked = key.revoked ? key.revoked : app.revoked;
  out.kind = KeyKind::here;
  out.app_id = app.id;
  const auto snapshot = catalog_.current();
  if (const Org* org = snapshot->org(app.org)) out.realm = realm_of(*org);
  if (const UserPtr user = user_of(key, app)) out.user = user->user.name;
  return out;
}

Status AppKeys::store(const App* new_app, const AppKey& key) {
  AppKey sealed = key;
  sealed.secret = box_.seal(key.secret, key.id);
  if (auto stored = insert_app_key(store_, new_app, sealed); !stored) return stored;
  const std::unique_lock lock(mutex_);
  if (new_app != nullptr) apps_.emplace(new_app->id, std::make_shared<const App>(*new_app));
  keys_.emplace(key.id, std::make_shared<const AppKey>(key));
  return {};
}

std::vector<ApiKey> AppKeys::of_admin(const Principal& by) const {
  const auto snapshot = catalog_.current();
  std::vector<ApiKey> out;
  const std::shared_lock lock(mutex_);
  for (const auto& [id, key] : keys_) {
    const App& app = *apps_.find(key->app_id)->second;
    if (snapshot->allows(by, Role::admin, app.org)) out.push_back(api_key_of(*key, app));
  }
  return out;
}

Result<Revoked> AppKeys::revoke(const Principal& by, std::string_view id) {
  const std::lock_guard lock(change_mutex_);
  const AppKeyPtr found = key(id);
  const AppPtr owner = app(found ? std::string_view(found->app_id) : id);
  if (!owner || !catalog_.current()->allows(by, Role::admin, owner->org)) {
    return fail(ErrorKind::not_found, "no such key");
  }
  return found ? revoke_key(*found, owner->org) : revoke_app(*owner);
}

Result<Revoked> AppKeys::revoke_app(const App& app) {
  Revoked result{app.org, AuditEvent::application_revoked, !app.revoked};
  if (app.revoked) return result;
  App revoked = app;
  revoked.revoked = clock_.now();
  if (auto stored = identity::revoke_app(store_, revoked.id, *revoked.revoked); !stored) {
    return fail(std::move(stored));
  }
  const std::unique_lock lock(mutex_);
  apps_.insert_or_assign(revoked.id, std::make_shared<const App>(revoked));
  return result;
}

Result<Revoked> AppKeys::revoke_key(const AppKey& key, const std::string& org) {
  Revoked result{org, AuditEvent::key_revoked, !key.revoked};
  if (key.revoked) return result;
  AppKey revoked = key;
  revoked.revoked = clock_.now();
  if (auto stored = revoke_app_key(store_, revoked.id, *revoked.revoked); !stored) return fail(std::move(stored));
  const std::unique_lock lock(mutex_);
  keys_.insert_or_assign(revoked.id, std::make_shared<const AppKey>(revoked));
  return result;
}

}  // namespace meterport::identity
