#include <gtest/gtest.h>

#include "base/log.h"
#include "identity/access_tokens.h"
#include "identity/test_identity.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;
using ledger::error_of;

constexpr std::string_view public_url = "https://account.api.here.com/oauth2/token";

/// What a client of the wire knows and sends; every member can be spoilt.
struct AppClient {
  AppClient(const AccessKey& key, Instant now)
      : key_id(key.key.id), secret(key.secret), timestamp(std::to_string(now.us / Instant::us_per_second)) {}

  [[nodiscard]] std::string header() const {
    oauth1::Header fields;
    fields.fields = {{"oauth_consumer_key", key_id},
                     {"oauth_nonce", nonce},
                     {"oauth_timestamp", timestamp},
                     {"oauth_signature_method", method},
                     {"oauth_version", version}};
    fields.fields.insert(fields.fields.begin(), more.begin(), more.end());
    oauth1::Parameters parameters = query;
    parameters.insert(parameters.end(), form.begin(), form.end());
    const std::string base = oauth1::base_string("POST", *oauth1::normalized_url(signed_url),
                                                 oauth1::normalized_parameters(fields, parameters));
    const auto known = oauth1::parse_signature_method(method);
    fields.fields.emplace_back(
        "oauth_signature", oauth1::signature(known.value_or(oauth1::SignatureMethod::hmac_sha256), base, secret, {}));
    std::string out;
    for (const auto& [name, value] : fields.fields) {
      out += (out.empty() ? "OAuth " : separator) + name + "=\"" + oauth1::encode(value) + "\"";
    }
    return out;
  }

  std::string key_id, secret, timestamp;
  std::string nonce = "nonce-0001", method = "HMAC-SHA256", version = "1.0", separator = ", ";
  std::string signed_url = "http://127.0.0.1:8080/oauth2/token";
  oauth1::Parameters query, form = {{"grant_type", "client_credentials"}};
  oauth1::Parameters more;  ///< further fields, before the others
};

class AppCheckTest : public WithIdentity {
 protected:
  void SetUp() override {
    WithIdentity::SetUp();
    log::set_level(log::Level::warning);  // each refusal is told at info
    key = must_create_key({.name = "robot", .org = "a"});
  }
  AccessKey must_create_key(const NewAccessKey& wanted, const Principal& by = server_principal()) {
    auto made = identity->create_access_key(by, wanted);
    EXPECT_TRUE(made) << error_of(made);
    return made.value_or(AccessKey{});
  }
  [[nodiscard]] AppClient client() const { return {key, ledger.clock.now()}; }
  /// As a server at 127.0.0.1:8080 gets it.
  Result<SigningApp> send(const std::string& header, const AppClient& sent) {
    SignedRequest request;
    request.authorization = header;
    request.method = "POST";
    request.urls = {"http://127.0.0.1:8080/oauth2/token", std::string(public_url)};
    request.query = &sent.query;
    request.body = "is not looked at";
    request.peer = "192.0.2.7";
    request.request_id = "request-1";
    return identity->authenticate_app(request, sent.form);
  }
  Result<SigningApp> send(const AppClient& sent) { return send(sent.header(), sent); }
  template <class T>
  static std::string outcome(const Result<T>& result) {
    if (result) return "accepted";
    return std::string(to_string(result.error().kind)) + " " + result.error().detail;
  }
  /// A fresh request with one thing changed.
  template <class Change>
  std::string with(Change change) {
    AppClient changed = client();
    changed.nonce = "nonce-" + std::to_string(++count);
    change(changed);
    return outcome(send(changed));
  }
  std::string with_nothing_changed() {
    return with([](AppClient&) {});
  }
  std::string must_issue(std::int64_t lifetime_s = 3'600, std::string_view project = {}) {
    const auto token = identity->issue_access_token({key.key.id, key.key.app_id, key.key.org}, lifetime_s, project);
    EXPECT_TRUE(token) << error_of(token);
    return token.value_or(std::string());
  }
  std::string outcome_of(std::string_view token) { return outcome(identity->authenticate_access_token(token)); }
  void must_create_user(const std::string& name, const std::string& org, Role role = Role::viewer) {
    NewUser user;
    user.name = name;
    user.password = "correct horse";
    user.org = org;
    user.email = name + "@a.example";
    user.roles = {role};
    const auto made = identity->create_user(server_principal(), user);
    ASSERT_TRUE(made) << error_of(made);
  }
  Principal logged_in(const std::string& name) {
    const auto session = identity->login(name, "correct horse");
    EXPECT_TRUE(session) << error_of(session);
    return session ? session->principal : Principal{};
  }
  std::vector<AuditEntry> audited(const std::string& event, const Principal& by = server_principal()) {
    const auto page = identity->audit_trail(by, {.event = event});
    EXPECT_TRUE(page) << error_of(page);
    return page ? page->entries : std::vector<AuditEntry>{};
  }

