#include "identity/identity.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <tuple>

#include "base/log.h"
#include "identity/app_check.h"
#include "identity/app_keys.h"
#include "identity/applications.h"
#include "identity/audit.h"
#include "identity/keys.h"
#include "identity/sessions.h"
#include "identity/signature_check.h"
#include "identity/users.h"

namespace meterport::identity {
namespace {

constexpr std::size_t credential_bytes_max = 4 * 255;  // 255 characters, informatica.md 2.1

std::unexpected<Error> bad_credentials() {
  return fail(ErrorKind::bad_credentials, "user name or password is wrong");
}

/// An entry of what the principal did.
AuditEntry entry_by(const Principal& by, AuditEvent event, std::string org, std::string subject) {
  AuditEntry entry;
  entry.event = event;
  entry.org = std::move(org);
  entry.principal = by.name;
  entry.principal_id = by.id;
  entry.subject = std::move(subject);
  return entry;
}

std::string role_words(const std::vector<Grant>& grants) {
  return "roles " + join_roles(grants);
}

class StoredIdentity final : public Identity {
 public:
  StoredIdentity(control::Store& control, catalog::Catalog& catalog, Clock& clock, Random& random, SecretHash hash,
                 SessionTimes times, std::int64_t audit_retention_s, std::unique_ptr<Passwords> passwords)
      : catalog_(catalog),
        clock_(clock),
        audit_(control, clock, audit_retention_s),
        passwords_(std::move(passwords)),
        users_(control, catalog, clock, random, *passwords_),
        keys_(control, catalog, clock, random, hash),
        applications_(control, catalog, clock, random, hash),
        app_keys_(control, catalog, clock, random, hash, users_),
        nonces_(control, clock, hash),
        signatures_(catalog, clock, applications_, nonces_, audit_),
        apps_(catalog, clock, app_keys_, nonces_, audit_, hash),
        sessions_(control, clock, random, hash, times) {}

  Status load() {
    if (auto loaded = audit_.load(); !loaded) return loaded;
    if (auto loaded = users_.load(); !loaded) return loaded;
    if (auto loaded = keys_.load(); !loaded) return loaded;
    if (auto loaded = applications_.load(); !loaded) return loaded;
    if (auto loaded = app_keys_.load(); !loaded) return loaded;
    return sessions_.load();
  }

  Result<User> create_user(const Principal& by, const NewUser& user) override {
    return after_change(by, users_.create(by, user));
  }
  Result<User> change_user(const Principal& by, const NewUser& user) override {
    return after_change(by, users_.change(by, user));
  }
  Status set_password(const Principal& by, std::string_view name, std::string_view password) override {
    auto changed = users_.set_password(by, name, password);
    if (!changed) return fail(std::move(changed));
    audit_.add(entry_by(by, AuditEvent::password_changed, changed->user.org, changed->user.name));
    return end_sessions_of(*changed);
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
      audit_change(by, one);
      if (auto ended = end_sessions_of(one); !ended) return fail(std::move(ended));
    }
    return changed->size();
  }
  Result<std::string> export_users(const Principal& by) override {
    std::vector<StoredUser> rows;
    for (const UserPtr& user : users_.of_admin(by)) rows.push_back(*user);
    return users_to_json(rows);
  }

