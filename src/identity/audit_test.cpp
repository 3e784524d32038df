#include "identity/audit.h"

#include <gtest/gtest.h>

#include <thread>

#include "identity/test_identity.h"

namespace meterport::identity {
namespace {

using catalog::principal_with;
using ledger::error_of;

constexpr std::int64_t day_s = 86'400;

class AuditTest : public ::testing::Test, protected catalog::TestCatalog {
 protected:
  void SetUp() override { open_audit(); }
  void TearDown() override { audit.reset(); }
  void open_audit() {
    audit = std::make_unique<Audit>(*store, ledger.clock, 90 * day_s);
    const Status loaded = audit->load();
    ASSERT_TRUE(loaded) << error_of(loaded);
  }
  static AuditEntry entry(AuditEvent event, std::string org, std::string subject) {
    AuditEntry out;
    out.event = event;
    out.org = std::move(org);
    out.subject = std::move(subject);
    return out;
  }
  std::vector<std::string> subjects(const Audit::Filter& filter = {}) {
    auto entries = audit->latest(filter);
    EXPECT_TRUE(entries) << error_of(entries);
    std::vector<std::string> out;
    for (const AuditEntry& one : entries.value_or(std::vector<AuditEntry>{})) out.push_back(one.subject);
    return out;
  }

  std::unique_ptr<Audit> audit;
};

using Texts = std::vector<std::string>;

TEST_F(AuditTest, EntriesAreKeptInOrderAndFiltered) {
  AuditEntry first = entry(AuditEvent::key_created, "a", "one");
  first.principal = "admin";
  first.principal_id = "id-1";
  first.peer = "192.0.2.7";
  first.detail = "roles admin";
  audit->add(first);
  audit->add(entry(AuditEvent::login_refused, "", "two"));
  audit->add(entry(AuditEvent::key_revoked, "b", "three"));
  EXPECT_EQ(subjects(), (Texts{"three", "two", "one"}));
  EXPECT_EQ(subjects({.orgs = Texts{"a"}}), Texts{"one"});
  EXPECT_EQ(subjects({.orgs = Texts{"a", ""}}), (Texts{"two", "one"}));
  EXPECT_EQ(subjects({.orgs = Texts{}}), Texts{});
  EXPECT_EQ(subjects({.orgs = Texts{"b') OR ('1' = '1"}}), Texts{});
  EXPECT_EQ(subjects({.event = AuditEvent::login_refused}), Texts{"two"});
  EXPECT_EQ(subjects({.before = 3}), (Texts{"two", "one"}));
  EXPECT_EQ(subjects({.before = 3, .count_max = 1}), Texts{"two"});
  const auto stored = audit->latest({.orgs = Texts{"a"}});
  ASSERT_TRUE(stored && stored->size() == 1);
  EXPECT_EQ(stored->front().number, 1u);
  EXPECT_EQ(stored->front().time, ledger.clock.now());
  EXPECT_EQ(stored->front().event, AuditEvent::key_created);
  EXPECT_EQ(stored->front().principal, "admin");
  EXPECT_EQ(stored->front().principal_id, "id-1");
  EXPECT_EQ(stored->front().peer, "192.0.2.7");
  EXPECT_EQ(stored->front().detail, "roles admin");
}

TEST_F(AuditTest, WhatWasAddedIsThereAfterAStopAndNumbersGoOn) {
  audit->add(entry(AuditEvent::key_created, "a", "one"));
  open_audit();
  audit->add(entry(AuditEvent::key_created, "a", "two"));
  EXPECT_EQ(subjects(), (Texts{"two", "one"}));
  EXPECT_EQ(audit->latest({})->front().number, 2u);
}

TEST_F(AuditTest, EntriesAreWrittenBehindWithoutBeingAskedFor) {
  audit->add(entry(AuditEvent::key_created, "a", "one"));
  int rows = 0;
  for (int i = 0; i < 500 && rows == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(store->read([&](soci::session& sql) -> Status {
      sql << "SELECT COUNT(*) FROM audit", soci::into(rows);
      return {};
    }));
  }
  EXPECT_EQ(rows, 1);
}

TEST_F(AuditTest, OldEntriesArePrunedAndNumbersAreNotGivenAgain) {
  audit->add(entry(AuditEvent::key_created, "a", "one"));
  ASSERT_TRUE(audit->flush());
  ledger.clock.advance_us(60 * day_s * Instant::us_per_second);
  audit->add(entry(AuditEvent::key_created, "a", "two"));
  ASSERT_TRUE(audit->flush());
  ledger.clock.advance_us(31 * day_s * Instant::us_per_second);
  ASSERT_TRUE(audit->prune());
  EXPECT_EQ(subjects(), Texts{"two"});
  ledger.clock.advance_us(365 * day_s * Instant::us_per_second);
  ASSERT_TRUE(audit->prune());
  EXPECT_EQ(subjects(), Texts{"two"}) << "the newest keeps the count";
}

TEST_F(AuditTest, AFloodOfRefusalsIsCutAndLeavesRoomForTheRest) {
  for (std::size_t i = 0; i < 3 * Audit::refusals_a_minute_max; ++i) {
    audit->add(entry(AuditEvent::signature_refused, "", std::to_string(i)));
  }
  audit->add(entry(AuditEvent::signature_refused, "a", "of a tenant that nobody floods"));
  audit->add(entry(AuditEvent::key_created, "a", "one"));
  EXPECT_EQ(subjects({.count_max = 10'000}).size(), Audit::refusals_a_minute_max + 2);
  EXPECT_EQ(subjects({.count_max = 1}), Texts{"one"});
  ledger.clock.advance_us(60 * Instant::us_per_second);
  audit->add(entry(AuditEvent::signature_refused, "", "next minute"));
  EXPECT_EQ(subjects({.count_max = 1}), Texts{"next minute"});
}

TEST_F(AuditTest, ManyAddAtOnce) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) audit->add(entry(AuditEvent::key_created, "a", std::to_string(t)));
      });
    }
  }
  const auto entries = audit->latest({.count_max = 10'000});
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 800u);
  for (std::size_t i = 0; i < entries->size(); ++i) EXPECT_EQ((*entries)[i].number, 800 - i);
}

