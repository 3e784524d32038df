// Subscriptions in the catalogue: read, printed, kept and looked up.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

/// Every member, none at its default, in canonical form.
constexpr std::string_view full =
    R"({"id":"7","name":"Full","org":"acme","customer":"Ems","charge_number":"C-1",)"
    R"("term":{"start":"2024-01-01","end":"2024-12-31"},"status":"pending-activation",)"
    R"("fields":{"a":"text","b":1.500,"c":1E3,"d":""},)"
    R"("lines":[{"number":9,"id":"l9","item":"Hours","status":"suspended","term":{"end":"2024-06-30"},)"
    R"("fields":{"z":-0.10},"org":"acme-eu","meter":"geocode"},)"
    R"({"number":2,"type":"one-time"},{"number":3,"type":"recurring","meter":"geocode"}]})";

Subscription read(std::string_view json) {
  FormCheck check;
  const auto tree = parse_json(json);
  EXPECT_TRUE(tree);
  Subscription subscription = read_subscription(check, *tree, "");
  EXPECT_FALSE(check.first) << check.first->text;
  return subscription;
}

std::string file_of(std::string_view subscription) {
  return R"({"subscriptions":[)" + std::string(subscription) + "]}";
}

class SubscriptionsTest : public ::testing::Test, protected TestCatalog {
 protected:
  SubscriptionsTest() : TestCatalog("eu") {}
  void SetUp() override { must_import(example_catalogue); }
};

TEST(SubscriptionJson, EveryMemberIsReadAndPrintedAsItWas) {
  const Subscription s = read(full);
  EXPECT_EQ(s.status, SubscriptionStatus::pending_activation);
  EXPECT_EQ(s.charge_number, "C-1");
  EXPECT_EQ(s.term.end, day_from({2024, 12, 31}));
  ASSERT_EQ(s.fields.size(), 4u);
  EXPECT_FALSE(s.fields[0].is_number);
  EXPECT_TRUE(s.fields[1].is_number);
  EXPECT_EQ(s.fields[1].value, "1.500") << "the digits as written";
  ASSERT_EQ(s.lines.size(), 3u);
  EXPECT_EQ(s.status_of(*s.line(9)), SubscriptionStatus::suspended);
  EXPECT_FALSE(s.term_of(*s.line(9)).start);
  EXPECT_EQ(s.line(2)->type, LineType::one_time);
  EXPECT_EQ(s.status_of(*s.line(2)), SubscriptionStatus::pending_activation);
  EXPECT_EQ(subscription_to_json(s), full);
}

TEST(SubscriptionJson, TwoWaysToWriteTheSameComeOutEqual) {
  const Subscription s =
      read(R"({"lines":[{"type":"usage","meter":"m","number":1,"fields":{},"term":{}}],"status":"active","term":{},)"
           R"("fields":{"b":"2","a":"1"},"org":"o","name":"N","id":"1","customer":null})");
  EXPECT_EQ(subscription_to_json(s), R"({"id":"1","name":"N","org":"o","fields":{"a":"1","b":"2"},)"
                                     R"("lines":[{"number":1,"meter":"m"}]})");
}

TEST_F(SubscriptionsTest, X01_ASubscriptionComesOutAsItWentInAlsoAfterARestart) {
  EXPECT_EQ(must_import(file_of(full)).subscriptions, 1u);
  EXPECT_EQ(must_import(file_of(full)).subscriptions, 0u);
  EXPECT_NE(exported().find(full), std::string::npos) << exported();
  const std::string before = exported();
  restart();
  EXPECT_EQ(exported(), before);
  forget_projection_after(0);
  restart();
  EXPECT_EQ(exported(), before) << "replayed from the ledger";
  EXPECT_EQ(must_import(before).subscriptions, 0u);
}

TEST_F(SubscriptionsTest, ARecordOfANewerVersionIsReadWithoutWhatThisOneDoesNotKnow) {
  append(ledger::RecordKind::catalogue_change,
         R"({"kind":"subscription","object":{"id":"8","name":"Newer","org":"acme","colour":"red",)"
         R"("lines":[{"number":1,"meter":"geocode","size":3}]}})");
  restart();
  forget_projection_after(now()->position());
  restart();
  ASSERT_NE(now()->subscription("acme", "8"), nullptr);
  EXPECT_EQ(now()->subscription("acme", "8")->line(1)->meter, "geocode");
}