  AccessKey key;
  int count = 1'000;
};

TEST_F(AppCheckTest, AnAppSigns) {
  EXPECT_EQ(key.key.id.size(), 22u);
  EXPECT_EQ(key.key.app_id.size(), 20u);
  EXPECT_GE(key.secret.size(), 43u);
  EXPECT_EQ(key.key.realm, "realm-a");
  ASSERT_EQ(key.key.grants.size(), 1u);
  EXPECT_EQ(key.key.grants.front().role, Role::exporter) << "the default";
  const auto app = send(client());
  ASSERT_TRUE(app) << error_of(app);
  EXPECT_EQ(app->access_key_id, key.key.id);
  EXPECT_EQ(app->app_id, key.key.app_id);
  EXPECT_EQ(app->org, "a");
}

TEST_F(AppCheckTest, H03_FieldsInAnyOrderWithOrWithoutBlanks) {
  EXPECT_EQ(with([](AppClient& c) { c.separator = ","; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.separator = ",   "; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.more = {{"realm", "IntraPlatform"}}; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.more = {{"realm", ""}, {"oauth_token", ""}}; }), "accepted");
  AppClient sent = client();
  EXPECT_EQ(outcome(send(sent.header() + ",oauth_token=\"\"", sent)), "unauthenticated bad_signature")
      << "not signed with";
  std::string header = sent.header();
  const std::size_t first_end = header.find(", ");
  header = "oauth " + header.substr(first_end + 2) + "," + header.substr(6, first_end - 6);
  EXPECT_EQ(outcome(send(header, sent)), "accepted") << "the first field is the last";
}

TEST_F(AppCheckTest, H04_QueryAndFormAreSigned) {
  EXPECT_EQ(with([](AppClient& c) { c.query = {{"sentWith", "OLP-TS-SDK-1.2.3"}}; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.form = {}; }), "accepted") << "a JSON body";
  EXPECT_EQ(with([](AppClient& c) { c.form.emplace_back("scope", "hrn:here:authorization::r:project/a b+c"); }),
            "accepted");
  for (int i = 0; i < 3; ++i) {
    AppClient sent = client();
    const std::string header = sent.header();
    if (i == 0) sent.query.emplace_back("sentWith", "me");
    if (i == 1) sent.form.emplace_back("expires_in", "9");
    if (i == 2) sent.form.front().second = "other";
    EXPECT_EQ(outcome(send(header, sent)), "unauthenticated bad_signature") << i;
  }
}

TEST_F(AppCheckTest, H05_AnyOfTheUrls) {
  EXPECT_EQ(with([](AppClient& c) { c.signed_url = public_url; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.signed_url = "HTTPS://Account.api.here.com:443/oauth2/token?x=y"; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.signed_url = "https://elsewhere.example/oauth2/token"; }),
            "unauthenticated bad_signature");
}

