#include "exports/job_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <random>
#include <thread>

#include "base/test_folder.h"

namespace meterport::exports {
namespace {

class JobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = control::open_sqlite(folder_ / "control.sqlite");
    ASSERT_TRUE(opened) << opened.error().detail;
    control_ = std::move(*opened);
  }

  static StoredJob job(std::string id, std::string org = "acme") {
    StoredJob stored;
    stored.job.id = std::move(id);
    stored.job.spec.org = std::move(org);
    stored.job.spec.kind = ExportKind::project_folder;
    stored.job.spec.period = {start_of(Day{20'000}), start_of(Day{20'030})};
    stored.job.spec.split = FileSplit::per_org;
    stored.job.spec.all_linked = true;
    stored.job.note = {"informatica", R"({"a":"it's"})", "https://example.com/done"};
    stored.job.user_id = "u1";
    stored.job.snapshot = {Instant{1'700'000'000'000'000}, 77, 5};
    stored.job.created = stored.job.updated = Instant{1'700'000'000'000'000};
    stored.active_jobs_max = 5;
    return stored;
  }
  void insert(StoredJob stored) {
    auto done = store().insert(stored);
    ASSERT_TRUE(done) << done.error().text << done.error().detail;
  }
  JobStore& store() {
    if (!store_) store_.emplace(*control_);
    return *store_;
  }
  std::string take(const std::string& runner, Instant now = Instant{1}) {
    auto taken = store().take(runner, now, now.plus_seconds(60), {});
    EXPECT_TRUE(taken);
    return *taken ? (*taken)->job.id : "";
  }

  TestFolder folder_;
  std::unique_ptr<control::Store> control_;
  std::optional<JobStore> store_;
};

TEST_F(JobStoreTest, AJobReadsAsItWasStored) {
  StoredJob stored = job("j1");
  stored.job.spec.as_of_position = 76;
  stored.job.spec.meter = "m";
  stored.missing = {{"b", "c"}, {"b"}, "2 of 3"};
  stored.has_partial_rights = true;
  insert(stored);
  const auto read = store().get("j1");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->job.spec.kind, ExportKind::project_folder);
  EXPECT_EQ(read->job.spec.split, FileSplit::per_org);
  EXPECT_TRUE(read->job.spec.all_linked);
  EXPECT_EQ(read->job.spec.period, stored.job.spec.period);
  EXPECT_EQ(read->job.spec.as_of_position, 76U);
  EXPECT_FALSE(read->job.spec.as_of_time);
  EXPECT_EQ(read->job.note.json, stored.job.note.json);
  EXPECT_EQ(read->job.note.callback_url, stored.job.note.callback_url);
  EXPECT_EQ(read->job.snapshot, stored.job.snapshot);
  EXPECT_EQ(read->job.created, stored.job.created);
  EXPECT_FALSE(read->job.finished);
  EXPECT_EQ(read->job.progress.waiting_for, "a runner");
  EXPECT_EQ(read->missing.ids, stored.missing.ids);
  EXPECT_EQ(read->missing.named, stored.missing.named);
  EXPECT_EQ(read->missing.text, "2 of 3");
  EXPECT_EQ(store().get("other").error().kind, ErrorKind::not_found);
}

/// Any text, with what JSON and SQL quote.
std::string random_text(std::mt19937& random) {
  static constexpr std::array<std::string_view, 9> pieces = {"a", "Z", "9", "\"", "'", "\\", "\n", "\xC3\xBC", " "};
  std::string out;
  for (auto n = random() % 6; n > 0; --n) out += pieces[random() % pieces.size()];
  return out;
}
std::vector<std::string> random_texts(std::mt19937& random) {
  std::vector<std::string> out(random() % 4);
  for (std::string& text : out) text = random_text(random);
  return out;
}

TEST_F(JobStoreTest, AnySpecOfBilledUsageReadsAsItWasStored) {
  std::mt19937 random(3);
  const auto flag = [&] { return random() % 2 == 0; };
  for (int i = 0; i < 60; ++i) {
    StoredJob stored = job(fmt::format("j{}", i));
    stored.active_jobs_max = 100;
    stored.retention_s = i;
    stored.job.note.mail_to = random_text(random);
    stored.job.spec.kind = ExportKind::billed_usage;
    stored.job.spec.billed = {
        .orgs = flag() ? std::vector<std::string>{"b", "c.d"} : std::vector<std::string>{},
        .window = static_cast<Window>(random() % 4),
        .by_app = flag(),
        .by_project = flag(),
        .by_billing_tag = flag(),
        .feature_id = random_text(random),
        .app = random_text(random),
        .billing_tag = random_text(random),
        .category = random_text(random),
        .project = random_text(random),
        .subscriptions = random_texts(random),
        .charge_type = static_cast<ChargeType>(random() % 3),
        .fields = random_texts(random),
        .with_extra_columns = flag(),
        .with_org_name = flag(),
        .rows_max = i == 0 ? std::numeric_limits<std::uint64_t>::max() : random(),
    };
    insert(stored);
    const auto read = store().get(stored.job.id);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->job.spec.billed, stored.job.spec.billed);
    EXPECT_EQ(read->job.note.mail_to, stored.job.note.mail_to);
    EXPECT_EQ(read->retention_s, i);
    EXPECT_EQ(read->job.number, 0U);
  }
}

TEST_F(JobStoreTest, NoNumberIsGivenTwiceNorWhenItsJobIsGone) {
  const auto insert_numbered = [&](const std::string& id) {
    StoredJob stored = job(id);
    stored.is_numbered = true;
    const auto done = store().insert(stored);
    return done ? stored.job.number : 0;
  };
  EXPECT_EQ(insert_numbered("a"), 1001U);
  EXPECT_EQ(insert_numbered("b"), 1002U);
  ASSERT_TRUE(store().remove("b", [](soci::session&) { return Status(); }));
  EXPECT_EQ(store().get_numbered(1002).error().kind, ErrorKind::not_found);
  insert(job("plain"));
  EXPECT_EQ(insert_numbered("c"), 1003U);
  EXPECT_EQ(insert_numbered("d"), 1004U);
  EXPECT_EQ(insert_numbered("e"), 1005U);
  EXPECT_EQ(insert_numbered("refused"), 0U) << "the limit of active jobs";
  EXPECT_EQ(store().get_numbered(1003)->job.id, "c");
  EXPECT_EQ(store().get_numbered(0).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store().cancel("a", Instant{5}, "gone"));
  EXPECT_EQ(insert_numbered("f"), 1006U) << "a refusal takes none";
}

TEST_F(JobStoreTest, WhatIsKeptForEverIsNeverAmongTheJobsToRemove) {
  for (const char* id : {"kept", "passing"}) {
    StoredJob stored = job(id);
    stored.job.state = JobState::failed;
    stored.job.finished = Instant{100};
    stored.retention_s = std::string_view(id) == "kept" ? 60 : 0;
    insert(stored);
  }
  const auto ended = store().ended_before(Instant{100}, 10);
  ASSERT_EQ(ended->size(), 1U);
  EXPECT_EQ(ended->front().job.id, "passing");
}

TEST_F(JobStoreTest, ManyThreadsCannotExceedTheLimitOfActiveJobs) {
  std::atomic<int> accepted{0}, refused{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 3; ++i) {
        StoredJob stored = job("j" + std::to_string(t * 10 + i));
        JobStore own(*control_);
        const auto done = own.insert(stored);
        if (!done) {
          EXPECT_EQ(done.error().kind, ErrorKind::too_many_jobs);
        }
        ++(done ? accepted : refused);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(accepted, 5);
  EXPECT_EQ(refused, 19);
  insert(job("another-org", "beta"));
  StoredJob other_dialect = job("other-dialect");
  other_dialect.job.note.dialect = "meterport";
  insert(other_dialect);
  StoredJob unplannable = job("unplannable");
  unplannable.job.state = JobState::failed;
  insert(unplannable);
  StoredJob ended = *store().get("unplannable");
  EXPECT_EQ(ended.job.state, JobState::failed);
}

TEST_F(JobStoreTest, RunnersAreSharedFairlyBetweenOrgs) {
  insert(job("a1", "a"));
  insert(job("a2", "a"));
  insert(job("a3", "a"));
  insert(job("b1", "b"));
  EXPECT_EQ(take("r1"), "a1");
  EXPECT_EQ(take("r2"), "b1") << "org a has a runner already";
  EXPECT_EQ(take("r3"), "a2");
  EXPECT_EQ(take("r4"), "a3");
  EXPECT_EQ(take("r5"), "");
  EXPECT_EQ(store().get("a1")->job.state, JobState::processing);
}

TEST_F(JobStoreTest, ALeaseThatRanOutIsTakenOverAndItsHolderCanChangeNothing) {
  insert(job("j"));
  const Instant start{1'000'000'000};
  EXPECT_EQ(take("r1", start), "j");
  EXPECT_EQ(take("r2", start.plus_seconds(59)), "");
  ASSERT_TRUE(store().renew("j", "r1", start.plus_seconds(100), {3, 9, 0, 0, ""}));
  EXPECT_EQ(take("r2", start.plus_seconds(99)), "");
  EXPECT_EQ(take("r2", start.plus_seconds(100)), "j");
  EXPECT_EQ(store().get("j")->job.progress.slices_done, 3U);

  StoredJob late = *store().get("j");
  late.runner = "r1";
  late.job.state = JobState::success;
  EXPECT_EQ(store().finish(late).error().kind, ErrorKind::conflict);
  EXPECT_EQ(store().renew("j", "r1", start.plus_seconds(999), {}).error().kind, ErrorKind::conflict);
  late.runner = "r2";
  late.job.finished = start.plus_seconds(101);
  ASSERT_TRUE(store().finish(late));
  EXPECT_EQ(store().get("j")->job.state, JobState::success);
  EXPECT_EQ(store().get("j")->job.finished, late.job.finished);
}

TEST_F(JobStoreTest, AfterAStartNoLeaseOfAnEarlierProcessHolds) {
  insert(job("j"));
  EXPECT_EQ(take("r1"), "j");
  EXPECT_EQ(take("r2"), "");
  EXPECT_EQ(*store().free_leases(), 1U);
  EXPECT_EQ(take("r2"), "j");
}

TEST_F(JobStoreTest, AJobNobodyWorksOnIsCancelledAtOnceAndOneWorkedOnIsMarked) {
  insert(job("waiting"));
  const auto cancelled = store().cancel("waiting", Instant{5}, "gone");
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->job.state, JobState::cancelled);
  EXPECT_EQ(cancelled->job.error, "gone");
  EXPECT_EQ(store().cancel("waiting", Instant{6}, "gone").error().kind, ErrorKind::conflict);
  EXPECT_EQ(store().notices_due(10)->size(), 1U);
  int queued = 0;
  const auto queue = [&](soci::session&) -> Status {
    ++queued;
    return {};
  };
  EXPECT_FALSE(store().settle_notices("waiting", [](soci::session&) -> Status {
    return fail(ErrorKind::store_unavailable, "the outbox can't take it");
  }));
  EXPECT_EQ(store().notices_due(10)->size(), 1U) << "it stays due";
  ASSERT_TRUE(store().settle_notices("waiting", queue));
  ASSERT_TRUE(store().settle_notices("waiting", queue));
  EXPECT_EQ(queued, 1);
  EXPECT_TRUE(store().notices_due(10)->empty());

  insert(job("running"));
  EXPECT_EQ(take("r1"), "running");
  const auto marked = store().cancel("running", Instant{6}, "gone");
  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->job.state, JobState::processing);
  EXPECT_TRUE(marked->is_cancel_asked);
  EXPECT_EQ(store().cancel("none", Instant{6}, "gone").error().kind, ErrorKind::not_found);
}

TEST_F(JobStoreTest, PagesAreNewestFirstAndOfTheAskedOrgs) {
  for (int i = 0; i < 3; ++i) {
    insert(job("a" + std::to_string(i), "a"));
    insert(job("b" + std::to_string(i), "b"));
  }
  const auto ids = [&](const std::optional<std::vector<std::string>>& orgs, std::int64_t before, std::size_t max) {
    std::string out;
    for (const StoredJob& stored : *store().page(orgs, before, max)) out += stored.job.id + " ";
    return out;
  };
  EXPECT_EQ(ids({}, 0, 10), "b2 a2 b1 a1 b0 a0 ");
  EXPECT_EQ(ids({}, 5, 2), "b1 a1 ");
  EXPECT_EQ(ids({{"a"}}, 0, 2), "a2 a1 ");
  EXPECT_EQ(ids({{"a", "b"}}, 0, 3), "b2 a2 b1 ");
  EXPECT_EQ(ids({{"'; DROP TABLE export_jobs; --"}}, 0, 3), "");
}

TEST_F(JobStoreTest, ArtifactsExpireAndJobsAreRemovedByTime) {
  insert(job("j"));
  StoredJob stored = *store().take("r", Instant{1}, Instant{2}, {}).value();
  stored.job.state = JobState::success;
  stored.job.finished = Instant{100};
  stored.job.expires = Instant{200};
  stored.job.artifact_path = "x.zip";
  ASSERT_TRUE(store().finish(stored));
  EXPECT_TRUE(store().expired_artifacts(Instant{199}, 10)->empty());
  ASSERT_EQ(store().expired_artifacts(Instant{200}, 10)->size(), 1U);
  ASSERT_TRUE(store().forget_artifact("j"));
  EXPECT_TRUE(store().expired_artifacts(Instant{200}, 10)->empty());
  EXPECT_EQ(store().get("j")->job.state, JobState::success);
  EXPECT_EQ(store().ended_before(Instant{100}, 10)->size(), 1U);
  ASSERT_TRUE(store().remove("j", [](soci::session&) { return Status(); }));
  EXPECT_FALSE(store().get("j"));
}

/// PARTIAL_SUCCESS with a gap that is due at `next`.
StoredJob with_gap(StoredJob stored, Instant next, Instant until) {
  stored.job.state = JobState::partial_success;
  stored.job.gaps = {{"us", {"acme-us"}, "it's \"gone\""}, {"us-2", {}, ""}};
  stored.job.heals_until = until;
  stored.heal_next = next;
  return stored;
}

TEST_F(JobStoreTest, GapsReadAsTheyWereStored) {
  StoredJob stored = with_gap(job("j1"), Instant{50}, Instant{90});
  stored.heals_from_creation = true;
  stored.heal_tries = 3;
  insert(stored);
  const auto read = store().get("j1");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->job.gaps, stored.job.gaps);
  EXPECT_EQ(read->job.heals_until, Instant{90});
  EXPECT_EQ(read->heal_next, Instant{50});
  EXPECT_EQ(read->heal_tries, 3);
  EXPECT_TRUE(read->heals_from_creation);
}

TEST_F(JobStoreTest, AGapIsFilledInByOneRunnerWhenItIsDue) {
  insert(with_gap(job("j1"), Instant{50}, Instant{90}));
  const auto take_filling = [&](const std::string& runner, Instant now) {
    auto taken = store().take_filling(runner, now, now.plus_us(5), {});
    EXPECT_TRUE(taken) << taken.error().detail;
    return *taken ? (*taken)->job.id : "";
  };
  EXPECT_EQ(take("r1"), "") << "it is none to run";
  EXPECT_EQ(take_filling("r1", Instant{49}), "");
  EXPECT_EQ(take_filling("r1", Instant{90}), "") << "its time is over";
  EXPECT_EQ(take_filling("r1", Instant{50}), "j1");
  EXPECT_EQ(take_filling("r2", Instant{51}), "");
  EXPECT_EQ(take_filling("r2", Instant{55}), "j1") << "the first one's lease is over";
  const StoredJob taken_up = store().get("j1").value();
  EXPECT_EQ(store().put_off(taken_up, "r1", Instant{60}, 1).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(store().renew_filling("j1", "r2", Instant{70}));
  EXPECT_TRUE(store().put_off(taken_up, "r2", Instant{80}, 1));
  EXPECT_EQ(store().get("j1")->heal_tries, 1);
  EXPECT_EQ(take_filling("r1", Instant{79}), "");
  EXPECT_EQ(store().heal_at("us", Instant{70}).value(), 1U) << "it is back";
  EXPECT_EQ(store().heal_at("u", Instant{10}).value(), 0U);
  EXPECT_EQ(store().heal_at("ap", Instant{10}).value(), 0U);
  auto taken = store().take_filling("r1", Instant{79}, Instant{85}, {});
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(store().free_leases().value(), 1U);
  EXPECT_EQ(store().finish(**taken).error().kind, ErrorKind::conflict);
  EXPECT_EQ(take_filling("r1", Instant{79}), "j1");
  (*taken)->job.state = JobState::success;
  (*taken)->job.gaps.clear();
  (*taken)->job.heals_until.reset();
  (*taken)->heal_next.reset();
  EXPECT_TRUE(store().finish(**taken));
  EXPECT_EQ(store().get("j1")->job.state, JobState::success);
  EXPECT_TRUE(store().get("j1")->job.gaps.empty());
  EXPECT_EQ(take_filling("r1", Instant{85}), "");
}

TEST_F(JobStoreTest, WhenTheTimeForHealingIsOverItEndsOnceAndNotUnderARunner) {
  insert(with_gap(job("j1"), Instant{50}, Instant{90}));
  EXPECT_TRUE(store().healing_over(Instant{89}, false, 10)->empty());
  EXPECT_EQ(store().healing_over(Instant{89}, true, 10)->size(), 1U) << "healing is off";
  ASSERT_TRUE(store().take_filling("r1", Instant{89}, Instant{95}, {}).value());
  EXPECT_TRUE(store().healing_over(Instant{91}, false, 10)->empty());
  EXPECT_EQ(store().end_healing("j1", Instant{91}, {}).error().kind, ErrorKind::conflict);
  ASSERT_EQ(store().healing_over(Instant{95}, false, 10)->size(), 1U);
  int queued = 0;
  const auto queue = [&](soci::session&) -> Status {
    ++queued;
    return {};
  };
  EXPECT_TRUE(store().end_healing("j1", Instant{95}, queue));
  EXPECT_FALSE(store().end_healing("j1", Instant{95}, queue));
  EXPECT_EQ(queued, 1);
  EXPECT_FALSE(store().get("j1")->job.heals_until);
  EXPECT_EQ(store().get("j1")->job.gaps.size(), 2U);
}

}  // namespace
}  // namespace meterport::exports