TEST_F(SubscriptionsTest, LookUpsAreJudgedInOneAccount) {
  must_import(R"({"orgs":[{"id":"other","kind":"production","name":"Other"}],"subscriptions":[
    {"id":"1","name":"Ems SP 001 - 1/1/2018","org":"other","fields":{"only_here":"x"},
     "lines":[{"number":1,"id":"301","meter":"geocode"}]},
    {"id":"1","name":"Of the sub-org","org":"acme-eu"}]})");
  const SnapshotPtr snapshot = now();
  for (const char* owner : {"acme", "other"}) {
    const FoundSubscription found = snapshot->find_subscription(owner, "name", "Ems SP 001 - 1/1/2018");
    ASSERT_EQ(found.count, Count::one);
    EXPECT_EQ(found.subscription, snapshot->subscription(owner, "1"));
    EXPECT_EQ(snapshot->find_line(owner, "internalid", "301").subscription, found.subscription);
  }
  EXPECT_TRUE(snapshot->has_subscription_field("other", "only_here"));
  EXPECT_FALSE(snapshot->has_subscription_field("acme", "only_here"));
  EXPECT_TRUE(snapshot->has_line_field("acme", "custrecord_sb_line_service_id"));
  EXPECT_FALSE(snapshot->has_line_field("acme-us", "custrecord_sb_line_service_id"));
  EXPECT_TRUE(snapshot->has_line_field("nobody", "item"));
  EXPECT_EQ(snapshot->find_line("nobody", "item", "Data hours").count, Count::none);
  EXPECT_EQ(snapshot->subscription("nobody", "1"), nullptr);
  EXPECT_EQ(snapshot->subscriptions().size(), 3u);
  EXPECT_EQ(snapshot->subscriptions()[1]->org, "acme-eu") << "by id, then owner";
}

TEST_F(SubscriptionsTest, TheSubscriptionAnOrgSeesIsTheNearestAtOrAboveIt) {
  const auto owner_seen_by = [&](std::string_view org) {
    const auto snapshot = now();
    const Subscription* seen = snapshot->subscription_seen_by(org, "1");
    return seen == nullptr ? std::string("none") : seen->org;
  };
  EXPECT_EQ(owner_seen_by("acme-eu"), "acme");
  EXPECT_EQ(owner_seen_by("acme"), "acme");
  EXPECT_EQ(owner_seen_by("nobody"), "none");
  must_import(R"({"subscriptions":[{"id":"1","name":"Nearer","org":"acme-eu"}]})");
  EXPECT_EQ(owner_seen_by("acme-eu"), "acme-eu");
  EXPECT_EQ(owner_seen_by("acme-test"), "acme");
  EXPECT_EQ(owner_seen_by("acme"), "acme");
}

TEST_F(SubscriptionsTest, AChangeIsSeenByNewSnapshotsOnly) {
  const SnapshotPtr before = now();
  EXPECT_EQ(before->find_subscription("acme", "customer", "Ems").count, Count::one);
  must_import(R"({"subscriptions":[{"id":"2","name":"Second","org":"acme","customer":"Ems"}]})");
  EXPECT_EQ(before->find_subscription("acme", "customer", "Ems").count, Count::one);
  EXPECT_EQ(now()->find_subscription("acme", "customer", "Ems").count, Count::several);
  const auto past = catalog->at(before->position());
  ASSERT_TRUE(past);
  EXPECT_EQ((*past)->find_subscription("acme", "customer", "Ems").subscription->id, "1");
}

TEST_F(SubscriptionsTest, AnOrgIsFoundByItsNetsuiteAccountInAnyCase) {
  for (const char* account : {"1234567_SB1", "1234567-sb1", "1234567_sb1"}) {
    const Org* org = now()->org_by_netsuite_account(account);
    ASSERT_NE(org, nullptr) << account;
    EXPECT_EQ(org->id, "acme");
  }
  EXPECT_EQ(now()->org_by_netsuite_account("1234567"), nullptr);
  EXPECT_EQ(now()->org_by_netsuite_account(""), nullptr);
}

}  // namespace
}  // namespace meterport::catalog
