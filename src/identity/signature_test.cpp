#include <gtest/gtest.h>

#include "base/log.h"
#include "identity/nonces.h"
#include "identity/test_identity.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;
using ledger::error_of;

constexpr std::string_view json_body = R"({"method":"sbCreateUsage"})";

class SignatureTest : public WithIdentity {
 protected:
  void SetUp() override {
    WithIdentity::SetUp();
    log::set_level(log::Level::warning);  // each refusal is told at info
    key = must_create_token();
  }
  [[nodiscard]] Client client() const { return Client(key, ledger.clock.now()); }
  /// As a server at 127.0.0.1:8080 gets it.
  Result<Principal> send(const std::string& header, const Client& sent,
                         std::optional<std::string_view> body = json_body, SignatureRules rules = {}) {
    SignedRequest request;
    request.authorization = header;
    request.method = "POST";
    request.urls = {"https://public.example.com/app/site/hosting/restlet.nl",
                    "http://127.0.0.1:8080/app/site/hosting/restlet.nl"};
    request.query = &sent.query;
    request.body = body;
    request.peer = "192.0.2.7";
    request.request_id = "request-1";
    return identity->authenticate_signed(request, rules);
  }
  Result<Principal> send(const Client& sent) { return send(sent.header(), sent); }
  /// "unauthenticated nonce_used", or "accepted".
  static std::string outcome(const Result<Principal>& result) {
    if (result) return "accepted";
    return std::string(to_string(result.error().kind)) + " " + result.error().detail;
  }
  /// A fresh request with one thing changed.
  template <class Change>
  std::string with(Change change) {
    Client changed = client();
    changed.nonce = "nonce-" + std::to_string(++count);
    change(changed);
    return outcome(send(changed));
  }

  SignedKey key;
  int count = 1'000;
};

TEST_F(SignatureTest, ATokenSigns) {
  const auto principal = send(client());
  ASSERT_TRUE(principal) << error_of(principal);
  EXPECT_EQ(principal->id, key.key.id);
  EXPECT_EQ(principal->name, "erp");
  EXPECT_EQ(principal->org, "a");
  EXPECT_EQ(principal->default_source, "netsuite");
  EXPECT_TRUE(now()->allows(*principal, Role::ingester, "a-sub"));
  EXPECT_FALSE(now()->allows(*principal, Role::viewer, "a"));
  EXPECT_FALSE(principal->is_server_itself);
}

TEST_F(SignatureTest, N03_TheCauseIsInTheDetailAndNowhereElse) {
  const SignedKey of_b = must_create_token("b");
  const SignedKey without_use = must_create_token("a", {Role::operator_});
  const auto as = [](const SignedKey& other) {
    return [&other](Client& c) { c = Client(other, Instant{std::stoll(c.timestamp) * Instant::us_per_second}); };
  };
  EXPECT_EQ(with([](Client& c) { c.consumer_secret = "x"; }), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.token_secret = "x"; }), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.realm = "7654321"; }), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.consumer_key = "x"; }), "unauthenticated consumer_key_unknown");
  EXPECT_EQ(with([](Client& c) { c.token = "x"; }), "unauthenticated token_rejected");
  EXPECT_EQ(with([&](Client& c) { c.token = of_b.key.id, c.token_secret = of_b.token_secret; }),
            "unauthenticated token_rejected")
      << "of another application";
  EXPECT_EQ(with(as(without_use)), "unauthenticated permission_denied");
  EXPECT_EQ(with(as(of_b)), "accepted");
  Client wrong = client();
  wrong.token_secret = "x";
  const Error bad = send(wrong).error();
  wrong.consumer_key = "x";
  const Error unknown = send(wrong).error();
  EXPECT_EQ(bad.text, unknown.text);
  EXPECT_EQ(bad.field, unknown.field);
  EXPECT_EQ(bad.text.find("Signature"), std::string::npos);
}

