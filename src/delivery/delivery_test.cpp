#include "delivery/delivery.h"

#include <gtest/gtest.h>

#include "delivery/test_outbox.h"
#include "delivery/test_receiver.h"

namespace meterport::delivery {
namespace {

class DeliveryTest : public OutboxTest {
 protected:
  void enqueue(const std::string& job, const std::string& url) {
    const Status stored = outbox_->enqueue(
        {.job_id = job, .org = "acme", .url = url, .content_type = "text/plain", .body = "Job with jobID: " + job});
    ASSERT_TRUE(stored.has_value()) << stored.error().text << stored.error().detail;
  }

  Receiver receiver_;
};

TEST_F(DeliveryTest, ACallbackArrivesOnceWithItsText) {
  start();
  enqueue("job1", receiver_.url());
  const Delivery done = wait_for_state("job1", "delivered");
  EXPECT_EQ(done.attempts, 1);
  EXPECT_EQ(done.last_status, 200);
  EXPECT_EQ(receiver_.bodies(), std::vector<std::string>{"text/plain|Job with jobID: job1"});
  const auto attempts = outbox_->attempts_of(done.id);
  ASSERT_TRUE(attempts.has_value());
  ASSERT_EQ(attempts->size(), 1U);
  EXPECT_EQ(attempts->front().status, 200);
}

TEST_F(DeliveryTest, FailuresAreRetriedWithPausesUntilNoAttemptIsLeft) {
  receiver_.answer_with(500);
  start();
  enqueue("job1", receiver_.url());
  const Delivery first = wait_for_attempts("job1", 1);
  EXPECT_EQ(first.state, "pending");
  EXPECT_EQ(first.last_error, "answered with status 500");
  EXPECT_GT(first.next_attempt, clock_.now().plus_seconds(-5));
  clock_.advance_us(6 * Instant::us_per_second);
  EXPECT_EQ(wait_for_attempts("job1", 2).state, "pending");
  clock_.advance_us(331 * Instant::us_per_second);
  const Delivery last = wait_for_state("job1", "failed");
  EXPECT_EQ(last.attempts, 3);
  EXPECT_EQ(receiver_.bodies().size(), 3U);

  receiver_.answer_with(204);
  ASSERT_TRUE(outbox_->retry(last.id).has_value());
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 4);
  EXPECT_EQ(outbox_->attempts_of(last.id)->size(), 4U);
  EXPECT_EQ(outbox_->retry("nobody").error().kind, ErrorKind::not_found);
}

TEST_F(DeliveryTest, WhatIsPendingSurvivesARestart) {
  receiver_.answer_with(503);
  start();
  enqueue("job1", receiver_.url());
  (void)wait_for_attempts("job1", 1);
  outbox_.reset();
  receiver_.answer_with(200);
  clock_.advance_us(6 * Instant::us_per_second);
  start();
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 2);
}

// I35
TEST_F(DeliveryTest, AddressesThatMustNotBeContactedAreRefusedWithTheReason) {
  ASSERT_TRUE(settings_.set("delivery.allowed_ranges", std::vector<std::string>{}).has_value());
  start();
  enqueue("dummy", "https://MyExportJobStatus.com");
  enqueue("malformed", "not a url");
  enqueue("scheme", "ftp://127.0.0.1/x");
  enqueue("loopback", receiver_.url());
  enqueue("metadata", "http://169.254.169.254/latest/meta-data");
  EXPECT_EQ(only("dummy").state, "refused");
  EXPECT_TRUE(only("dummy").last_error.starts_with("skipped"));
  EXPECT_EQ(only("malformed").state, "refused");
  EXPECT_EQ(only("scheme").last_error, "url: only http and https are supported");
  EXPECT_EQ(wait_for_state("loopback", "refused").last_error, "the address of 127.0.0.1 is not public");
  EXPECT_EQ(wait_for_state("metadata", "refused").attempts, 1);
  EXPECT_TRUE(receiver_.bodies().empty());
}

TEST_F(DeliveryTest, AnUnreachableReceiverDoesNotStopTheOthers) {
  std::string gone;
  {
    const Receiver closed;
    gone = closed.url();
  }
  start();
  enqueue("gone", gone);
  enqueue("there", receiver_.url());
  EXPECT_EQ(wait_for_state("there", "delivered").attempts, 1);
  EXPECT_EQ(wait_for_attempts("gone", 1).state, "pending");
  const auto latest = outbox_->page({.count_max = 10});
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(latest->size(), 2U);
}

TEST_F(DeliveryTest, ASlowReceiverHoldsUpOnlyItself) {
  Receiver slow("127.0.0.2");
  slow.keep_waiting();
  start();
  for (int i = 0; i < 100; ++i) enqueue("slow" + std::to_string(i), slow.url());
  slow.wait_for_bodies(1);
  enqueue("quick", receiver_.url());
  EXPECT_EQ(wait_for_state("quick", "delivered").attempts, 1);
  EXPECT_EQ(slow.bodies().size(), 1U) << "one at a time to a host";
  slow.let_go();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(wait_for_state("slow" + std::to_string(i), "delivered").attempts, 1);
  EXPECT_EQ(slow.bodies().size(), 100U);
}

TEST_F(DeliveryTest, AnEnqueueInsideATransactionGoesWithIt) {
  start();
  const NewDelivery delivery{
      .job_id = "job1", .org = "acme", .url = receiver_.url(), .content_type = "text/plain", .body = "x"};
  const Status failed = store_->write([&](soci::session& session) -> Status {
    if (auto stored = outbox_->enqueue_within(session, delivery); !stored) return stored;
    return fail(ErrorKind::internal, "on purpose");
  });
  EXPECT_FALSE(failed.has_value());
  EXPECT_TRUE(outbox_->of_job("job1")->empty());
  const Status stored =
      store_->write([&](soci::session& session) { return outbox_->enqueue_within(session, delivery); });
  EXPECT_TRUE(stored.has_value());
  outbox_->wake();
  (void)wait_for_state("job1", "delivered");
}

TEST_F(DeliveryTest, AForgottenJobLeavesNothingAndOthersStay) {
  receiver_.answer_with(500);
  start();
  enqueue("old", receiver_.url());
  enqueue("kept", receiver_.url());
  const std::string old_id = wait_for_attempts("old", 1).id;
  const std::string kept_id = wait_for_attempts("kept", 1).id;
  const Status done = store_->write([&](soci::session& session) { return outbox_->forget_job_within(session, "old"); });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  EXPECT_TRUE(outbox_->of_job("old")->empty());
  EXPECT_TRUE(outbox_->attempts_of(old_id)->empty());
  EXPECT_EQ(outbox_->of_job("kept")->size(), 1U);
  EXPECT_EQ(outbox_->attempts_of(kept_id)->size(), 1U);
}

TEST_F(DeliveryTest, ABadRangeStopsTheStart) {
  ASSERT_TRUE(settings_.set("delivery.allowed_ranges", std::vector<std::string>{"10.0.0.0/99"}).has_value());
  const auto outbox = Outbox::open(*store_, clock_, system_random(), settings_, metrics_, keys());
  ASSERT_FALSE(outbox.has_value());
  EXPECT_EQ(outbox.error().field, "delivery.allowed_ranges");
}

}  // namespace
}  // namespace meterport::delivery
