// What happens beside the runs: retention, callbacks, waiters.
#include <gtest/gtest.h>

#include "exports/job_store.h"
#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

class ExportUpkeep : public ExportsTest {};

TEST_F(ExportUpkeep, AnArtifactIsKeptThreeDaysAndAJobThirty) {
  const Job job = run(september());
  EXPECT_EQ(job.expires, job.finished->plus_seconds(3 * 86'400));
  clock_.advance_us(3 * Instant::us_per_day - Instant::us_per_second * 3600);
  EXPECT_TRUE(exports_->artifact(admin_, job.id));
  clock_.advance_us(Instant::us_per_second * 3601);
  const auto gone = exports_->artifact(admin_, job.id);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::gone);
  const auto still = exports_->get(admin_, job.id);
  ASSERT_TRUE(still);
  EXPECT_EQ(still->state, JobState::success);
  EXPECT_EQ(shown_state(*still, clock_.now()), JobState::expired);
  // The upkeep thread removes the file by itself.
  EXPECT_TRUE(comes_true([&] { return artifacts() == std::vector<std::string>{job.id + "-1.manifest.json"}; }));
  clock_.advance_us(28 * Instant::us_per_day);
  EXPECT_EQ(exports_->get(admin_, job.id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(comes_true([&] { return artifacts().empty(); }));
}

TEST_F(ExportUpkeep, TheCallbackIsQueuedOnceAlsoWhenAProcessDiesBetween) {
  callback_url_ = "https://example.invalid/done";
  const Job job = run(september());
  EXPECT_TRUE(comes_true([&] { return !deliveries(job.id).empty(); }));
  ASSERT_EQ(deliveries(job.id).size(), 1U);
  EXPECT_EQ(deliveries(job.id)[0].url, callback_url_);
  EXPECT_EQ(deliveries(job.id)[0].org, "top");

  // Ended, but the process died before the outbox had it.
  exports_->stop(0);
  const auto other = create(september());
  JobStore store(*control_);
  auto taken = store.take("dead/0", clock_.now(), clock_.now().plus_seconds(60), {});
  ASSERT_TRUE(taken && *taken);
  (*taken)->job.state = JobState::failed;
  (*taken)->job.finished = clock_.now();
  check(store.finish(**taken));
  reopen();
  exports_->start();
  EXPECT_TRUE(comes_true([&] { return !deliveries(other->id).empty(); }));
  EXPECT_EQ(deliveries(other->id).size(), 1U);
  EXPECT_EQ(deliveries(job.id).size(), 1U);
}

TEST_F(ExportUpkeep, TheCallbackIsStoredWithTheEnd) {
  callback_url_ = "https://example.invalid/done";
  const auto job = create(september());
  ASSERT_TRUE(job);
  std::promise<std::size_t> stored;
  exports_->when_final(admin_, job->id, 120'000, [&](const Result<Job>&) {
    // Waiters are told first: whoever sees the end sees the callback.
    stored.set_value(deliveries(job->id).size());
  });
  exports_->start();
  EXPECT_EQ(stored.get_future().get(), 1U);
  EXPECT_TRUE(JobStore(*control_).notices_due(10)->empty());
}

TEST_F(ExportUpkeep, WithAnOldJobItsDeliveriesGoToo) {
  callback_url_ = "https://example.invalid/done";
  const Job job = run(september());
  clock_.advance_us(10 * Instant::us_per_day);
  const Job later = run(september());
  const auto has = [&](const std::string& id) { return !deliveries(id).empty(); };
  ASSERT_TRUE(comes_true([&] { return has(job.id) && has(later.id); }));
  clock_.advance_us(21 * Instant::us_per_day);
  EXPECT_TRUE(comes_true([&] { return !has(job.id); }));
  EXPECT_EQ(JobStore(*control_).get(job.id).error().kind, ErrorKind::not_found) << "one transaction";
  EXPECT_TRUE(has(later.id));
}

TEST_F(ExportUpkeep, AWaiterIsAnsweredAtTheEndOrWhenItsTimeIsOver) {
  const auto job = create(september());
  const auto ask = [&](std::int64_t wait_ms) {
    auto promise = std::make_shared<std::promise<Result<Job>>>();
    exports_->when_final(admin_, job->id, wait_ms,
                         [promise](Result<Job> answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  };
  EXPECT_EQ(ask(0).get()->state, JobState::created);
  EXPECT_EQ(ask(20).get()->state, JobState::created);
  auto first = ask(60'000), second = ask(120'000);
  exports_->start();
  EXPECT_EQ(first.get()->state, JobState::success);
  EXPECT_EQ(second.get()->state, JobState::success);
  EXPECT_EQ(ask(60'000).get()->state, JobState::success);

  exports_->stop(1000);
  const auto late = create(september());
  std::promise<JobState> state;
  exports_->when_final(admin_, late->id, 60'000, [&](Result<Job> answer) { state.set_value(answer->state); });
  EXPECT_EQ(state.get_future().get(), JobState::created) << "nobody would ever answer after a stop";
}

}  // namespace
}  // namespace meterport::exports