TEST_F(SignatureTest, WhatIsRevokedOrDeletedEndsAtOnce) {
  const Principal admin = principal_with(Role::admin, "a");
  const SignedKey second = must_create_token("a", {Role::ingester}, key.key.consumer_key);
  EXPECT_EQ(second.key.consumer_key, key.key.consumer_key);
  EXPECT_EQ(second.consumer_secret, "") << "shown when the application was made";
  const auto as_second = [&](Client& c) { c.token = second.key.id, c.token_secret = second.token_secret; };
  EXPECT_EQ(with(as_second), "accepted");
  EXPECT_EQ(identity->revoke_key(principal_with(Role::admin, "b"), key.key.id).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(identity->revoke_key(admin, key.key.id));
  EXPECT_EQ(with([](Client&) {}), "unauthenticated token_rejected");
  EXPECT_EQ(with(as_second), "accepted") << "its sister goes on";
  ASSERT_TRUE(identity->revoke_key(admin, key.key.consumer_key));
  EXPECT_EQ(with(as_second), "unauthenticated consumer_key_refused");
  open_identity();
  EXPECT_EQ(with(as_second), "unauthenticated consumer_key_refused") << "after a restart too";
  EXPECT_EQ(identity->create_signed_key(admin, {"third", "a", {Role::ingester}, key.key.consumer_key}).error().field,
            "consumer_key");

  key = must_create_token("b");
  set_status_of_b("disabled");
  EXPECT_EQ(with([](Client&) {}), "accepted") << "a disabled org goes on sending";
  set_status_of_b("deleted");
  EXPECT_EQ(with([](Client&) {}), "unauthenticated consumer_key_refused");
}

TEST_F(SignatureTest, N05_ARequestCountsOnceAlsoOverARestart) {
  const Client sent = client();
  const std::string header = sent.header();
  EXPECT_EQ(outcome(send(header, sent)), "accepted");
  EXPECT_EQ(outcome(send(header, sent)), "unauthenticated nonce_used");
  identity.reset();
  restart();
  open_identity();
  EXPECT_EQ(outcome(send(header, sent)), "unauthenticated nonce_used");
  Client later = sent;
  later.timestamp = std::to_string(std::stoll(sent.timestamp) + 1);
  EXPECT_EQ(outcome(send(later)), "accepted") << "the same nonce at another time";
  const SignedKey other = must_create_token("a", {Role::ingester}, key.key.consumer_key);
  EXPECT_EQ(with([&](Client& c) { c.token = other.key.id, c.token_secret = other.token_secret, c.nonce = sent.nonce; }),
            "accepted")
      << "the same nonce of another token";
}

TEST_F(SignatureTest, N05_TheWholeWindowOfATimestampIsCovered) {
  Client early = client();
  early.timestamp = std::to_string(std::stoll(early.timestamp) + timestamp_window_s);
  const std::string header = early.header();
  EXPECT_EQ(outcome(send(header, early)), "accepted");
  for (int i = 0; i < 10; ++i) {
    advance_s(60);
    EXPECT_EQ(with([](Client&) {}), "accepted") << "which prunes";
    EXPECT_EQ(outcome(send(header, early)), "unauthenticated nonce_used") << i;
  }
  advance_s(1);
  EXPECT_EQ(outcome(send(header, early)), "unauthenticated InvalidTimestamp");
}

TEST_F(SignatureTest, UsedNoncesAreForgottenInTheEnd) {
  const auto rows = [&] {
    int number = 0;
    EXPECT_TRUE(store->read([&](soci::session& sql) -> Status {
      sql << "SELECT COUNT(*) FROM oauth_nonces", soci::into(number);
      return {};
    }));
    return number;
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(with([](Client&) {}), "accepted");
  EXPECT_EQ(rows(), 20);
  advance_s(nonce_memory_s + 60);
  EXPECT_EQ(with([](Client&) {}), "accepted");
  EXPECT_EQ(rows(), 1);
}

TEST_F(SignatureTest, N06_TheClockMayBeFiveMinutesOff) {
  const auto off = [&](std::int64_t seconds) {
    return with([&](Client& c) { c.timestamp = std::to_string(std::stoll(c.timestamp) + seconds); });
  };
  for (const int sign : {1, -1}) {
    EXPECT_EQ(off(sign * 299), "accepted");
    EXPECT_EQ(off(sign * 301), "unauthenticated InvalidTimestamp");
  }
  EXPECT_EQ(with([](Client& c) { c.timestamp = std::string(40, '9'); }), "unauthenticated InvalidTimestamp");
  for (const char* text : {"soon", "1.5", "-1", "+1", "0x1", " 1"}) {
    EXPECT_EQ(with([&](Client& c) { c.timestamp = text; }), "malformed InvalidTimestamp") << text;
  }
}

TEST_F(SignatureTest, N07_ANonceHasSixCharactersAtLeast) {
  EXPECT_EQ(with([](Client& c) { c.nonce = "12345"; }), "unauthenticated nonce_rejected");
  EXPECT_EQ(with([](Client& c) { c.nonce = "123456"; }), "accepted");
  EXPECT_EQ(with([](Client& c) { c.nonce = std::string(255, 'n'); }), "accepted");
  EXPECT_EQ(with([](Client& c) { c.nonce = std::string(256, 'n'); }), "unauthenticated nonce_rejected");
}

TEST_F(SignatureTest, N04_N08_HeadersThatCannotBeUsed) {
  EXPECT_EQ(with([](Client& c) { c.version = "2.0"; }), "malformed VersionRejected");
  EXPECT_EQ(with([](Client& c) { c.method = "PLAINTEXT"; }), "malformed UnknownAlgorithm");
  EXPECT_EQ(with([](Client& c) { c.nonce = ""; }), "malformed parameter_rejected");
  const Client sent = client();
  const std::string good = sent.header();
  EXPECT_EQ(outcome(send(good + ", oauth_version=\"1.0\"", sent)), "malformed parameter_rejected");
  EXPECT_EQ(outcome(send("OAuth realm=\"1234567_SB1\"", sent)), "malformed MissingTokenPassportRequiredFields");
  EXPECT_EQ(outcome(send("Basic YTpi", sent)), "malformed MissingTokenPassportRequiredFields");
  EXPECT_EQ(outcome(send("", sent)), "unauthenticated no_authorization");
  EXPECT_EQ(outcome(send(good, sent)), "accepted");
}

TEST_F(SignatureTest, N09_Sha1IsASwitch) {
  Client sent = client();
  sent.method = "HMAC-SHA1";
  EXPECT_EQ(outcome(send(sent)), "malformed UnknownAlgorithm");
  EXPECT_EQ(outcome(send(sent.header(), sent, json_body, {.takes_hmac_sha1 = true})), "accepted");
}

TEST_F(SignatureTest, N10_ABodyHashIsSignedAndOfThisBody) {
  // SHA-1 of json_body would do as well: the hash below is of the empty body.
  const auto send_hash = [&](std::string_view body) {
    Client sent = client();
    sent.nonce = "nonce-" + std::to_string(++count);
    sent.body_hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    return outcome(send(sent.header(), sent, body));
  };
  EXPECT_EQ(send_hash(""), "accepted");
  EXPECT_EQ(send_hash("{}"), "unauthenticated InvalidSignature");
  const Client sent = client();
  EXPECT_EQ(outcome(send(sent.header() + ", oauth_body_hash=\"47DEQpj8HBSa%2B%2FTImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D\"",
                         sent, "")),
            "unauthenticated InvalidSignature")
      << "added after signing";
}

TEST_F(SignatureTest, N11_N12_N13_UrlQueryAndRealm) {
  EXPECT_EQ(with([](Client& c) { c.query.emplace_back("more", "a b&c"); }), "accepted");
  Client sent = client();
  const std::string header = sent.header();
  sent.query.front().second = "other";
  EXPECT_EQ(outcome(send(header, sent)), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.url = "HTTPS://PUBLIC.example.com:443/app/site/hosting/restlet.nl"; }), "accepted");
  EXPECT_EQ(with([](Client& c) { c.url = "http://127.0.0.1/app/site/hosting/restlet.nl"; }),
            "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.realm = "1234567-sb1"; }), "accepted");
  EXPECT_EQ(with([](Client& c) { c.realm = "1234567SB1"; }), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client& c) { c.realm = ""; }), "malformed parameter_rejected");
}

