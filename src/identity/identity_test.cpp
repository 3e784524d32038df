#include "identity/identity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"
#include "identity/passwords.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;
using ledger::error_of;

constexpr std::int64_t minute_us = 60 * Instant::us_per_second;

class IdentityTest : public ::testing::Test, protected catalog::TestCatalog {
 protected:
  void SetUp() override {
    must_import(catalog::two_tenants);
    open_identity();
  }
  void TearDown() override { identity.reset(); }
  void open_identity() {
    identity.reset();
    auto opened = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
    ASSERT_TRUE(opened) << error_of(opened);
    identity = std::move(*opened);
  }
  User must_create(const NewUser& user) {
    auto made = identity->create_user(server_principal(), user);
    EXPECT_TRUE(made) << error_of(made);
    return made.value_or(User{});
  }
  static NewUser new_user(std::string name, std::string org, std::vector<Role> roles = {Role::exporter}) {
    NewUser user;
    user.name = std::move(name);
    user.password = "correct horse";
    user.org = std::move(org);
    user.roles = std::move(roles);
    return user;
  }
  std::string must_login(std::string_view name) {
    auto session = identity->login(name, "correct horse");
    EXPECT_TRUE(session) << error_of(session);
    return session ? session->id : "";
  }
  void set_status(const std::string& org, const std::string& status) {
    must_import(R"({"orgs":[{"id":")" + org + R"(","kind":"production","name":"X","status":")" + status + R"("}]})");
  }

  Settings settings;
  std::unique_ptr<Identity> identity;
};

TEST_F(IdentityTest, AUserLogsInWorksAndLogsOut) {
  const User ana = must_create(new_user("Ana@acme.example", "a", {Role::exporter, Role::viewer}));
  EXPECT_EQ(ana.id.size(), 22u) << "X02";
  const auto session = identity->login("ana@ACME.example", "correct horse");
  ASSERT_TRUE(session) << error_of(session);
  EXPECT_EQ(session->id.size(), 22u);
  EXPECT_EQ(session->expires, ledger.clock.now().plus_seconds(1800));

  const auto principal = identity->authenticate_session(session->id);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->id, ana.id);
  EXPECT_EQ(principal->name, "Ana@acme.example");
  EXPECT_EQ(principal->org, "a");
  EXPECT_TRUE(now()->allows(*principal, Role::exporter, "a-sub"));
  EXPECT_FALSE(now()->allows(*principal, Role::admin, "a"));
  EXPECT_FALSE(principal->is_server_itself);

  EXPECT_TRUE(identity->authenticate_bearer(session->id));
  EXPECT_TRUE(identity->logout(session->id));
  EXPECT_EQ(identity->authenticate_session(session->id).error().kind, ErrorKind::unauthenticated);
  EXPECT_EQ(identity->logout(session->id).error().kind, ErrorKind::unauthenticated);
}

TEST_F(IdentityTest, WhatIsWrongWithALogInIsNotSaid) {
  must_create(new_user("ana", "a"));
  must_create(new_user("bob", "b"));
  set_status("b", "disabled");
  const auto wrong = identity->login("ana", "incorrect horse");
  const auto unknown = identity->login("nobody", "correct horse");
  const auto disabled = identity->login("bob", "correct horse");
  const auto endless = identity->login("ana", std::string(5000, 'x'));
  for (const auto* refused : {&wrong, &unknown, &disabled, &endless}) {
    ASSERT_FALSE(*refused);
    EXPECT_EQ(refused->error().kind, ErrorKind::bad_credentials);
    EXPECT_EQ(refused->error().text, wrong.error().text);
    EXPECT_EQ(refused->error().field, wrong.error().field);
  }
  set_status("b", "active");
  EXPECT_TRUE(identity->login("bob", "correct horse"));
}

TEST_F(IdentityTest, ASessionLives30MinutesAfterItsLastUseAndAtMostTwoMore) {
  must_create(new_user("ana", "a"));
  const std::string id = must_login("ana");
  for (int i = 0; i < 4; ++i) {
    ledger.clock.advance_us(29 * minute_us);
    EXPECT_TRUE(identity->authenticate_session(id)) << "29 minutes idle, time " << i;
  }
  ledger.clock.advance_us(10 * minute_us);
  const auto looked = identity->look_at_session(id);
  ASSERT_TRUE(looked);
  EXPECT_EQ(looked->expires, ledger.clock.now().plus_seconds(20 * 60)) << "a look does not extend";
  ledger.clock.advance_us(22 * minute_us + Instant::us_per_second);
  EXPECT_EQ(identity->authenticate_session(id).error().kind, ErrorKind::unauthenticated);
  ledger.clock.advance_us(-60 * minute_us);
  EXPECT_TRUE(identity->authenticate_session(id)) << "a clock set back harms no session";
}