TEST_F(AppCheckTest, H06_TheCauseOfARefusalIsItsDetail) {
  const AppClient sent = client();
  const std::string good = sent.header();
  for (const char* none : {"", "Basic YTpi", "Bearer h1.x.y", "OAuthish x=\"y\""}) {
    EXPECT_EQ(outcome(send(none, sent)), "unauthenticated no_authorization") << none;
  }
  for (const std::string& bad :
       {std::string("OAuth"), std::string("OAuth "), std::string("OAuth oauth_version=\"1.0\""),
        good + ", oauth_version=\"1.0\"", good + ",", good.substr(0, good.size() - 1)}) {
    EXPECT_EQ(outcome(send(bad, sent)), "malformed malformed_header") << bad;
  }
  for (const char* name : {"oauth_consumer_key", "oauth_nonce", "oauth_timestamp", "oauth_version"}) {
    std::string without = good;
    without.replace(without.find(name), 7, "other_x");
    EXPECT_EQ(outcome(send(without, sent)), "malformed malformed_header") << name;
  }
  EXPECT_EQ(with([](AppClient& c) { c.nonce = ""; }), "malformed malformed_header");
  EXPECT_EQ(with([](AppClient& c) { c.nonce = "12345"; }), "malformed malformed_header");
  EXPECT_EQ(with([](AppClient& c) { c.nonce = "/ä+="; }), "malformed malformed_header") << "5 bytes";
  EXPECT_EQ(with([](AppClient& c) { c.nonce = "/ä+=%&"; }), "accepted");
  EXPECT_EQ(with([](AppClient& c) { c.nonce = "1700000000123"; }), "accepted") << "milliseconds";
  EXPECT_EQ(with([](AppClient& c) { c.version = "2.0"; }), "malformed version");
  for (const char* method : {"HMAC-SHA1", "PLAINTEXT", "hmac-sha256"}) {
    EXPECT_EQ(with([&](AppClient& c) { c.method = method; }), "malformed signature_method") << method;
  }
  EXPECT_EQ(with([](AppClient& c) { c.timestamp = "soon"; }), "malformed timestamp");
  EXPECT_EQ(with([](AppClient& c) { c.secret = "x"; }), "unauthenticated bad_signature");
  EXPECT_EQ(outcome(send(good, sent)), "accepted") << "none of those used it up";
  EXPECT_EQ(outcome(send(good, sent)), "unauthenticated nonce_used");
}

TEST_F(AppCheckTest, TheClockMayBeFiveMinutesOff) {
  const auto off = [&](std::int64_t seconds) {
    return with([&](AppClient& c) { c.timestamp = std::to_string(std::stoll(c.timestamp) + seconds); });
  };
  for (const int sign : {1, -1}) {
    EXPECT_EQ(off(sign * 299), "accepted");
    EXPECT_EQ(off(sign * 301), "unauthenticated timestamp");
  }
}

TEST_F(AppCheckTest, TheFirstCheckThatFailsIsTheCause) {
  // Everything is wrong; one by one it is put right, last check last.
  ASSERT_TRUE(identity->revoke_key(server_principal(), key.key.id));
  AppClient sent = client();
  const auto next = [&] { return outcome(send(sent)); };
  sent.version = "2.0";
  sent.method = "HMAC-SHA1";
  sent.key_id = "nobody";
  sent.timestamp = "1";
  sent.secret = "x";
  EXPECT_EQ(next(), "malformed version");
  sent.version = "1.0";
  EXPECT_EQ(next(), "malformed signature_method");
  sent.method = "HMAC-SHA256";
  EXPECT_EQ(next(), "unauthenticated unknown_key");
  sent.key_id = key.key.app_id;
  EXPECT_EQ(next(), "unauthenticated app_id_as_key");
  sent.key_id = key.key.id;
  EXPECT_EQ(next(), "unauthenticated key_disabled");
  const AccessKey of_b = must_create_key({.name = "robot", .org = "b"});
  sent.key_id = of_b.key.id;
  set_status_of_b("disabled");
  EXPECT_EQ(next(), "unauthenticated app_not_active");
  set_status_of_b("active");
  EXPECT_EQ(next(), "unauthenticated timestamp");
  sent.timestamp = client().timestamp;
  EXPECT_EQ(next(), "unauthenticated bad_signature");
  sent.secret = of_b.secret;
  EXPECT_EQ(next(), "accepted");
  EXPECT_EQ(next(), "unauthenticated nonce_used");
}

