// For tests: an application of an org with its access key, and a client that signs as the HERE wire's do.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "identity/test_identity.h"

namespace meterport::identity {

inline constexpr std::string_view public_url = "https://account.api.here.com/oauth2/token";

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

class AccessKeysTest : public WithIdentity {
 protected:
  void SetUp() override {
    WithIdentity::SetUp();
    log::set_level(log::Level::warning);  // each refusal is told at info
    key = must_create_key({.name = "robot", .org = "a"});
  }
  AccessKey must_create_key(const NewAccessKey& wanted, const Principal& by = server_principal()) {
    auto made = identity->create_access_key(by, wanted);
    EXPECT_TRUE(made) << ledger::error_of(made);
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
    EXPECT_TRUE(token) << ledger::error_of(token);
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
    ASSERT_TRUE(made) << ledger::error_of(made);
  }
  Principal logged_in(const std::string& name) {
    const auto session = identity->login(name, "correct horse");
    EXPECT_TRUE(session) << ledger::error_of(session);
    return session ? session->principal : Principal{};
  }
  std::vector<AuditEntry> audited(const std::string& event, const Principal& by = server_principal()) {
    const auto page = identity->audit_trail(by, {.event = event});
    EXPECT_TRUE(page) << ledger::error_of(page);
    return page ? page->entries : std::vector<AuditEntry>{};
  }

  AccessKey key;
  int count = 1'000;
};

}  // namespace meterport::identity
