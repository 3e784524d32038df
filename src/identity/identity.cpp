#include "identity/identity.h"

#include <thread>

#include "identity/keys.h"
#include "identity/sessions.h"
#include "identity/users.h"

namespace meterport::identity {
namespace {

constexpr std::size_t credential_bytes_max = 4 * 255;  // 255 characters, informatica.md 2.1

std::unexpected<Error> bad_credentials() {
  return fail(ErrorKind::bad_credentials, "user name or password is wrong");
}

class StoredIdentity final : public Identity {
 public:
  StoredIdentity(control::Store& control, catalog::Catalog& catalog, Clock& clock, Random& random, SecretHash hash,
                 SessionTimes times, std::unique_ptr<Passwords> passwords)
      : catalog_(catalog),
        clock_(clock),
        passwords_(std::move(passwords)),
        users_(control, catalog, clock, random, *passwords_),
        keys_(control, catalog, clock, random, hash),
        sessions_(control, clock, random, hash, times) {}

  Status load() {
    if (auto loaded = users_.load(); !loaded) return loaded;
    if (auto loaded = keys_.load(); !loaded) return loaded;
    return sessions_.load();
  }

  Result<User> create_user(const Principal& by, const NewUser& user) override {
    return after_change(users_.create(by, user));
  }
  Result<User> change_user(const Principal& by, const NewUser& user) override {
    return after_change(users_.change(by, user));
  }
  Status set_password(const Principal& by, std::string_view name, std::string_view password) override {
    auto changed = after_change(users_.set_password(by, name, password));
    if (!changed) return fail(std::move(changed));
    return {};
  }
  Result<std::vector<User>> users(const Principal& by) override {
    std::vector<User> out;
    for (const UserPtr& user : users_.of_admin(by)) out.push_back(user->user);
    return out;
  }
  Result<User> user_by_id(std::string_view id) override {
    const UserPtr user = users_.by_id(id);
    if (!user) return fail(ErrorKind::not_found, "no such user");
    return user->user;
  }

  Status check_users(const Principal& by, std::string_view users_json, const catalog::CatalogueFile& file) override {
    std::vector<std::string> new_orgs;
    const auto snapshot = catalog_.current();
    for (const Org& org : file.orgs) {
      if (!org.id.empty() && snapshot->org(org.id) == nullptr) new_orgs.push_back(org.id);
    }
    return users_.check_file(by, users_json, new_orgs);
  }
  Result<std::size_t> apply_users(const Principal& by, std::string_view users_json) override {
    auto changed = users_.apply_file(by, users_json);
    if (!changed) return fail(std::move(changed));
    for (const Users::Changed& one : *changed) {
      if (auto ended = end_sessions_of(one); !ended) return fail(std::move(ended));
    }
    return changed->size();
  }
  Result<std::string> export_users(const Principal& by) override {
    std::vector<StoredUser> rows;
    for (const UserPtr& user : users_.of_admin(by)) rows.push_back(*user);
    return users_to_json(rows);
  }

  Result<Session> login(std::string_view name, std::string_view password) override {
    auto user = check_credentials(name, password);
    if (!user) return fail(std::move(user));
    auto started = sessions_.start((*user)->user.id);
    if (!started) return fail(std::move(started));
    return Session{std::move(started->id), principal_of((*user)->user), started->expires};
  }
  Result<Principal> authenticate_session(std::string_view session_id) override {
    auto session = session_of(sessions_.use(session_id), session_id);
    if (!session) return fail(std::move(session));
    return std::move(session->principal);
  }
  Result<Session> look_at_session(std::string_view session_id) override {
    return session_of(sessions_.look(session_id), session_id);
  }
  Status logout(std::string_view session_id) override { return sessions_.end(session_id); }
  Status logout_all(std::string_view name, std::string_view password) override {
    auto user = check_credentials(name, password);
    if (!user) return fail(std::move(user));
    return sessions_.end_all_of((*user)->user.id);
  }