  Result<Session> login(std::string_view name, std::string_view password, std::string_view peer) override {
    auto user = check_credentials(name, password, peer);
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
  Status logout_all(std::string_view name, std::string_view password, std::string_view peer) override {
    auto user = check_credentials(name, password, peer);
    if (!user) return fail(std::move(user));
    return sessions_.end_all_of((*user)->user.id);
  }

  Result<Principal> authenticate_password(std::string_view name, std::string_view password, std::string_view org,
                                          std::string_view peer) override {
    auto user = check_credentials(name, password, peer, org);
    if (!user) return fail(std::move(user));
    return principal_of((*user)->user);
  }

  Result<std::pair<ApiKey, std::string>> create_key(const Principal& by, const NewApiKey& key) override {
    auto made = keys_.create(by, key);
    if (!made) return made;
    audit_new_key(by, AuditEvent::key_created, made->first, {});
    return made;
  }
  Result<SignedKey> create_signed_key(const Principal& by, const NewSignedKey& key) override {
    auto made = applications_.create(by, key);
    if (!made) return made;
    audit_new_key(by, AuditEvent::token_created, made->key, key.consumer_key.empty() ? made->key.consumer_key : "");
    return made;
  }
  Result<AccessKey> create_access_key(const Principal& by, const NewAccessKey& key) override {
    auto made = app_keys_.create(by, key);
    if (!made) return made;
    audit_new_key(by, AuditEvent::key_created, made->key, key.app_id.empty() ? made->key.app_id : "");
    return made;
  }
  Result<std::vector<ApiKey>> keys(const Principal& by) override {
    std::vector<ApiKey> out = keys_.of_admin(by);
    std::ranges::move(applications_.of_admin(by), std::back_inserter(out));
    std::ranges::move(app_keys_.of_admin(by), std::back_inserter(out));
    std::ranges::sort(out, {}, [](const ApiKey& key) { return std::tie(key.created, key.id); });
    return out;
  }
  Status revoke_key(const Principal& by, std::string_view id) override {
    auto revoked = keys_.revoke(by, id);
    if (!revoked && revoked.error().kind == ErrorKind::not_found) revoked = applications_.revoke(by, id);
    if (!revoked && revoked.error().kind == ErrorKind::not_found) revoked = app_keys_.revoke(by, id);
    if (!revoked) return fail(std::move(revoked));
    if (revoked->is_change) audit_.add(entry_by(by, revoked->event, revoked->org, std::string(id)));
    return {};
  }
  Result<Principal> authenticate_bearer(std::string_view token) override {
    return Keys::looks_like_key(token) ? keys_.authenticate(token) : authenticate_session(token);
  }
  Result<Principal> authenticate_signed(const SignedRequest& request, const SignatureRules& rules) override {
    return signatures_.check(request, rules);
  }
  Result<SigningApp> authenticate_app(const SignedRequest& request, const oauth1::Parameters& form) override {
    return apps_.check(request, form);
  }
  Result<SigningApp> authenticate_app_secret(std::string_view access_key_id, std::string_view secret,
                                             std::string_view peer, std::string_view request_id) override {
    SignedRequest request;
    request.peer = peer;
    request.request_id = request_id;
    return apps_.check_secret(access_key_id, secret, request);
  }
  Result<std::string> issue_access_token(const SigningApp& app, std::int64_t lifetime_s,
                                         std::string_view project) override {
    return apps_.issue(app, lifetime_s, project);
  }
  Result<TokenCaller> authenticate_access_token(std::string_view token) override { return apps_.caller_of(token); }
  void note_refused(const Principal* caller, std::string_view cause, std::string_view peer,
                    std::string_view request_id) override {
    const Principal nobody;
    const Principal& who = caller == nullptr ? nobody : *caller;
    log::info("call refused", {{"cause", cause}, {"caller", who.id}, {"peer", peer}, {"request", request_id}});
    AuditEntry entry = entry_by(who, AuditEvent::call_refused, who.org, who.id);
    entry.peer = peer;
    entry.detail = cause;
    audit_.add(std::move(entry));
  }
  Result<AuditPage> audit_trail(const Principal& by, const AuditQuery& query) override;

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

  /// Whose entries the principal may see; none: all.
  std::optional<std::vector<std::string>> orgs_to_audit(const Principal& by) const {
    if (by.is_server_itself) return std::nullopt;
    std::vector<std::string> orgs;
    const auto snapshot = catalog_.current();
    for (const Org* org : snapshot->orgs()) {
      if (snapshot->allows(by, Role::admin, org->id)) orgs.push_back(org->id);
    }
    if (is_operator(by)) orgs.emplace_back();
    return orgs;
  }

  /// A name that no user has is not kept: it may be a password in the wrong field.
  std::unexpected<Error> refuse_login(const UserPtr& user, std::string_view peer, std::string cause) {
    AuditEntry entry;
    entry.event = AuditEvent::login_refused;
    if (user) {
      entry.org = user->user.org;
      entry.principal = entry.subject = user->user.name;
      entry.principal_id = user->user.id;
    }
    log::info("log-in refused", {{"cause", cause}, {"user", entry.principal_id}, {"peer", peer}});
    entry.peer = peer;
    entry.detail = std::move(cause);
    audit_.add(std::move(entry));
    return bad_credentials();
  }

  /// Unknown user, wrong password and inactive org take one time and give one answer.
  Result<UserPtr> check_credentials(std::string_view name, std::string_view password, std::string_view peer,
                                    std::string_view mail_org = {}) {
    if (name.size() > credential_bytes_max) name = {};
    if (password.size() > credential_bytes_max) password = {};
    UserPtr user = users_.by_name(name);
    if (!user && !mail_org.empty()) user = users_.by_mail(name, mail_org);
    if (!user) {
      if (auto done = passwords_->pretend_to_match(password); !done) return fail(std::move(done));
      return refuse_login(user, peer, "unknown_user");
    }
    auto matches = passwords_->matches(user->password_hash, password);
    if (!matches) return fail(std::move(matches));
    if (!*matches) return refuse_login(user, peer, "wrong_password");
    if (!is_org_active(user->user.org)) return refuse_login(user, peer, "org_not_active");
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
  /// `new_application`: the id of the one that was made with the key; empty: none was.
  void audit_new_key(const Principal& by, AuditEvent event, const ApiKey& key, const std::string& new_application) {
    if (!new_application.empty()) {
      audit_.add(entry_by(by, AuditEvent::application_created, key.org, new_application));
    }
    AuditEntry entry = entry_by(by, event, key.org, key.id);
    entry.detail = role_words(key.grants) + (key.user.empty() ? "" : ", for user " + key.user);
    audit_.add(std::move(entry));
  }
  void audit_change(const Principal& by, const Users::Changed& changed) {
    if (!changed.is_change) return;
    const User& user = changed.user;
    const AuditEvent event = changed.is_new ? AuditEvent::user_created : AuditEvent::user_changed;
    AuditEntry entry = entry_by(by, event, user.org, user.name);
    entry.detail = role_words(user.grants) + (changed.has_new_password && !changed.is_new ? ", new password" : "");
    audit_.add(std::move(entry));
  }
  Result<User> after_change(const Principal& by, Result<Users::Changed> changed) {
    if (!changed) return fail(std::move(changed));
    audit_change(by, *changed);
    if (auto ended = end_sessions_of(*changed); !ended) return fail(std::move(ended));
    return std::move(changed->user);
  }

  catalog::Catalog& catalog_;
  Clock& clock_;
  Audit audit_;  ///< before those that tell it something
  std::unique_ptr<Passwords> passwords_;
  Users users_;
  Keys keys_;
  Applications applications_;
  AppKeys app_keys_;
  Nonces nonces_;
  SignatureCheck signatures_;
  AppCheck apps_;
  Sessions sessions_;
};

Result<AuditPage> StoredIdentity::audit_trail(const Principal& by, const AuditQuery& query) {
  Audit::Filter filter;
  filter.orgs = orgs_to_audit(by);
  if (!query.event.empty()) {
    filter.event = parse_audit_event(query.event);
    if (!filter.event) return refuse("event", "must be one of " + audit_event_names());
  }
  if (!query.page_token.empty()) {
    const char* end = query.page_token.data() + query.page_token.size();
    const auto read = std::from_chars(query.page_token.data(), end, filter.before);
    if (read.ec != std::errc() || read.ptr != end || filter.before == 0) {
      return refuse("page_token", "is none of this list");
    }
  }
  filter.count_max = query.page_size + 1;
  auto entries = audit_.latest(filter);
  if (!entries) return fail(std::move(entries));
  AuditPage page{std::move(*entries), {}};
  if (page.entries.size() > query.page_size) {
    page.entries.resize(query.page_size);
    page.next_page_token = std::to_string(page.entries.back().number);
  }
  return page;
}

Result<bool> has_secrets_to_lose(control::Store& control) {
  auto keys = load_keys(control);
  if (!keys) return fail(std::move(keys));
  auto applications = load_applications(control);
  if (!applications) return fail(std::move(applications));
  auto apps = load_apps(control);
  if (!apps) return fail(std::move(apps));
  return !keys->empty() || !applications->empty() || !apps->empty();
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
  auto identity = std::make_unique<StoredIdentity>(control, catalog, clock, random, *hash, times,
                                                   settings.number("audit.retention"), std::move(*passwords));
  if (auto loaded = identity->load(); !loaded) return fail(std::move(loaded));
  return identity;
}

}  // namespace meterport::identity