TEST_F(IdentityTest, SessionsAndKeysSurviveARestartAndExpiredOnesDoNot) {
  must_create(new_user("ana", "a"));
  const std::string early = must_login("ana");
  ledger.clock.advance_us(20 * minute_us);
  const std::string late = must_login("ana");
  const auto key = identity->create_key(server_principal(), {"agent", "a", "", {Role::ingester}});
  ASSERT_TRUE(key);
  const std::string ended = must_login("ana");
  ASSERT_TRUE(identity->logout(ended));

  identity.reset();
  restart();
  open_identity();
  ledger.clock.advance_us(15 * minute_us);
  EXPECT_FALSE(identity->authenticate_session(early));
  EXPECT_TRUE(identity->authenticate_session(late));
  EXPECT_FALSE(identity->authenticate_session(ended));
  EXPECT_TRUE(identity->authenticate_bearer(key->second));
}

TEST_F(IdentityTest, ActivityOfASessionSurvivesARestart) {
  must_create(new_user("ana", "a"));
  const std::string id = must_login("ana");
  ledger.clock.advance_us(25 * minute_us);
  ASSERT_TRUE(identity->authenticate_session(id));
  open_identity();
  ledger.clock.advance_us(25 * minute_us);
  EXPECT_TRUE(identity->authenticate_session(id));
}

