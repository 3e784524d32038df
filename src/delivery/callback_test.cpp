// Callbacks as Standard Webhooks has them: headers, what a receiver can ask for, and names that change their address.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "delivery/test_outbox.h"
#include "delivery/test_receiver.h"

namespace meterport::delivery {
namespace {

class CallbackTest : public OutboxTest {
 protected:
  void enqueue(const std::string& job, const std::string& url, const std::string& org = "acme") {
    const Status stored =
        outbox_->enqueue({.job_id = job, .org = org, .url = url, .content_type = "text/plain", .body = "text"});
    ASSERT_TRUE(stored.has_value()) << stored.error().text << stored.error().detail;
  }
  /// Names resolve to these addresses, one after the other; everything arrives at the receiver.
  void resolve_to(std::vector<std::string> addresses) {
    seams_.resolve = [left = std::move(addresses)](const std::string&,
                                                   const std::string&) mutable -> Result<std::vector<std::string>> {
      const std::string address = left.front();
      if (left.size() > 1) left.erase(left.begin());
      return std::vector{address};
    };
    seams_.endpoint = [this](const std::string& address, const std::string&) {
      const std::lock_guard lock(mutex_);
      connected_.push_back(address);
      const std::string url = receiver_.url();
      return url.substr(7, url.rfind('/') - 7);
    };
  }
  std::vector<Delivery> all(PageRequest request = {}) {
    auto page = outbox_->page(request);
    EXPECT_TRUE(page.has_value());
    return page ? *page : std::vector<Delivery>();
  }

  std::vector<std::string> connected() {
    const std::lock_guard lock(mutex_);
    return connected_;
  }

  Receiver receiver_;