TEST_F(AppCheckTest, ANonceCountsOnceAKeyAlsoOverARestart) {
  const AppClient sent = client();
  const std::string header = sent.header();
  EXPECT_EQ(outcome(send(header, sent)), "accepted");
  identity.reset();
  restart();
  open_identity();
  EXPECT_EQ(outcome(send(header, sent)), "unauthenticated nonce_used");
  const AccessKey other = must_create_key({.name = "second", .org = "a", .app_id = key.key.app_id});
  AppClient of_other(other, ledger.clock.now());
  of_other.nonce = sent.nonce;
  EXPECT_EQ(outcome(send(of_other)), "accepted") << "the same nonce of another key";
}

TEST_F(AppCheckTest, ThereIsNoLockOut) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(with([](AppClient& c) { c.secret = "x"; }), "unauthenticated bad_signature");
  }
  EXPECT_EQ(with_nothing_changed(), "accepted");
}

TEST_F(AppCheckTest, ASecretThatIsSentPlainly) {
  const auto sent = [&](std::string_view id, std::string_view secret) {
    return outcome(identity->authenticate_app_secret(id, secret, "192.0.2.7", "request-1"));
  };
  EXPECT_EQ(sent(key.key.id, key.secret), "accepted");
  EXPECT_EQ(sent(key.key.id, key.secret), "accepted") << "as often as one likes";
  EXPECT_EQ(sent(key.key.id, key.secret + "x"), "unauthenticated bad_signature");
  EXPECT_EQ(sent(key.key.id, ""), "unauthenticated bad_signature");
  EXPECT_EQ(sent(key.key.app_id, key.secret), "unauthenticated app_id_as_key");
  EXPECT_EQ(sent("", key.secret), "unauthenticated unknown_key");
  ASSERT_TRUE(identity->revoke_key(server_principal(), key.key.id));
  EXPECT_EQ(sent(key.key.id, key.secret), "unauthenticated key_disabled");
}

