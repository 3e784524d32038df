// Access tokens: whom they name, and what ends them.
#include <gtest/gtest.h>

#include "identity/access_tokens.h"
#include "identity/test_access_keys.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;
using ledger::error_of;

using AccessTokensTest = AccessKeysTest;

TEST_F(AccessTokensTest, ATokenSaysWhoIsCalling) {
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

TEST_F(AccessTokensTest, ATokenEndsInTime) {
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

TEST_F(AccessTokensTest, ATokenEndsWithItsKeyItsAppAndItsOrg) {
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

TEST_F(AccessTokensTest, ATokenHoldsOverARestart) {
  const std::string token = must_issue();
  identity.reset();
  restart();
  open_identity();
  EXPECT_EQ(outcome_of(token), "accepted");
  EXPECT_EQ(with_nothing_changed(), "accepted") << "and so does the key";
}

TEST_F(AccessTokensTest, ATokenThatWasChangedAnywhereIsNone) {
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

TEST_F(AccessTokensTest, TokensOfAnotherServerAreNone) {
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

}  // namespace
}  // namespace meterport::identity
