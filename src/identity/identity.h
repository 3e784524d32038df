// Users, sessions, keys, signed requests, audit trail. Secrets are stored hashed (Argon2id for passwords, keyed hash
// for API keys and session ids) or, where a signature needs them, sealed; compared in constant time, and never logged.
// What is not the caller's answers like what does not exist.
//
// Names are unique ignoring case (A-Z). A password has 8 to 255 characters; a new one ends the user's sessions.
// not_found and forbidden: a user or key outside the caller's scope does not exist for him; making one in an org he may
// know without being its admin is forbidden. The role operator is server-wide: only the server itself or an operator
// gives it, or sets the password of a user who has it (but he himself does).
//
// Thread-safe. What takes a password takes tens of milliseconds by design: call it off the I/O threads.
// authenticate_session, authenticate_bearer, authenticate_access_token, and authenticate_signed without a body are
// cheap (cached) and may run anywhere; authenticate_signed with a body and authenticate_app wait for the control store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "control/store.h"
#include "identity/access_key.h"
#include "identity/api_key.h"
#include "identity/audit_entry.h"
#include "identity/oauth1.h"
#include "identity/signed_request.h"
#include "model/principal.h"

namespace meterport::identity {

struct User {
  std::string id, name, org, email;
  std::vector<Grant> grants;
  Instant created, updated;
};

struct NewUser {
  std::string id;  ///< empty: generated
  std::string name, password, password_hash, org, email;
  std::vector<Role> roles;  ///< on `org` and what is under it
};

struct Session {
  std::string id;  ///< 22 base62, given to the client once
  Principal principal;
  Instant expires;
};

class Identity {
 public:
  static Result<std::unique_ptr<Identity>> open(control::Store& control, catalog::Catalog& catalog, Clock& clock,
                                                Random& random, const Settings& settings, std::string keys_folder,
                                                FileSystem& files);
  virtual ~Identity() = default;

  // Users. Admin on the user's org is needed; not_found for users outside the caller's scope.
  virtual Result<User> create_user(const Principal& by, const NewUser& user) = 0;
  /// The user of that id, or without an id of that name; empty fields stay.
  virtual Result<User> change_user(const Principal& by, const NewUser& user) = 0;
  /// By an admin of the user's org, or the user himself.
  virtual Status set_password(const Principal& by, std::string_view name, std::string_view password) = 0;
  virtual Result<std::vector<User>> users(const Principal& by) = 0;  ///< by name
  virtual Result<User> user_by_id(std::string_view id) = 0;
  /// The catalogue file's `users` array: checked whole, then applied whole (pointer in Error::field).
  virtual Status check_users(const Principal& by, std::string_view users_json, const catalog::CatalogueFile& file) = 0;
  virtual Result<std::size_t> apply_users(const Principal& by, std::string_view users_json) = 0;
  virtual Result<std::string> export_users(const Principal& by) = 0;  ///< JSON array, password_hash, no passwords

  // Sessions (informatica.md 2.4): sliding idle timeout, ended by logout.
  /// bad_credentials for an unknown user, a wrong password, a disabled or deleted org: one text, one duration.
  /// `peer`: the caller's address, for the audit trail.
  virtual Result<Session> login(std::string_view name, std::string_view password, std::string_view peer = {}) = 0;
  /// unauthenticated: unknown or expired, or its org no longer active. Extends the session.
  virtual Result<Principal> authenticate_session(std::string_view session_id) = 0;
  /// The same without extending it (validSessionId).
  virtual Result<Session> look_at_session(std::string_view session_id) = 0;
  /// unauthenticated: unknown or expired.
  virtual Status logout(std::string_view session_id) = 0;
  /// Ends all sessions of the user; errors as login().
  virtual Status logout_all(std::string_view name, std::string_view password, std::string_view peer = {}) = 0;
  /// User name and password without a session (NLAuth); errors as login(). In place of the name also the mail address
  /// that only one user with a right on `org` has.
  virtual Result<Principal> authenticate_password(std::string_view name, std::string_view password,
                                                  std::string_view org, std::string_view peer) = 0;

  // Keys; their secrets are shown once.
  virtual Result<std::pair<ApiKey, std::string>> create_key(const Principal& by, const NewApiKey& key) = 0;
  /// `invalid` also for an org without ids.netsuite_account and an application that is not the org's.
  virtual Result<SignedKey> create_signed_key(const Principal& by, const NewSignedKey& key) = 0;
  /// `invalid` also for an org that is no realm, an application that is not the org's, a user it can't act for.
  virtual Result<AccessKey> create_access_key(const Principal& by, const NewAccessKey& key) = 0;
  virtual Result<std::vector<ApiKey>> keys(const Principal& by) = 0;  ///< of every kind, oldest first
  /// By key id, token id, access key id, or consumer key or app id: that ends the application with all its keys.
  virtual Status revoke_key(const Principal& by, std::string_view id) = 0;
  /// An API key or a session id, as after "Bearer ".
  virtual Result<Principal> authenticate_bearer(std::string_view token) = 0;
  /// netsuite.md 6.1, TBA. unauthenticated or malformed, one text each; the detail is the cause's word ("nonce_used"),
  /// which otherwise only the log and the audit trail have.
  virtual Result<Principal> authenticate_signed(const SignedRequest& request, const SignatureRules& rules) = 0;

  /// here.md 5: a token request. unauthenticated or malformed, whose detail is the cause's word: "no_authorization",
  /// "malformed_header", "timestamp", "signature_method", "version", "nonce_used", "unknown_key", "app_id_as_key",
  /// "key_disabled", "app_not_active" (it is revoked, or its org disabled or deleted), "bad_signature". The body must
  /// be there: a good request's nonce is remembered. `form`: the body's fields when it is a form: they are signed.
  virtual Result<SigningApp> authenticate_app(const SignedRequest& request, const oauth1::Parameters& form) = 0;
  /// Key id and secret sent plainly (only where a setting allows it): causes as above.
  virtual Result<SigningApp> authenticate_app_secret(std::string_view access_key_id, std::string_view secret,
                                                     std::string_view peer, std::string_view request_id) = 0;
  /// A token of the app for at most `lifetime_s` (1 and up; a day is the most). Causes as above if the app's key has
  /// ended meanwhile. `project`: an HRN of a project, the token then sees that one alone.
  virtual Result<std::string> issue_access_token(const SigningApp& app, std::int64_t lifetime_s,
                                                 std::string_view project) = 0;
  /// unauthenticated, whose detail is the cause's word: "token_malformed", "token_expired", "token_revoked" (key or
  /// application ended, org not active). Cheap, never waits.
  virtual Result<TokenCaller> authenticate_access_token(std::string_view token) = 0;

  /// For dialects whose answer does not tell why: log and audit trail get the cause, one word ("permission_denied").
  /// `caller`: who it is, if that is known.
  virtual void note_refused(const Principal* caller, std::string_view cause, std::string_view peer,
                            std::string_view request_id) = 0;

  /// What happened in the orgs the caller is admin of; what belongs to no org is for operators.
  virtual Result<AuditPage> audit_trail(const Principal& by, const AuditQuery& query) = 0;
};

}  // namespace meterport::identity