TEST_F(AppCheckTest, ATokenSaysWhoIsCalling) {
  must_create_user("ana", "a");
  key = must_create_key({.name = "robot", .org = "a", .roles = {Role::exporter, Role::viewer}, .user = "ana"});
  const std::string token = must_issue();
  EXPECT_TRUE(token.starts_with("h1."));
  auto caller = identity->authenticate_access_token(token);
  ASSERT_TRUE(caller) << error_of(caller);
  EXPECT_EQ(caller->principal.id, key.key.id);
  EXPECT_EQ(caller->principal.name, "ana");
  EXPECT_EQ(caller->principal.org, "a");
  EXPECT_EQ(caller->principal.project, "");
  EXPECT_TRUE(now()->allows(caller->principal, Role::exporter, "a-sub"));
  EXPECT_FALSE(now()->allows(caller->principal, Role::ingester, "a"));
  EXPECT_EQ(caller->app_id, key.key.app_id);
  EXPECT_EQ(caller->realm, "realm-a");
  EXPECT_EQ(caller->user_name, "ana");
  EXPECT_EQ(caller->email, "ana@a.example");
  EXPECT_EQ(caller->expires, ledger.clock.now().plus_seconds(3'600));
  EXPECT_EQ(outcome(identity->authenticate_bearer(token)), "unauthenticated ") << "of this wire only";

  NewUser change;
  change.name = "ana";
  change.email = "new@a.example";
  ASSERT_TRUE(identity->change_user(server_principal(), change));
  caller = identity->authenticate_access_token(token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->email, "new@a.example") << "as it is now";

  key = must_create_key({.name = "lone", .org = "a"});
  caller = identity->authenticate_access_token(must_issue(60, "hrn:here:authorization::realm-a:project/x\ny"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->principal.name, "lone");
  EXPECT_EQ(caller->user_name, "");
  EXPECT_EQ(caller->email, "");
  EXPECT_EQ(caller->principal.project, "hrn:here:authorization::realm-a:project/x\ny");
}

TEST_F(AppCheckTest, ATokenEndsInTime) {
  const std::string token = must_issue(60);
  const std::string longest = must_issue(999'999);
  advance_s(59);
  EXPECT_EQ(outcome_of(token), "accepted");
  advance_s(1);
  EXPECT_EQ(outcome_of(token), "unauthenticated token_expired");
  advance_s(86'400 - 61);
  EXPECT_EQ(outcome_of(longest), "accepted");
  advance_s(1);
  EXPECT_EQ(outcome_of(longest), "unauthenticated token_expired") << "a day is the most";
  const SigningApp app{key.key.id, key.key.app_id, "a"};
  EXPECT_EQ(outcome(identity->issue_access_token(app, 0, {})), "invalid ");
  EXPECT_EQ(outcome(identity->issue_access_token(app, 60, std::string(2'000, 'p'))), "invalid ");
}

TEST_F(AppCheckTest, ATokenEndsWithItsKeyItsAppAndItsOrg) {
  const std::string token = must_issue();
  const AccessKey first = key;
  key = must_create_key({.name = "sister", .org = "a", .app_id = first.key.app_id});
  const std::string token_of_sister = must_issue();
  ASSERT_TRUE(identity->revoke_key(principal_with(Role::admin, "a"), first.key.id));
  EXPECT_EQ(outcome_of(token), "unauthenticated token_revoked");
  EXPECT_EQ(outcome_of(token_of_sister), "accepted");
  ASSERT_TRUE(identity->revoke_key(principal_with(Role::admin, "a"), key.key.app_id));
  EXPECT_EQ(outcome_of(token_of_sister), "unauthenticated token_revoked");
  EXPECT_EQ(with_nothing_changed(), "unauthenticated app_not_active");
  EXPECT_EQ(outcome(identity->issue_access_token({key.key.id, key.key.app_id, "a"}, 60, {})),
            "unauthenticated app_not_active");
  open_identity();
  EXPECT_EQ(outcome_of(token_of_sister), "unauthenticated token_revoked") << "after a restart too";

  key = must_create_key({.name = "robot", .org = "b"});
  const std::string token_of_b = must_issue();
  for (const char* status : {"disabled", "deleted"}) {
    set_status_of_b(status);
    EXPECT_EQ(outcome_of(token_of_b), "unauthenticated token_revoked") << status;
    EXPECT_EQ(with_nothing_changed(), "unauthenticated app_not_active") << status;
  }
}

TEST_F(AppCheckTest, ATokenHoldsOverARestart) {
  const std::string token = must_issue();
  identity.reset();
  restart();
  open_identity();
  EXPECT_EQ(outcome_of(token), "accepted");
  EXPECT_EQ(with_nothing_changed(), "accepted") << "and so does the key";
}

TEST_F(AppCheckTest, ATokenThatWasChangedAnywhereIsNone) {
  const std::string token = must_issue(3'600, "hrn:here:authorization::realm-a:project/p");
  ASSERT_EQ(outcome_of(token), "accepted");
  const std::string refused = "unauthenticated token_malformed";
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'B', '.', '=', '\0', '\n', static_cast<char>(token[i] ^ 1)}) {
      std::string changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_EQ(outcome_of(changed), refused) << i;
    }
    EXPECT_EQ(outcome_of(token.substr(0, i)), refused) << i;
    EXPECT_EQ(outcome_of(token.substr(i + 1)), refused) << i;
  }
  for (const std::string& text :
       {token + "=", token + " ", token + ".", "h2" + token.substr(2), std::string("h1."), std::string("h1.."),
        std::string("h1"), std::string(100'000, 'x'), "h1." + std::string(5'000, 'A') + ".AAAA"}) {
    EXPECT_EQ(outcome_of(text), refused) << text.substr(0, 100);
  }
}

TEST_F(AppCheckTest, TokensOfAnotherServerAreNone) {
  const auto claims = [&] {
    return TokenClaims{key.key.id, ledger.clock.now(), ledger.clock.now().plus_seconds(9), {}};
  };
  auto foreign = SecretHash::open(files, ledger.folder / "other-keys", *random, true);
  ASSERT_TRUE(foreign);
  EXPECT_EQ(outcome_of(AccessTokens(*foreign).write(claims())), "unauthenticated token_malformed");
  auto own = SecretHash::open(files, ledger.folder / "keys", *random, false);
  ASSERT_TRUE(own);
  const AccessTokens tokens(*own);
  EXPECT_EQ(outcome_of(tokens.write(claims())), "accepted");
  auto of_nobody = claims();
  of_nobody.key_id = "nobody";
  EXPECT_EQ(outcome_of(tokens.write(of_nobody)), "unauthenticated token_revoked");
  EXPECT_LT(tokens.write({key.key.id, {}, {}, std::string(1'024, 'p')}).size(), AccessTokens::bytes_max);
}

TEST_F(AppCheckTest, WhoMayMakeKeysAndWhere) {
  const NewAccessKey wanted{.name = "robot", .org = "a"};
  const auto field_of = [&](const Principal& by, const NewAccessKey& new_key) {
    const auto made = identity->create_access_key(by, new_key);
    return made ? std::string("accepted") : made.error().field;
  };
  EXPECT_EQ(field_of(principal_with(Role::admin, "a"), wanted), "accepted");
  EXPECT_EQ(identity->create_access_key(principal_with(Role::exporter, "a"), wanted).error().kind,
            ErrorKind::forbidden);
  EXPECT_EQ(identity->create_access_key(principal_with(Role::admin, "b"), wanted).error().text, "org: no org \"a\"");
  EXPECT_EQ(field_of(principal_with(Role::admin, "a"), {.name = "x", .org = "a", .roles = {Role::operator_}}), "roles");
  EXPECT_EQ(field_of(server_principal(), {.name = "x", .org = "a-sub"}), "accepted") << "its id is a realm";
  must_import(R"({"orgs":[{"id":"c","kind":"production","name":"C"}]})");
  const auto no_realm = identity->create_access_key(server_principal(), {.name = "x", .org = "c"});
  ASSERT_FALSE(no_realm);
  EXPECT_EQ(no_realm.error().field, "org");
  EXPECT_NE(no_realm.error().text.find("ids.here_realm"), std::string::npos);
  EXPECT_EQ(field_of(server_principal(), {.name = "x", .org = "b", .app_id = key.key.app_id}), "app_id");
  EXPECT_EQ(field_of(server_principal(), {.name = "x", .org = "a", .app_id = "none"}), "app_id");
  ASSERT_TRUE(identity->revoke_key(server_principal(), key.key.app_id));
  EXPECT_EQ(field_of(server_principal(), {.name = "x", .org = "a", .app_id = key.key.app_id}), "app_id");
}

TEST_F(AppCheckTest, WhomAKeyMayActFor) {
  must_create_user("top", "a", Role::admin);
  must_create_user("ben", "a");
  must_create_user("low", "a-sub", Role::admin);
  must_create_user("bob", "b");
  const auto user_of = [&](const Principal& by, const std::string& org, const std::string& user) {
    const auto made = identity->create_access_key(by, {.name = "x", .org = org, .user = user});
    return made ? "for " + made->key.user : made.error().field + " refused";
  };
  const Principal top = logged_in("top"), low = logged_in("low");
  EXPECT_EQ(user_of(top, "a", ""), "for top") << "the caller";
  EXPECT_EQ(user_of(top, "a-sub", ""), "for top");
  EXPECT_EQ(user_of(top, "a-sub", "ben"), "for ben") << "of an org above";
  EXPECT_EQ(user_of(top, "a", "low"), "user refused") << "of an org below";
  EXPECT_EQ(user_of(top, "a", "bob"), "user refused");
  EXPECT_EQ(user_of(top, "a", "nobody"), "user refused");
  EXPECT_EQ(user_of(low, "a-sub", "ben"), "user refused") << "whom he does not administer";
  EXPECT_EQ(user_of(low, "a-sub", "low"), "for low");
  EXPECT_EQ(user_of(server_principal(), "b", "bob"), "for bob");
  key = must_create_key({.name = "x", .org = "b", .user = "bob"});
  NewUser moved;
  moved.name = "bob";
  moved.org = "a";
  ASSERT_TRUE(identity->change_user(server_principal(), moved));
  EXPECT_EQ(identity->authenticate_access_token(must_issue())->user_name, "") << "he left";
  EXPECT_EQ(user_of(server_principal(), "b", ""), "for ");
}

TEST_F(AppCheckTest, KeysAreListedAndRevokedInTheirScope) {
  advance_s(1);
  const AccessKey sister = must_create_key({.name = "sister", .org = "a", .app_id = key.key.app_id});
  EXPECT_EQ(sister.key.app_id, key.key.app_id);
  EXPECT_NE(sister.secret, key.secret);
  const auto listed = [&](const char* org) { return *identity->keys(principal_with(Role::admin, org)); };
  ASSERT_EQ(listed("a").size(), 2u);
  const ApiKey first = listed("a").front();
  EXPECT_EQ(first.id, key.key.id);
  EXPECT_EQ(first.kind, KeyKind::here);
  EXPECT_EQ(to_string(first.kind), "here");
  EXPECT_EQ(first.name, "robot");
  EXPECT_EQ(first.app_id, key.key.app_id);
  EXPECT_EQ(first.realm, "realm-a");
  EXPECT_TRUE(listed("b").empty());
  for (const std::string& id : {key.key.id, key.key.app_id}) {
    EXPECT_EQ(identity->revoke_key(principal_with(Role::admin, "b"), id).error().kind, ErrorKind::not_found);
  }
  ASSERT_TRUE(identity->revoke_key(principal_with(Role::admin, "a"), key.key.app_id));
  ASSERT_TRUE(identity->revoke_key(principal_with(Role::admin, "a"), key.key.app_id)) << "again changes nothing";
  for (const ApiKey& one : listed("a")) EXPECT_TRUE(one.revoked);
  EXPECT_EQ(audited("application_revoked").size(), 1u);
}

TEST_F(AppCheckTest, TheAuditTrailTellsOfKeysAndRefusals) {
  const auto made = audited("key_created"), app_made = audited("application_created");
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made.front().subject, key.key.id);
  EXPECT_EQ(made.front().detail, "roles exporter");
  ASSERT_EQ(app_made.size(), 1u);
  EXPECT_EQ(app_made.front().subject, key.key.app_id);
  must_create_user("ana", "a");
  must_create_key({.name = "x", .org = "a", .app_id = key.key.app_id, .user = "ana"});
  EXPECT_EQ(audited("key_created").front().detail, "roles exporter, for user ana");
  EXPECT_EQ(audited("application_created").size(), 1u);

  with([](AppClient& c) { c.secret = "x"; });
  with([&](AppClient& c) { c.key_id = key.key.app_id; });
  with([](AppClient& c) { c.key_id = "nobody"; });
  const auto all = audited("signature_refused");
  const auto of_a = audited("signature_refused", principal_with(Role::admin, "a"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.front().detail, "unknown_key");
  EXPECT_EQ(all.front().org, "") << "nobody's";
  ASSERT_EQ(of_a.size(), 2u);
  EXPECT_EQ(of_a.front().detail, "app_id_as_key");
  EXPECT_EQ(of_a.front().subject, key.key.app_id);
  EXPECT_EQ(of_a.back().detail, "bad_signature");
  EXPECT_EQ(of_a.back().principal, "robot");
  EXPECT_EQ(of_a.back().principal_id, key.key.id);
  EXPECT_EQ(of_a.back().peer, "192.0.2.7");
  ASSERT_TRUE(identity->revoke_key(server_principal(), key.key.id));
  EXPECT_EQ(audited("key_revoked").front().subject, key.key.id);
}

TEST_F(AppCheckTest, SecretsAreSealedAndALostKeyIsToldNotReplaced) {
  must_issue();
  identity.reset();
  catalog.reset();
  store.reset();
  for (const char* name : {"control.sqlite", "control.sqlite-wal"}) {
    const auto bytes = read_file(system_files(), ledger.folder / name);
    if (bytes) EXPECT_EQ(bytes->find(key.secret), std::string::npos);
  }
  open();
  ASSERT_TRUE(files.remove(ledger.folder / "keys/identity-secret"));
  const auto missing = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("restore"), std::string::npos);
}

}  // namespace
}  // namespace meterport::identity
