// Applications and access keys: who may make and see them, what ends them, what is told of them.
#include <gtest/gtest.h>

#include "identity/test_access_keys.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;

using AppKeysTest = AccessKeysTest;

TEST_F(AppKeysTest, WhoMayMakeKeysAndWhere) {
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

TEST_F(AppKeysTest, WhomAKeyMayActFor) {
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

TEST_F(AppKeysTest, KeysAreListedAndRevokedInTheirScope) {
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

TEST_F(AppKeysTest, TheAuditTrailTellsOfKeysAndRefusals) {
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

TEST_F(AppKeysTest, SecretsAreSealedAndALostKeyIsToldNotReplaced) {
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
