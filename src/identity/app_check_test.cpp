// Who signed a token request (here.md 5).
#include <gtest/gtest.h>

#include "identity/test_access_keys.h"

namespace meterport::identity {
namespace {

using ledger::error_of;

using AppCheckTest = AccessKeysTest;

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

}  // namespace
}  // namespace meterport::identity