TEST_F(SignatureTest, N14_FiveBadSignaturesLockTheTokenForHalfAnHour) {
  const auto bad = [](Client& c) { c.token_secret = "x"; };
  const auto good = [](Client&) {};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(with(bad), "unauthenticated InvalidSignature");
  EXPECT_EQ(with(good), "accepted");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(with(bad), "unauthenticated InvalidSignature");
  EXPECT_EQ(with(good), "accepted") << "a good one began the count anew";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(with(bad), "unauthenticated InvalidSignature");
  EXPECT_EQ(with(good), "unauthenticated temporary_locked");
  const SignedKey other = must_create_token("a", {Role::ingester}, key.key.consumer_key);
  EXPECT_EQ(with([&](Client& c) { c.token = other.key.id, c.token_secret = other.token_secret; }), "accepted");
  advance_s(30 * 60 - 1);
  EXPECT_EQ(with(bad), "unauthenticated InvalidSignature");
  EXPECT_EQ(with(good), "unauthenticated temporary_locked");
  advance_s(1);
  EXPECT_EQ(with(good), "accepted") << "those in between did not lengthen it";

  for (int i = 0; i < 10; ++i) {
    Client sent = client();
    sent.token_secret = "x";
    EXPECT_FALSE(send(sent.header(), sent, json_body, {.locks_out = false}));
  }
  EXPECT_EQ(with(good), "accepted") << "while the switch is off nothing is counted";
}

