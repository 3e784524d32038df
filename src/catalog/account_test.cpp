#include "catalog/account.h"

#include <gtest/gtest.h>

#include <thread>

#include "catalog/state.h"

namespace meterport::catalog {
namespace {

Subscription subscription(const std::string& id, const std::string& name, const std::string& owner = "acme") {
  Subscription made;
  made.id = id;
  made.name = name;
  made.org = owner;
  return made;
}

SubscriptionLine line(std::int64_t number, const std::string& id, const std::string& item) {
  SubscriptionLine made;
  made.number = number;
  made.id = id;
  made.item = item;
  return made;
}

/// Two subscriptions of one name and one customer each, with fields of every sort.
Account searched_account() {
  Account account;
  Subscription first = subscription("1", "Twin");
  first.customer = "Ems";
  first.fields = {{"name", "not by this", false}, {"service", "1001", false}, {"size", "1.50", true}};
  first.lines = {line(1, "301", "Hours"), line(2, "302", "Hours"), line(3, "", "Seats")};
  first.lines[0].fields = {{"internalid", "not by this", false}, {"line_service", "1234", false}};
  account.put(std::move(first));
  Subscription second = subscription("2", "Twin");
  second.fields = {{"service", "1002", false}, {"size", "1.5", true}};
  second.lines = {line(1, "303", "")};
  second.lines[0].fields = {{"line_service", "1234", false}};
  account.put(std::move(second));
  return account;
}

TEST(Account, ASubscriptionIsFoundByBuiltInNamesAndItsFields) {
  const Account account = searched_account();
  for (const auto& [field, value, id] :
       {std::tuple{"internalid", "2", "2"}, {"customer", "Ems", "1"}, {"service", "1001", "1"}, {"size", "1.5", "2"}}) {
    const FoundSubscription found = account.find_subscription(field, value);
    ASSERT_EQ(found.count, Count::one) << field;
    EXPECT_EQ(found.subscription->id, id) << field;
    EXPECT_EQ(found.subscription, account.subscription(id)) << field;
  }
  const FoundSubscription twins = account.find_subscription("name", "Twin");
  EXPECT_EQ(twins.count, Count::several);
  EXPECT_EQ(twins.subscription, nullptr);
  for (const auto& [field, value] : {std::pair{"name", "twin"},
                                     {"name", "not by this"},
                                     {"service", "1003"},
                                     {"customer", ""},
                                     {"size", "1.500"},
                                     {"colour", "red"},
                                     {"line_service", "1234"}}) {
    EXPECT_EQ(account.find_subscription(field, value).count, Count::none) << field << " " << value;
  }
}

TEST(Account, ALineIsFoundByBuiltInNamesAndItsFields) {
  const Account account = searched_account();
  const FoundLine by_id = account.find_line("internalid", "302");
  ASSERT_EQ(by_id.count, Count::one);
  EXPECT_EQ(by_id.subscription, account.subscription("1"));
  EXPECT_EQ(by_id.line, account.subscription("1")->line(2));
  EXPECT_EQ(account.find_line("item", "Seats").line, account.subscription("1")->line(3));
  EXPECT_EQ(account.find_line("item", "Hours").count, Count::several) << "two lines of one subscription";
  EXPECT_EQ(account.find_line("line_service", "1234").count, Count::several) << "lines of two subscriptions";
  EXPECT_EQ(account.find_line("line_service", "1234").line, nullptr);
  for (const auto& [field, value] : {std::pair{"internalid", ""},
                                     {"internalid", "not by this"},
                                     {"item", ""},
                                     {"service", "1001"},
                                     {"name", "Twin"}}) {
    EXPECT_EQ(account.find_line(field, value).count, Count::none) << field << " " << value;
  }
}

TEST(Account, AFieldExistsWhereAnyObjectOfThatKindCarriesIt) {
  const Account account = searched_account(), empty;
  for (const char* field : {"internalid", "name", "customer"}) {
    EXPECT_TRUE(account.has_subscription_field(field) && empty.has_subscription_field(field)) << field;
  }
  for (const char* field : {"internalid", "item"}) {
    EXPECT_TRUE(account.has_line_field(field) && empty.has_line_field(field)) << field;
  }
  EXPECT_TRUE(account.has_subscription_field("service"));
  EXPECT_TRUE(account.has_line_field("line_service"));
  EXPECT_FALSE(account.has_line_field("service"));
  EXPECT_FALSE(account.has_line_field("name"));
  EXPECT_FALSE(account.has_subscription_field("line_service"));
  EXPECT_FALSE(empty.has_subscription_field("service"));
}

TEST(Account, ManyMaySearchAtOnce) {
  const Account account = searched_account();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      EXPECT_EQ(account.find_subscription("service", "1001").count, Count::one);
      EXPECT_TRUE(account.has_line_field("line_service"));
    });
  }
}

TEST(State, SharesAnAccountUntilItIsChanged) {
  State before;
  before.put(subscription("1", "One", "acme"));
  before.put(subscription("1", "One", "other"));
  before.put(subscription("0", "Zero", "other"));
  State after = before;
  Org renamed;
  renamed.id = "acme";
  after.put(std::move(renamed));
  EXPECT_EQ(after.accounts, before.accounts) << "a change elsewhere makes no new index";
  after.put(subscription("2", "Two", "acme"));
  const auto changed = after.accounts.at("acme");
  EXPECT_NE(changed, before.accounts.at("acme"));
  EXPECT_EQ(after.accounts.at("other"), before.accounts.at("other"));
  EXPECT_EQ(before.subscription("acme", "2"), nullptr);
  EXPECT_EQ(after.subscription("acme", "1"), before.subscription("acme", "1"));

  std::vector<std::string> listed;
  for (const Subscription* each : after.subscriptions()) listed.push_back(each->id + " of " + each->org);
  EXPECT_EQ(listed, (std::vector<std::string>{"0 of other", "1 of acme", "1 of other", "2 of acme"}));
}

TEST(State, AChangeCopiesAnAccountOnce) {
  State before;
  before.put(subscription("1", "One"));
  State after = before;
  after.put(subscription("2", "Two"));
  const Account* copy = after.accounts.at("acme").get();
  after.put(subscription("3", "Three"));
  EXPECT_EQ(after.accounts.at("acme").get(), copy);
}

}  // namespace
}  // namespace meterport::catalog
