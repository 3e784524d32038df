// For tests: an identity over a catalogue in a temporary folder, tenants a and b (each a NetSuite account and a realm),
// and a client that signs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "catalog/test_catalog.h"
#include "identity/identity.h"
#include "identity/oauth1.h"

namespace meterport::identity {

inline constexpr std::string_view tenants_with_accounts = R"({
  "orgs": [
    {"id": "a", "kind": "production", "name": "A", "ids": {"netsuite_account": "1234567_SB1", "here_realm": "realm-a"}},
    {"id": "a-sub", "kind": "sub-org", "name": "A sub", "parent": "a"},
    {"id": "b", "kind": "production", "name": "B", "ids": {"netsuite_account": "7654321", "here_realm": "realm-b"}}
  ]
})";

class WithIdentity : public ::testing::Test, protected catalog::TestCatalog {
 protected:
  void SetUp() override {
    must_import(tenants_with_accounts);
    open_identity();
  }
  void TearDown() override { identity.reset(); }
  void open_identity() {
    identity.reset();
    auto opened = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
    ASSERT_TRUE(opened) << ledger::error_of(opened);
    identity = std::move(*opened);
  }
  SignedKey must_create_token(std::string org = "a", std::vector<Role> roles = {Role::ingester},
                              std::string consumer_key = {}) {
    auto made = identity->create_signed_key(server_principal(),
                                            {"erp", std::move(org), std::move(roles), std::move(consumer_key)});
    EXPECT_TRUE(made) << ledger::error_of(made);
    return made.value_or(SignedKey{});
  }
  void set_status_of_b(const std::string& status) {
    must_import(R"({"orgs":[{"id":"b","kind":"production","name":"B","status":")" + status +
                R"(","ids":{"netsuite_account":"7654321","here_realm":"realm-b"}}]})");
  }
  void advance_s(std::int64_t seconds) { ledger.clock.advance_us(seconds * Instant::us_per_second); }

  Settings settings;
  std::unique_ptr<Identity> identity;
};

/// What a client of the wire knows and sends; every member can be spoilt.
struct Client {
  explicit Client(const SignedKey& key, Instant now)
      : consumer_key(key.key.consumer_key),
        consumer_secret(key.consumer_secret),
        token(key.key.id),
        token_secret(key.token_secret),
        realm(key.key.account),
        timestamp(std::to_string(now.us / Instant::us_per_second)) {}

  /// The Authorization header, signed for `url` and `query`.
  [[nodiscard]] std::string header() const {
    oauth1::Header fields;
    fields.fields = {
        {"realm", realm},          {"oauth_consumer_key", consumer_key}, {"oauth_token", token},
        {"oauth_nonce", nonce},    {"oauth_timestamp", timestamp},       {"oauth_signature_method", method},
        {"oauth_version", version}};
    if (!body_hash.empty()) fields.fields.emplace_back("oauth_body_hash", body_hash);
    const std::string base =
        oauth1::base_string("POST", *oauth1::normalized_url(url), oauth1::normalized_parameters(fields, query));
    const auto known = oauth1::parse_signature_method(method);
    fields.fields.emplace_back(
        "oauth_signature",
        oauth1::signature(known.value_or(oauth1::SignatureMethod::hmac_sha256), base, consumer_secret, token_secret));
    std::string out = "OAuth ";
    for (const auto& [name, value] : fields.fields) {
      if (out.size() > 6) out += ", ";
      out += name + "=\"" + oauth1::encode(value) + "\"";
    }
    return out;
  }

  std::string consumer_key, consumer_secret, token, token_secret, realm, timestamp;
  std::string nonce = "nonce-0001", method = "HMAC-SHA256", version = "1.0", body_hash;
  std::string url = "http://127.0.0.1:8080/app/site/hosting/restlet.nl";
  oauth1::Parameters query = {{"script", "s"}, {"deploy", "d"}};
};

}  // namespace meterport::identity