class TrailTest : public WithIdentity {
 protected:
  /// "event subject detail", newest first.
  Texts trail(const Principal& by, AuditQuery query = {}) {
    auto page = identity->audit_trail(by, query);
    EXPECT_TRUE(page) << error_of(page);
    Texts out;
    for (const AuditEntry& e : page.value_or(AuditPage{}).entries) {
      out.push_back(std::string(to_string(e.event)) + " " + e.subject + (e.detail.empty() ? "" : " " + e.detail));
    }
    return out;
  }
};

TEST_F(TrailTest, ChangesAndRefusalsAreTold) {
  const Principal admin = principal_with(Role::admin, "a");
  NewUser ana;
  ana.name = "ana";
  ana.password = "correct horse";
  ana.org = "a";
  ana.roles = {Role::viewer};
  ASSERT_TRUE(identity->create_user(admin, ana));
  ASSERT_TRUE(identity->set_password(admin, "ana", "another horse"));
  NewUser mail;
  mail.name = "ana";
  mail.email = "ana@a.example";
  ASSERT_TRUE(identity->change_user(admin, mail));
  ASSERT_TRUE(identity->change_user(admin, mail)) << "no change";
  EXPECT_FALSE(identity->login("ana", "correct horse"));
  const auto key = identity->create_key(admin, {"agent", "a-sub", "", {Role::ingester}});
  ASSERT_TRUE(key);
  ASSERT_TRUE(identity->revoke_key(admin, key->first.id));
  ASSERT_TRUE(identity->revoke_key(admin, key->first.id)) << "no change";
  const auto token = identity->create_signed_key(admin, {"erp", "a", {Role::ingester}, {}});
  ASSERT_TRUE(token);
  ASSERT_TRUE(identity->revoke_key(admin, token->key.id));
  ASSERT_TRUE(identity->revoke_key(admin, token->key.consumer_key));
  EXPECT_EQ(trail(admin), (Texts{
                              "application_revoked " + token->key.consumer_key,
                              "token_revoked " + token->key.id,
                              "token_created " + token->key.id + " roles ingester",
                              "application_created " + token->key.consumer_key,
                              "key_revoked " + key->first.id,
                              "key_created " + key->first.id + " roles ingester",
                              "login_refused ana wrong_password",
                              "user_changed ana roles viewer",
                              "password_changed ana",
                              "user_created ana roles viewer",
                          }));
  const auto page = identity->audit_trail(admin, {});
  EXPECT_EQ(page->entries.back().principal, "admin of a");
  EXPECT_EQ(page->entries.back().org, "a");
}

TEST_F(TrailTest, EachSeesHisOrgsAndOperatorsSeeWhatBelongsToNone) {
  const SignedKey of_a = must_create_token("a");
  Client stranger(of_a, ledger.clock.now());
  stranger.token_secret = "x";
  const std::string header = stranger.header();
  SignedRequest request;
  request.authorization = header;
  request.method = "POST";
  request.urls = {stranger.url};
  request.peer = "192.0.2.7";
  EXPECT_FALSE(identity->authenticate_signed(request, {}));
  EXPECT_FALSE(identity->login("nobody", "correct horse"));
  const Principal a = principal_with(Role::admin, "a");
  EXPECT_EQ(trail(a, {.event = "signature_refused"}), Texts{"signature_refused " + of_a.key.id + " InvalidSignature"});
  EXPECT_EQ(identity->audit_trail(a, {})->entries.front().peer, "192.0.2.7");
  for (const Principal& other :
       {principal_with(Role::admin, "b"), principal_with(Role::viewer, "a"), principal_with(Role::admin, "a-sub")}) {
    EXPECT_EQ(trail(other), Texts{}) << other.id;
  }
  EXPECT_EQ(trail(principal_with(Role::operator_, "a")), Texts{"login_refused  unknown_user"}) << "no org's";
  EXPECT_EQ(trail(server_principal()).size(), 4u);
  EXPECT_EQ(trail(a).size(), 3u);
}

TEST_F(TrailTest, PagesFollowEachOther) {
  for (int i = 0; i < 7; ++i) must_create_token("b");
  Texts all;
  AuditQuery query{.page_size = 3};
  do {
    const auto page = identity->audit_trail(principal_with(Role::admin, "b"), query);
    ASSERT_TRUE(page) << error_of(page);
    EXPECT_LE(page->entries.size(), 3u);
    for (const AuditEntry& e : page->entries) all.push_back(e.subject);
    query.page_token = page->next_page_token;
    must_create_token("b");  // newer ones do not move the pages
  } while (!query.page_token.empty());
  EXPECT_EQ(all.size(), 14u);
  for (const char* token : {"x", "0", "-1", "1x", "99999999999999999999"}) {
    EXPECT_EQ(identity->audit_trail(server_principal(), {.page_token = token}).error().field, "page_token") << token;
  }
  EXPECT_EQ(identity->audit_trail(server_principal(), {.event = "nothing"}).error().field, "event");
}

}  // namespace
}  // namespace meterport::identity