TEST_F(IdentityTest, AKeyIsShownOnceAndWorksUntilRevoked) {
  const auto made =
      identity->create_key(principal_with(Role::admin, "a"), {"agent", "a-sub", "agent-7", {Role::ingester}});
  ASSERT_TRUE(made) << error_of(made);
  const auto& [key, token] = *made;
  EXPECT_EQ(token.size(), 3u + 22u + 40u);
  EXPECT_TRUE(token.starts_with("mp_" + key.id));

  const auto principal = identity->authenticate_bearer(token);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->id, key.id);
  EXPECT_EQ(principal->default_source, "agent-7");
  EXPECT_TRUE(now()->allows(*principal, Role::ingester, "a-sub"));
  EXPECT_FALSE(now()->allows(*principal, Role::ingester, "a"));

  std::string forged = token;
  forged.back() = forged.back() == 'x' ? 'y' : 'x';
  for (const std::string& bad :
       {forged, token.substr(0, 30), token + "x", std::string("mp_"), std::string("nonsense"), std::string()}) {
    EXPECT_EQ(identity->authenticate_bearer(bad).error().kind, ErrorKind::unauthenticated) << bad;
  }
  EXPECT_EQ(identity->revoke_key(principal_with(Role::admin, "b"), key.id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(identity->authenticate_bearer(token));
  EXPECT_TRUE(identity->revoke_key(principal_with(Role::admin, "a"), key.id));
  EXPECT_EQ(identity->authenticate_bearer(token).error().kind, ErrorKind::unauthenticated);
  EXPECT_TRUE(identity->keys(principal_with(Role::admin, "a"))->front().revoked);

  const auto unnamed = identity->create_key(server_principal(), {"", "a", "", {Role::viewer}});
  ASSERT_TRUE(unnamed);
  EXPECT_EQ(unnamed->first.source, unnamed->first.id);
  const auto replaced = identity->create_key(server_principal(), {"meter-host", "a", "", {Role::ingester}});
  const auto replacing = identity->create_key(server_principal(), {"meter-host", "a", "", {Role::ingester}});
  ASSERT_TRUE(replaced && replacing);
  EXPECT_EQ(replaced->first.source, "meter-host");
  EXPECT_EQ(identity->authenticate_bearer(replacing->second)->default_source, "meter-host")
      << "a rotated key keeps the de-duplication key";
  EXPECT_FALSE(identity->create_key(server_principal(), {"netsuite", "a", "", {Role::ingester}})) << "nor by its name";
  EXPECT_FALSE(identity->create_key(server_principal(), {"", "a", "netsuite", {Role::ingester}}));
  EXPECT_FALSE(identity->create_key(server_principal(), {"", "nowhere", "", {Role::ingester}}));
  EXPECT_FALSE(identity->create_key(server_principal(), {"", "a", "", {}}));
}

TEST_F(IdentityTest, ADisabledOrgStillSendsUsageADeletedOneDoesNot) {
  must_create(new_user("bob", "b"));
  const std::string session = must_login("bob");
  const auto key = identity->create_key(server_principal(), {"agent", "b", "", {Role::ingester}});
  ASSERT_TRUE(key);
  set_status("b", "disabled");
  EXPECT_TRUE(identity->authenticate_bearer(key->second));
  EXPECT_EQ(identity->authenticate_session(session).error().kind, ErrorKind::unauthenticated);
  set_status("b", "deleted");
  EXPECT_EQ(identity->authenticate_bearer(key->second).error().kind, ErrorKind::unauthenticated);
}

TEST_F(IdentityTest, NeitherPasswordNorSessionNorKeyIsStoredAsItIs) {
  must_create(new_user("ana", "a"));
  const std::string session = must_login("ana");
  const auto key = identity->create_key(server_principal(), {"agent", "a", "", {Role::ingester}});
  ASSERT_TRUE(key);
  identity.reset();
  catalog.reset();
  store.reset();
  const auto bytes = read_file(system_files(), ledger.folder / "control.sqlite");
  ASSERT_TRUE(bytes);
  ASSERT_NE(bytes->find("$argon2id$"), std::string::npos);
  for (const std::string& secret : {std::string("correct horse"), session, key->second.substr(25)}) {
    EXPECT_EQ(bytes->find(secret), std::string::npos);
  }
}

TEST_F(IdentityTest, EachTenantsAdminManagesHisOwnUsersOnly) {
  const Principal a = principal_with(Role::admin, "a"), b = principal_with(Role::admin, "b");
  const auto bob = identity->create_user(b, new_user("bob", "b"));
  ASSERT_TRUE(bob) << error_of(bob);
  EXPECT_TRUE(identity->users(a)->empty());
  EXPECT_EQ(identity->users(b)->size(), 1u);

  EXPECT_EQ(identity->create_user(a, new_user("carl", "b")).error().text, "org: no org \"b\"")
      << "like one that is not";
  EXPECT_EQ(identity->create_user(a, new_user("carl", "nowhere")).error().text, "org: no org \"nowhere\"");
  EXPECT_EQ(identity->create_user(a, new_user("BOB", "a")).error().kind, ErrorKind::conflict);
  EXPECT_EQ(identity->create_user(principal_with(Role::viewer, "a"), new_user("carl", "a")).error().kind,
            ErrorKind::forbidden);
  NewUser mail;
  mail.name = "bob";
  mail.email = "bob@b.example";
  EXPECT_EQ(identity->change_user(a, mail).error().kind, ErrorKind::not_found);
  EXPECT_EQ(identity->set_password(a, "bob", "another horse").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(identity->change_user(b, mail));
  EXPECT_EQ(identity->user_by_id(bob->id)->email, "bob@b.example");
  EXPECT_EQ(identity->user_by_id(bob->id)->grants.size(), 1u) << "what was not given stays";
}

TEST_F(IdentityTest, OnlyAnOperatorMakesOperators) {
  const Principal admin = principal_with(Role::admin, "a");
  Principal both = admin;
  both.grants.push_back({Role::operator_, "a"});
  EXPECT_EQ(identity->create_user(admin, new_user("op", "a", {Role::operator_})).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(identity->create_key(admin, {"op", "a", "", {Role::operator_}}).error().kind, ErrorKind::forbidden);
  const std::string file = R"([{"name":"op","password":"12345678","org":"a","roles":["operator"]}])";
  EXPECT_EQ(identity->check_users(admin, file, {}).error().field, "/users/0/roles");
  EXPECT_EQ(identity->apply_users(admin, file).error().kind, ErrorKind::forbidden);
  const User ana = must_create(new_user("ana", "a", {Role::viewer}));
  NewUser risen;
  risen.name = "ana";
  risen.roles = {Role::viewer, Role::operator_};
  EXPECT_EQ(identity->change_user(admin, risen).error().kind, ErrorKind::forbidden);

  EXPECT_TRUE(identity->create_key(both, {"op", "a", "", {Role::operator_}}));
  ASSERT_TRUE(identity->change_user(both, risen));
  EXPECT_EQ(identity->set_password(admin, "ana", "taken over").error().kind, ErrorKind::forbidden);
  NewUser taken;
  taken.name = "ana";
  taken.password = "taken over";
  EXPECT_EQ(identity->change_user(admin, taken).error().kind, ErrorKind::forbidden);
  NewUser mail;
  mail.name = "ana";
  mail.email = "ana@a.example";
  EXPECT_TRUE(identity->change_user(admin, mail)) << "what gives no power stays the admin's";
  EXPECT_EQ(*identity->apply_users(admin, *identity->export_users(admin)), 0u) << "nor does what stays as it is";
  const auto own = identity->authenticate_session(must_login("ana"));
  ASSERT_TRUE(own);
  EXPECT_TRUE(identity->set_password(*own, "ana", "another horse"));
}

TEST_F(IdentityTest, APasswordIsCountedInCharacters) {
  std::string umlauts;
  for (int i = 0; i < 255; ++i) umlauts += "\u00e4";
  NewUser user = new_user("ana", "a");
  user.password = umlauts;
  must_create(user);
  EXPECT_TRUE(identity->login("ana", umlauts));
  user.name = "bob";
  user.password = umlauts + "x";
  EXPECT_EQ(identity->create_user(server_principal(), user).error().field, "password");
}

// A flood of log-ins keeps neither the threads nor the memory that others need.
TEST(PasswordsTest, LogInsBeyondTheirPlacesAreRefusedAtOnce) {
  for (const int cores : {1, 2, 8, 64}) {
    for (const int threads : {1, 2, 4, 16, 64}) {
      const PasswordPlaces places = password_places(cores, threads);
      EXPECT_TRUE(places.running >= 1 && places.running <= cores);
      EXPECT_TRUE(places.running_or_waiting >= places.running && places.running_or_waiting <= std::max(1, threads / 2));
      EXPECT_LE(places.running_or_waiting - places.running, cores + 2);
    }
  }
  auto passwords = Passwords::create({.running = 1, .running_or_waiting = 2});
  ASSERT_TRUE(passwords);
  const auto hash = (*passwords)->hash("correct horse");
  ASSERT_TRUE(hash);
  std::atomic<int> matched{0}, refused{0};
  std::vector<std::jthread> threads;
  std::latch together(16);
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      together.arrive_and_wait();
      // Each goes on until one of them was refused, so that some meet whatever the scheduling.
      for (int i = 0; i < 100 && refused == 0; ++i) {
        const auto result = (*passwords)->matches(*hash, "correct horse");
        if (result) ++matched;
        if (!result && result.error().kind == ErrorKind::busy) ++refused;
      }
    });
  }
  threads.clear();
  EXPECT_GT(refused, 0);
  const auto after = (*passwords)->matches(*hash, "correct horse");
  EXPECT_TRUE(after && *after) << "places are given back";
}