 private:
  std::mutex mutex_;
  std::vector<std::string> connected_;
};

TEST_F(CallbackTest, CarriesTheHeadersOfStandardWebhooks) {
  start();
  clock_.set_offset_us(-1'000 * Instant::us_per_day);
  enqueue("job1", receiver_.url());
  const Delivery done = wait_for_state("job1", "delivered");
  const http::Request request = receiver_.request();
  EXPECT_EQ(request.header("webhook-id"), done.id);
  const auto attempts = outbox_->attempts_of(done.id);
  ASSERT_EQ(attempts->size(), 1U);
  const std::int64_t unix_seconds = attempts->front().began.us / Instant::us_per_second;
  EXPECT_EQ(request.header("webhook-timestamp"), std::to_string(unix_seconds));
  EXPECT_EQ(request.header("webhook-signature"), keys().signature("acme", done.id, unix_seconds, "text"));
}

TEST_F(CallbackTest, After410NothingMoreOfTheJobGoesThere) {
  receiver_.answer_with(410);
  start();
  enqueue("job1", receiver_.url());
  EXPECT_EQ(wait_for_state("job1", "failed").attempts, 1);
  receiver_.answer_with(200);
  enqueue("job1", receiver_.url());  // of a later revision of its output
  enqueue("job1", receiver_.url() + "/else");
  enqueue("job2", receiver_.url());
  EXPECT_EQ(wait_for_state("job2", "delivered").attempts, 1);
  const auto refused = all({.job_id = "job1", .state = "refused"});
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].attempts, 0);
  EXPECT_TRUE(refused[0].last_error.contains("410 Gone")) << refused[0].last_error;
}

TEST_F(CallbackTest, After410WhatIsPendingOfTheJobThereIsNotSent) {
  receiver_.answer_with(500);
  start();
  enqueue("job1", receiver_.url());
  (void)wait_for_attempts("job1", 1);
  receiver_.answer_with(410);
  enqueue("job1", receiver_.url());
  const PageRequest refused{.job_id = "job1", .state = "refused"};
  for (int i = 0; i < 1000 && all(refused).empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_EQ(all(refused).size(), 1U);
  EXPECT_EQ(all(refused)[0].attempts, 1) << "the one that had been put off";
  EXPECT_EQ(all({.job_id = "job1", .state = "failed"}).size(), 1U);
  clock_.advance_us(Instant::us_per_day);
  EXPECT_EQ(receiver_.bodies().size(), 2U);
}

TEST_F(CallbackTest, WaitsAsLongAsItIsAsked) {
  receiver_.answer_with(503, "600");
  start();
  enqueue("job1", receiver_.url());
  const Delivery first = wait_for_attempts("job1", 1);
  const auto waits = first.next_attempt.us - clock_.now().us;
  EXPECT_GT(waits, 590 * Instant::us_per_second);
  EXPECT_LE(waits, 600 * Instant::us_per_second);
}

TEST_F(CallbackTest, TheNameIsResolvedAndItsAddressCheckedAtEachAttempt) {
  resolve_to({"93.184.216.34", "10.0.0.7", "2606:4700::1111"});
  receiver_.answer_with(500);
  start();
  enqueue("job1", "http://hooks.example/done");
  EXPECT_EQ(wait_for_attempts("job1", 1).state, "pending");
  clock_.advance_us(6 * Instant::us_per_second);
  const Delivery refused = wait_for_state("job1", "refused");
  EXPECT_EQ(refused.last_error, "the address of hooks.example is not public");
  EXPECT_EQ(connected(), std::vector<std::string>{"93.184.216.34"});
  receiver_.answer_with(200);
  ASSERT_TRUE(outbox_->retry(refused.id).has_value());
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 3);
  EXPECT_EQ(connected().back(), "2606:4700::1111");
}

TEST_F(CallbackTest, WhatIsRefusedAtOnceStaysSoWhenItIsSentAgain) {
  resolve_to({"93.184.216.34"});
  start();
  enqueue("dummy", "https://myexportjobstatus.com/");
  enqueue("scheme", "ftp://hooks.example/");
  for (const char* job : {"dummy", "scheme"}) {
    const Delivery before = only(job);
    ASSERT_EQ(before.state, "refused");
    ASSERT_TRUE(outbox_->retry(before.id).has_value());
    const Delivery after = wait_for_attempts(job, 1);
    EXPECT_EQ(after.state, "refused");
    EXPECT_EQ(after.last_error, before.last_error);
  }
  EXPECT_TRUE(connected().empty());
}

TEST_F(CallbackTest, SentAgainByHandItsPausesBeginAnew) {
  receiver_.answer_with(500);
  start();
  enqueue("job1", receiver_.url());
  for (int attempts = 1; attempts <= 2; ++attempts) {
    (void)wait_for_attempts("job1", attempts);
    clock_.advance_us(400 * Instant::us_per_second);
  }
  const Delivery failed = wait_for_state("job1", "failed");
  ASSERT_TRUE(outbox_->retry(failed.id).has_value());
  const Delivery again = wait_for_attempts("job1", 4);
  EXPECT_EQ(again.state, "pending");
  EXPECT_LE(again.next_attempt, clock_.now().plus_seconds(6));
}

TEST_F(CallbackTest, SentAgainByHandWhileItIsSentItIsSentOnceMore) {
  ASSERT_TRUE(settings_.set("delivery.attempts_max", std::int64_t{1}).has_value());
  receiver_.keep_waiting();
  receiver_.answer_with(500);
  start();
  enqueue("job1", receiver_.url());
  receiver_.wait_for_bodies(1);
  ASSERT_TRUE(outbox_->retry(only("job1").id).has_value());
  receiver_.let_go();
  EXPECT_EQ(wait_for_attempts("job1", 2).state, "failed");
  EXPECT_EQ(outbox_->attempts_of(only("job1").id)->size(), 2U);
}

TEST_F(CallbackTest, AnOrgWithManyReceiversThatHangHoldsUpNoOtherOrg) {
  resolve_to({"93.184.216.34"});
  receiver_.keep_waiting();
  start();
  for (int i = 0; i < 30; ++i) enqueue("job" + std::to_string(i), fmt::format("http://h{}.example/", i));
  receiver_.wait_for_bodies(4);
  enqueue("other", "http://hooks.example/other", "other");
  receiver_.wait_for_bodies(5);
  EXPECT_EQ(receiver_.request().path, "/other");
  receiver_.let_go();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(wait_for_state("job" + std::to_string(i), "delivered").attempts, 1);
}

TEST_F(CallbackTest, PagesAreNewestFirst) {
  start();
  std::vector<std::string> ids;
  for (const char* job : {"a", "b", "c", "d"}) {
    enqueue(job, "ftp://x");
    ids.insert(ids.begin(), only(job).id);
    clock_.advance_us(1'000);
  }
  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = all({.after = after, .count_max = 3});
    for (const Delivery& one : page) seen.push_back(one.id);
    if (page.size() < 3) break;
    after = page.back().id;
  }
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(all({.orgs = std::vector<std::string>{"acme"}}).size(), 4U);
  EXPECT_TRUE(all({.orgs = std::vector<std::string>{"other", "x'); --"}}).empty());
  EXPECT_TRUE(all({.orgs = std::vector<std::string>{}}).empty());
  EXPECT_TRUE(all({.after = "nobody"}).empty());
  EXPECT_EQ(outbox_->get(ids[0])->job_id, "d");
  EXPECT_EQ(outbox_->get("nobody").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace meterport::delivery