TEST_F(SignatureTest, AHeadAloneLeavesNoTraceButBadSignaturesCount) {
  Client sent = client();
  const std::string header = sent.header();
  EXPECT_EQ(outcome(send(header, sent, std::nullopt)), "accepted");
  EXPECT_EQ(outcome(send(header, sent, std::nullopt)), "accepted");
  EXPECT_EQ(outcome(send(header, sent)), "accepted");
  sent.body_hash = "bm90IG9mIHRoaXMgYm9keQ==";
  EXPECT_EQ(outcome(send(sent.header(), sent, std::nullopt)), "accepted") << "there is no body to compare";
  const auto bad_head = [&] {
    Client bad = client();
    bad.token_secret = "x";
    return outcome(send(bad.header(), bad, std::nullopt));
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(bad_head(), "unauthenticated InvalidSignature");
  EXPECT_EQ(outcome(send(client().header(), client(), std::nullopt)), "accepted") << "which does not reset";
  EXPECT_EQ(bad_head(), "unauthenticated InvalidSignature");
  EXPECT_EQ(with([](Client&) {}), "unauthenticated temporary_locked");
}

TEST_F(SignatureTest, WhoMayMakeTokensAndWhere) {
  advance_s(1);
  const NewSignedKey wanted{"erp", "a", {Role::ingester}, {}};
  EXPECT_TRUE(identity->create_signed_key(principal_with(Role::admin, "a"), wanted));
  EXPECT_EQ(identity->create_signed_key(principal_with(Role::viewer, "a"), wanted).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(identity->create_signed_key(principal_with(Role::admin, "b"), wanted).error().text, "org: no org \"a\"");
  const auto no_account = identity->create_signed_key(server_principal(), {"erp", "a-sub", {Role::ingester}, {}});
  ASSERT_FALSE(no_account);
  EXPECT_EQ(no_account.error().field, "org");
  EXPECT_NE(no_account.error().text.find("ids.netsuite_account"), std::string::npos);
  EXPECT_EQ(identity->create_signed_key(server_principal(), {"erp", "a", {}, {}}).error().field, "roles");
  EXPECT_EQ(
      identity->create_signed_key(principal_with(Role::admin, "a"), {"erp", "a", {Role::operator_}, {}}).error().kind,
      ErrorKind::forbidden);
  EXPECT_EQ(identity->create_signed_key(server_principal(), {"erp", "b", {Role::ingester}, key.key.consumer_key})
                .error()
                .field,
            "consumer_key")
      << "an application of another org";

  const auto listed = identity->keys(principal_with(Role::admin, "a"));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ(listed->front().id, key.key.id);
  EXPECT_EQ(listed->front().kind, KeyKind::netsuite);
  EXPECT_EQ(listed->front().account, "1234567_SB1");
  EXPECT_TRUE(identity->keys(principal_with(Role::admin, "b"))->empty());
}

TEST_F(SignatureTest, SecretsAreSealedAndALostKeyIsToldNotReplaced) {
  ASSERT_TRUE(send(client()));
  open_identity();
  EXPECT_EQ(with([](Client&) {}), "accepted") << "after a restart";
  identity.reset();
  catalog.reset();
  store.reset();
  for (const char* name : {"control.sqlite", "control.sqlite-wal"}) {
    const auto bytes = read_file(system_files(), ledger.folder / name);
    if (!bytes) continue;
    EXPECT_EQ(bytes->find(key.consumer_secret), std::string::npos);
    EXPECT_EQ(bytes->find(key.token_secret), std::string::npos);
    EXPECT_EQ(bytes->find("nonce-"), std::string::npos);
  }
  open();
  ASSERT_TRUE(files.remove(ledger.folder / "keys/identity-secret"));
  const auto missing = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("restore"), std::string::npos);
  ASSERT_TRUE(replace_file(files, ledger.folder / "keys/identity-secret", std::string(64, '0') + "\n"));
  const auto wrong = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::store_unavailable);
}

TEST_F(SignatureTest, N16_NameAndPasswordWithoutASession) {
  NewUser user;
  user.name = "ana";
  user.password = "correct horse";
  user.org = "a";
  user.roles = {Role::ingester};
  ASSERT_TRUE(identity->create_user(server_principal(), user));
  const auto principal = identity->authenticate_password("ana", "correct horse", "", "");
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->org, "a");
  EXPECT_EQ(identity->authenticate_password("ana", "wrong horse", "", "").error().kind, ErrorKind::bad_credentials);
}

}  // namespace
}  // namespace meterport::identity