  Result<std::pair<ApiKey, std::string>> create_key(const Principal& by, const NewApiKey& key) override {
    return keys_.create(by, key);
  }
  Result<std::vector<ApiKey>> keys(const Principal& by) override { return keys_.of_admin(by); }
  Status revoke_key(const Principal& by, std::string_view id) override { return keys_.revoke(by, id); }
  Result<Principal> authenticate_bearer(std::string_view token) override {
    return Keys::looks_like_key(token) ? keys_.authenticate(token) : authenticate_session(token);
  }

 private:
  static Principal principal_of(const User& user) {
    Principal principal;
    principal.id = user.id;
    principal.name = user.name;
    principal.org = user.org;
    principal.grants = user.grants;
    return principal;
  }

  bool is_org_active(std::string_view id) const {
    const auto snapshot = catalog_.current();
    const Org* org = snapshot->org(id);
    return org != nullptr && org->status_on(day_of(clock_.now())) == OrgStatus::active;
  }

  /// Unknown user, wrong password and inactive org take one time and give one answer.
  Result<UserPtr> check_credentials(std::string_view name, std::string_view password) {
    if (name.size() > credential_bytes_max) name = {};
    if (password.size() > credential_bytes_max) password = {};
    const UserPtr user = users_.by_name(name);
    if (!user) {
      if (auto done = passwords_->pretend_to_match(password); !done) return fail(std::move(done));
      return bad_credentials();
    }
    auto matches = passwords_->matches(user->password_hash, password);
    if (!matches) return fail(std::move(matches));
    if (!*matches || !is_org_active(user->user.org)) return bad_credentials();
    return user;
  }

  Result<Session> session_of(Result<Sessions::Found> found, std::string_view id) {
    if (!found) return fail(std::move(found));
    const UserPtr user = users_.by_id(found->user_id);
    if (!user || !is_org_active(user->user.org)) {
      return fail(ErrorKind::unauthenticated, "the session is unknown or has expired: log in again");
    }
    return Session{std::string(id), principal_of(user->user), found->expires};
  }

  Status end_sessions_of(const Users::Changed& changed) {
    return changed.has_new_password ? sessions_.end_all_of(changed.user.id) : Status{};
  }
  Result<User> after_change(Result<Users::Changed> changed) {
    if (!changed) return fail(std::move(changed));
    if (auto ended = end_sessions_of(*changed); !ended) return fail(std::move(ended));
    return std::move(changed->user);
  }

  catalog::Catalog& catalog_;
  Clock& clock_;
  std::unique_ptr<Passwords> passwords_;
  Users users_;
  Keys keys_;
  Sessions sessions_;
};

Result<bool> has_secrets_to_lose(control::Store& control) {
  auto keys = load_keys(control);
  if (!keys) return fail(std::move(keys));
  return !keys->empty();
}

}  // namespace

Result<std::unique_ptr<Identity>> Identity::open(control::Store& control, catalog::Catalog& catalog, Clock& clock,
                                                 Random& random, const Settings& settings, std::string keys_folder,
                                                 FileSystem& files) {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  auto passwords =
      Passwords::create(password_places(cores, static_cast<int>(settings.number("http.blocking_threads"))));
  if (!passwords) return fail(std::move(passwords));
  auto has_secrets = has_secrets_to_lose(control);
  if (!has_secrets) return fail(std::move(has_secrets));
  auto hash = SecretHash::open(files, keys_folder, random, !*has_secrets);
  if (!hash) return fail(std::move(hash));
  const SessionTimes times{settings.number("sessions.idle_timeout"), settings.number("sessions.grace")};
  auto identity =
      std::make_unique<StoredIdentity>(control, catalog, clock, random, *hash, times, std::move(*passwords));
  if (auto loaded = identity->load(); !loaded) return fail(std::move(loaded));
  return identity;
}

}  // namespace meterport::identity