TEST_F(IdentityTest, ANewPasswordEndsTheSessionsOfTheOldOne) {
  const User ana = must_create(new_user("ana", "a"));
  const std::string session = must_login("ana");
  const auto principal = identity->authenticate_session(session);
  ASSERT_TRUE(principal);
  EXPECT_EQ(identity->set_password(*principal, "ana", "short").error().field, "password");
  ASSERT_TRUE(identity->set_password(*principal, "ana", "another horse")) << "his own";
  EXPECT_FALSE(identity->authenticate_session(session));
  EXPECT_FALSE(identity->login("ana", "correct horse"));
  EXPECT_TRUE(identity->login("ana", "another horse"));
}

TEST_F(IdentityTest, LogoutAllEndsEverySessionOfTheUserAndNoOther) {
  must_create(new_user("ana", "a"));
  must_create(new_user("bob", "a"));
  const std::string one = must_login("ana"), two = must_login("ana"), other = must_login("bob");
  EXPECT_EQ(identity->logout_all("ana", "wrong horse").error().kind, ErrorKind::bad_credentials);
  ASSERT_TRUE(identity->logout_all("ana", "correct horse"));
  EXPECT_FALSE(identity->authenticate_session(one));
  EXPECT_FALSE(identity->authenticate_session(two));
  EXPECT_TRUE(identity->authenticate_session(other));
}

TEST_F(IdentityTest, X01_UsersOfAFileExportedAndImportedAgainAreTheSame) {
  const std::string users = R"([{"name":"ana@acme.example","password":"change-me-now","org":"a","roles":["exporter"],
                                 "email":"ana@acme.example"},
                                {"name":"op","password":"change-me-too","org":"a-sub","roles":["operator","viewer"]}])";
  const Principal by = server_principal();
  ASSERT_TRUE(identity->check_users(by, users, {}));
  EXPECT_EQ(*identity->apply_users(by, users), 2u);
  const std::string exported = *identity->export_users(by);
  EXPECT_EQ(exported.find("change-me"), std::string::npos);
  EXPECT_EQ(*identity->apply_users(by, exported), 0u);
  const std::string session = [&] {
    auto made = identity->login("ana@acme.example", "change-me-now");
    EXPECT_TRUE(made);
    return made ? made->id : "";
  }();
  EXPECT_EQ(*identity->apply_users(by, users), 0u) << "the same password again is no change";
  EXPECT_TRUE(identity->authenticate_session(session));
  EXPECT_EQ(*identity->export_users(by), exported);

  catalog::TestCatalog elsewhere;
  elsewhere.must_import(catalog::two_tenants);
  auto other = Identity::open(*elsewhere.store, *elsewhere.catalog, elsewhere.ledger.clock, *elsewhere.random, settings,
                              elsewhere.ledger.folder / "keys", elsewhere.files);
  ASSERT_TRUE(other);
  ASSERT_EQ(*(*other)->apply_users(by, exported), 2u);
  EXPECT_TRUE((*other)->login("ana@acme.example", "change-me-now")) << "the hash travels";
  EXPECT_EQ(*(*other)->export_users(by), exported);
}

TEST_F(IdentityTest, X01_EachRuleOfUsersBrokenNamesItsPlaceAndNothingIsApplied) {
  must_create(new_user("bob", "b"));
  const Principal by = principal_with(Role::admin, "a");
  const std::string before = *identity->export_users(server_principal());
  struct Broken {
    const char* json;
    const char* pointer;
  };
  const Broken cases[] = {
      {R"([{"name":"x","password":"12345678","org":"a"},{"name":"X","password":"12345678","org":"a"}])",
       "/users/1/name"},
      {R"([{"name":"ok","password":"12345678","org":"a"},{"name":"x","password":"1234567","org":"a"}])",
       "/users/1/password"},
      {R"([{"name":"x","org":"a"}])", "/users/0/password"},
      {R"([{"name":"x","password":"12345678","password_hash":"$argon2id$","org":"a"}])", "/users/0/password_hash"},
      {R"([{"name":"x","password_hash":"$2b$12$abc","org":"a"}])", "/users/0/password_hash"},
      {R"([{"name":"x","password_hash":"$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaA","org":"a"}])",
       "/users/0/password_hash"},
      {R"([{"name":"x","password":"12345678","org":"nowhere"}])", "/users/0/org"},
      {R"([{"name":"x","password":"12345678","org":"b"}])", "/users/0/org"},
      {R"([{"name":"Bob","password":"12345678","org":"a"}])", "/users/0/name"},
      {R"([{"id":"a/b","name":"x","password":"12345678","org":"a"}])", "/users/0/id"},
      {R"([{"name":"x","password":"12345678","org":"a","roles":["root"]}])", "/users/0/roles"},
      {R"([{"name":"x","password":"12345678","org":"a","title":"Dr"}])", "/users/0/title"},
      {R"([{"password":"12345678","org":"a"}])", "/users/0/name"},
  };
  for (const Broken& broken : cases) {
    const auto checked = identity->check_users(by, broken.json, {});
    ASSERT_FALSE(checked) << broken.json;
    EXPECT_EQ(checked.error().field, broken.pointer) << checked.error().text;
    EXPECT_FALSE(identity->apply_users(by, broken.json));
  }
  EXPECT_EQ(*identity->export_users(server_principal()), before);
}

TEST_F(IdentityTest, UsersMayBelongToAnOrgOfTheSameFile) {
  auto file = catalog::parse_catalogue(R"({"orgs":[{"id":"new","kind":"sandbox","name":"N","parent":"a"}],
                                           "users":[{"name":"nina","password":"12345678","org":"new"}]})");
  ASSERT_TRUE(file);
  ASSERT_TRUE(identity->check_users(server_principal(), file->users_json, *file));
  ASSERT_TRUE(catalog->apply(server_principal(), *file));
  EXPECT_EQ(*identity->apply_users(server_principal(), file->users_json), 1u);
}

TEST_F(IdentityTest, ALostSecretIsNotReplacedInSilence) {
  ASSERT_TRUE(identity->create_key(server_principal(), {"agent", "a", "", {Role::ingester}}));
  identity.reset();
  ASSERT_TRUE(files.remove(ledger.folder / "keys/identity-secret"));
  const auto opened = Identity::open(*store, *catalog, ledger.clock, *random, settings, ledger.folder / "keys", files);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("restore"), std::string::npos);
}

TEST_F(IdentityTest, ManyLogInsAndRequestsAtOnce) {
  must_create(new_user("ana", "a"));
  const std::string shared = must_login("ana");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto own = identity->login("ana", "correct horse");
      ASSERT_TRUE(own);
      for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(identity->authenticate_session(shared));
        EXPECT_TRUE(identity->authenticate_session(own->id));
      }
      EXPECT_TRUE(identity->logout(own->id));
    });
  }
  threads.clear();
  EXPECT_TRUE(identity->authenticate_session(shared));
}

}  // namespace
}  // namespace meterport::identity
