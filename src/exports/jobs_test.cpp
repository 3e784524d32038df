// The life of a job: rights, limits, failures, restarts, cancelling, lists.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <soci/soci.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "exports/job_store.h"
#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

class ExportJobs : public ExportsTest {
 protected:
  ErrorKind refused(const Principal& principal, const ExportSpec& spec) {
    const auto job = exports_->create(principal, spec, note(), {.active_jobs_max = 5});
    EXPECT_FALSE(job);
    return job ? ErrorKind::internal : job.error().kind;
  }
  /// A control store that lost a table: earlier pictures of the catalogue can't be made any more.
  void lose_catalogue_history() {
    check(control_->write([](soci::session& session) -> Status {
      session << "DROP TABLE catalogue_versions";
      return {};
    }));
  }
};

TEST_F(ExportJobs, ASpecThatMakesNoSenseIsRefusedAndMakesNoJob) {
  ExportSpec empty = september();
  empty.period.to = empty.period.from;
  EXPECT_EQ(refused(admin_, empty), ErrorKind::invalid);
  ExportSpec odd = september();
  odd.period.from = odd.period.from.plus_seconds(1);
  EXPECT_EQ(refused(admin_, odd), ErrorKind::invalid);
  ExportSpec usage = september();
  usage.kind = ExportKind::usage;
  EXPECT_EQ(refused(admin_, usage), ErrorKind::invalid);
  ExportSpec parquet = september();
  parquet.format = "parquet";
  EXPECT_EQ(refused(admin_, parquet), ErrorKind::not_supported);
  ExportSpec long_range = september();
  long_range.period.to = start_of(day_of(long_range.period.to).plus(40'000));
  EXPECT_EQ(refused(admin_, long_range), ErrorKind::range_too_long);
  ExportSpec unknown_meter = september();
  unknown_meter.meter = "none";
  EXPECT_EQ(refused(admin_, unknown_meter), ErrorKind::invalid);
  ExportSpec beyond = september();
  beyond.as_of_position = 1'000'000;
  EXPECT_EQ(refused(admin_, beyond), ErrorKind::invalid);
  EXPECT_TRUE(exports_->list(admin_, {})->jobs.empty());
}

TEST_F(ExportJobs, WhatIsNotYoursAnswersLikeWhatDoesNotExist) {
  const Principal stranger = user("stranger", {{Role::admin, "alone"}});
  const Principal viewer = user("viewer", {{Role::viewer, "top"}});
  const Principal exporter = user("exporter", {{Role::exporter, "top"}});
  EXPECT_EQ(refused(stranger, september()), ErrorKind::forbidden);
  EXPECT_EQ(refused(stranger, september("no-such-org")), ErrorKind::forbidden);
  EXPECT_EQ(refused(viewer, september()), ErrorKind::forbidden);
  const auto job = exports_->create(exporter, september(), note(), {});
  ASSERT_TRUE(job) << job.error().text;
  EXPECT_TRUE(exports_->get(admin_, job->id));
  EXPECT_EQ(exports_->get(stranger, job->id).error().text, exports_->get(stranger, "unknown").error().text);
  EXPECT_EQ(exports_->get(viewer, job->id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(exports_->cancel(stranger, job->id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(exports_->artifact(stranger, job->id).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(exports_->list(stranger, {})->jobs.empty());
  EXPECT_EQ(exports_->artifact(exporter, job->id).error().kind, ErrorKind::not_ready);
}

TEST_F(ExportJobs, AJobOverLinkedOrgsNeedsTheRightToEachOfThem) {
  const Principal box = user("box", {{Role::exporter, "a-box"}});
  ExportSpec spec = september("a-box");
  spec.all_linked = true;
  const auto refusal = exports_->create(box, spec, note(), {});
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().kind, ErrorKind::forbidden);
  EXPECT_EQ(refusal.error().text, "2 of 4 linked organizations are not readable");
  EXPECT_TRUE(exports_->list(box, {})->jobs.empty());

  const auto of_admin = exports_->create(admin_, spec, note(), {});
  ASSERT_TRUE(of_admin);
  EXPECT_EQ(exports_->get(box, of_admin->id).error().kind, ErrorKind::not_found)
      << "the right to the requesting org does not open the others' usage";
  EXPECT_TRUE(exports_->list(box, {})->jobs.empty());
}

TEST_F(ExportJobs, WithPartialRightsAJobRunsOverTheReadableOrgsAndNamesOnlyThoseHeMayKnow) {
  std::vector<queries::Entry> entries = {{"top", "hours", "2024-09-02T10:00:00Z", "1", "", ""},
                                         {"a-box", "hours", "2024-09-02T10:00:00Z", "2", "", ""},
                                         {"b-sub", "hours", "2024-09-02T10:00:00Z", "4", "", ""}};
  ingest(entries);
  const Principal box = user("box", {{Role::exporter, "a-box"}});
  ExportSpec spec = september("a-box");
  spec.all_linked = true;
  spec.split = FileSplit::per_org;
  exports_->start();
  const auto job = exports_->create(box, spec, note(), {.partial_rights = true});
  ASSERT_TRUE(job) << job.error().text;
  const Job done = wait(box, job->id);
  EXPECT_EQ(done.state, JobState::partial_success);
  EXPECT_EQ(done.error, "2 of 4 linked organizations are missing because they are not readable: top and 1 more.")
      << "top is the parent of an org he reads, b-sub is nothing to him";
  const auto files = unzip(take(read_file(system_files(), done.artifact_path)));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].first, "zzz.csv");
  EXPECT_EQ(files[1].first, "c-sub.csv");
  const std::string manifest = take(read_file(system_files(), done.manifest_path));
  EXPECT_NE(manifest.find(R"("gaps":[{"reason":"rights","orgs":2,"named":["top"]}])"), std::string::npos) << manifest;
  EXPECT_EQ(manifest.find("b-sub"), std::string::npos);

  const Job whole = run(spec);
  EXPECT_EQ(whole.state, JobState::success) << "who reads all gets all";
}

TEST_F(ExportJobs, TheSixthUnfinishedJobOfAnOrgIsRefusedHoweverManyAskAtOnce) {
  std::atomic<int> accepted{0}, refused_jobs{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        const auto job = create(september());
        if (!job) {
          EXPECT_EQ(job.error().kind, ErrorKind::too_many_jobs);
        }
        ++(job ? accepted : refused_jobs);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(accepted, 5);
  EXPECT_EQ(refused_jobs, 7);
  EXPECT_TRUE(create(september("a-box"))) << "another org is not affected";
  const auto page = exports_->list(admin_, {.org = "top"});
  ASSERT_EQ(page->jobs.size(), 5U);
  exports_->start();
  for (const Job& job : page->jobs) EXPECT_EQ(wait(job.id).state, JobState::success);
  EXPECT_TRUE(create(september())) << "those ended";
}

TEST_F(ExportJobs, AJobThatCannotBePlannedIsStoredFailedAndTakesNoSlot) {
  callback_url_ = "https://example.invalid/done";
  const auto before = pin();
  apply(R"({"orgs": [{"id": "d-sub", "kind": "sub-org", "name": "D", "parent": "top"}]})");
  lose_catalogue_history();
  ExportSpec earlier = september();
  earlier.as_of_position = before.ledger_position;
  for (int i = 0; i < 6; ++i) {
    const auto job = create(earlier);
    ASSERT_TRUE(job) << job.error().text;
    EXPECT_EQ(job->state, JobState::failed);
    EXPECT_TRUE(job->is_unplannable);
    EXPECT_EQ(job->error, "The catalogue or the ledger cannot be read.");
    const auto read = exports_->get(admin_, job->id);
    EXPECT_EQ(read->state, JobState::failed);
    EXPECT_TRUE(read->is_unplannable);
    EXPECT_EQ(exports_->artifact(admin_, job->id).error().kind, ErrorKind::gone);
    EXPECT_EQ(deliveries(job->id).size(), 1U);
  }
  EXPECT_EQ(exports_->create(user("x", {}), earlier, note(), {}).error().kind, ErrorKind::forbidden);
}

TEST_F(ExportJobs, WithoutAFolderForItsOutputAJobFailsAtOnce) {
  std::filesystem::rename(folder_ / "artifacts", folder_ / "elsewhere");
  const auto job = create(september());
  ASSERT_TRUE(job) << job.error().text;
  EXPECT_EQ(job->state, JobState::failed);
  EXPECT_TRUE(job->is_unplannable);
  EXPECT_EQ(job->error, "The folder for its output is missing.");
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "artifacts");
  exports_->start();
  const auto again = exports_->retry(admin_, job->id);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(wait(again->id).state, JobState::success);
}

TEST_F(ExportJobs, AFullDiskFailsTheJobWithAReasonAndLeavesNothingBehind) {
  files_.plan({FaultKind::no_space, ".zip", 1, 1000});
  const Job job = run(september());
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error, "The export could not be written: no space left on the server's disk.");
  EXPECT_EQ(artifacts(), std::vector<std::string>{});
  EXPECT_EQ(exports_->artifact(admin_, job.id).error().kind, ErrorKind::gone);
  EXPECT_FALSE(job.is_unplannable);

  files_.heal();
  const auto again = exports_->retry(admin_, job.id);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_NE(again->id, job.id);
  EXPECT_EQ(again->snapshot, job.snapshot);
  EXPECT_EQ(wait(again->id).state, JobState::success);
  EXPECT_EQ(exports_->retry(admin_, again->id).error().kind, ErrorKind::conflict);
}

TEST_F(ExportJobs, AFailedSyncFailsTheJob) {
  files_.plan({FaultKind::sync_error, ".zip", 1, 1000});
  const Job job = run(september());
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error, "The export could not be written: the server's disk reported an error.");
  EXPECT_EQ(artifacts(), std::vector<std::string>{});
}

TEST_F(ExportJobs, AJobWaitingForARunnerIsCancelledAtOnce) {
  const auto job = create(september());
  EXPECT_EQ(job->state, JobState::created);
  EXPECT_EQ(job->progress.waiting_for, "a runner");
  const auto cancelled = exports_->cancel(admin_, job->id);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->state, JobState::cancelled);
  EXPECT_EQ(cancelled->error, "The export was cancelled.");
  EXPECT_EQ(exports_->cancel(admin_, job->id).error().kind, ErrorKind::conflict);
  EXPECT_EQ(exports_->artifact(admin_, job->id).error().kind, ErrorKind::gone);
  EXPECT_EQ(wait(job->id).state, JobState::cancelled);
}

TEST_F(ExportJobs, AJobOfARunnerThatDiedIsTakenUpAgain) {
  callback_url_ = "https://example.invalid/done";
  const auto job = create(september());
  // What a killed process leaves: a lease, and half a file.
  JobStore store(*control_);
  const auto taken = store.take("dead/0", clock_.now(), clock_.now().plus_seconds(3600), {});
  ASSERT_TRUE(taken && *taken);
  const std::string half = folder_ / "artifacts" / (job->id + "-1.zip.r0.tmp");
  check(replace_file(system_files(), half, "half"));
  check(replace_file(system_files(), folder_ / "artifacts" / "gone-1.zip", "whose job is not known"));
  EXPECT_EQ(exports_->get(admin_, job->id)->state, JobState::processing);

  reopen();
  const Job done = (exports_->start(), wait(job->id));
  EXPECT_EQ(done.state, JobState::success) << done.error;
  EXPECT_EQ(done.snapshot, job->snapshot);
  close();
  EXPECT_EQ(artifacts(), (std::vector<std::string>{job->id + "-1.manifest.json", job->id + "-1.zip"}));
  open();
}

TEST_F(ExportJobs, AStopPutsBackWhatRunsAndTheNextStartFinishesIt) {
  gate_.close_gate();
  exports_->start();
  const auto job = create(september());
  EXPECT_EQ(job->progress.waiting_for, "") << "a runner is idle";
  gate_.wait_for_caller();
  EXPECT_EQ(exports_->get(admin_, job->id)->state, JobState::processing);
  EXPECT_EQ(exports_->get(admin_, job->id)->progress.waiting_for, "");
  std::promise<JobState> told;
  exports_->when_final(admin_, job->id, 600'000, [&](Result<Job> answer) { told.set_value(answer->state); });
  {
    std::promise<void> stopping;
    const std::jthread stopper([&] {
      stopping.set_value();
      exports_->stop(0);
    });
    stopping.get_future().wait();
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(create(september("a-box")));  // time for the stop to reach the runner
    gate_.open_gate();
  }
  const JobState state = told.get_future().get();
  const auto left = exports_->get(admin_, job->id);
  EXPECT_EQ(left->state, state);
  if (state == JobState::processing) {  // else the stop came after its last step
    EXPECT_EQ(left->progress.waiting_for, "a runner");
    EXPECT_EQ(artifacts(), std::vector<std::string>{});
  }

  reopen();
  exports_->start();
  EXPECT_EQ(wait(job->id).state, JobState::success);
}

TEST_F(ExportJobs, AStopLetsFinishWhatEndsInTime) {
  exports_->start();
  const auto job = create(september());
  const auto running = exports_->get(admin_, job->id);
  ASSERT_TRUE(running);
  wait(job->id);
  exports_->stop(60'000);
  EXPECT_EQ(exports_->get(admin_, job->id)->state, JobState::success);
}

TEST_F(ExportJobs, AJobAtWorkIsCancelledAtItsNextStep) {
  gate_.close_gate();
  exports_->start();
  const auto job = create(september());
  gate_.wait_for_caller();
  const auto asked = exports_->cancel(admin_, job->id);
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_EQ(asked->state, JobState::processing);
  gate_.open_gate();
  const Job done = wait(job->id);
  EXPECT_EQ(done.state, JobState::cancelled);
  EXPECT_EQ(done.error, "The export was cancelled.");
  EXPECT_EQ(artifacts(), std::vector<std::string>{});
}

TEST_F(ExportJobs, ALeaseThatRanOutMeanwhileIsNotTakenByTheSameProcess) {
  gate_.close_gate();
  exports_->start();
  const auto job = create(september());
  gate_.wait_for_caller();
  clock_.advance_us(Instant::us_per_day);
  const auto other = create(september("a-box"));  // wakes the second runner, which must take this one
  ASSERT_TRUE(other);
  gate_.open_gate();
  EXPECT_EQ(wait(other->id).state, JobState::success);
  EXPECT_EQ(wait(job->id).state, JobState::success);
}

TEST_F(ExportJobs, WhenTheDiskIsNearlyFullNoJobIsTakenUpUntilThereIsRoom) {
  // A reserve of 1 GiB for the ledger, and as much again before exports run; the volume's 2 % are more.
  gate_.set_free_bytes((std::uint64_t{2} << 30) - 1);
  const auto job = create(september());
  ASSERT_TRUE(job) << "it is taken, and waits";
  EXPECT_EQ(job->progress.waiting_for, "disk space");
  exports_->start();
  gate_.set_free_bytes((std::uint64_t{2} << 30) - 2);
  gate_.wait_for_questions(3);  // both runners looked, one of them twice
  const auto waiting = exports_->get(admin_, job->id);
  EXPECT_EQ(waiting->state, JobState::created);
  EXPECT_EQ(waiting->progress.waiting_for, "disk space");
  EXPECT_EQ(exports_->list(admin_, {})->jobs[0].progress.waiting_for, "disk space");

  gate_.set_free_bytes(std::uint64_t{2} << 30);
  EXPECT_EQ(wait(job->id).state, JobState::success);
}

TEST_F(ExportJobs, TheOrgsOfALinkedExportFollowFromItsSnapshotAndNotFromTheDayItRuns) {
  const Day moves = day_of(clock_.now()).plus(2);
  apply(R"({"orgs": [{"id": "d-sub", "kind": "sub-org", "name": "D", "parent": "top",
                      "history": [{"valid_from": ")" +
        format_day(moves) + R"(", "parent": "alone"}]}]})");
  std::vector<queries::Entry> entries = {{"top", "hours", "2024-09-02T10:00:00Z", "1", "", ""},
                                         {"d-sub", "hours", "2024-09-02T10:00:00Z", "2", "", ""}};
  ingest(entries);
  exports_->start();
  const ExportSpec spec = linked_september(FileSplit::per_org);
  const Job today = wait(create(spec)->id);
  ASSERT_EQ(today.state, JobState::success) << today.error;
  const std::string zip = zip_of(today);
  EXPECT_EQ(unzip(zip).size(), 5U);

  exports_->stop(60'000);
  reopen();
  ExportSpec again = spec;
  again.as_of_time = today.snapshot.as_of;
  const auto asked_before = create(again);
  ASSERT_TRUE(asked_before);
  EXPECT_EQ(asked_before->snapshot, today.snapshot);
  clock_.advance_us(2 * Instant::us_per_day);
  EXPECT_FALSE(catalog_->current()->covers("top", "d-sub"));
  exports_->start();
  const Job late = wait(asked_before->id);
  ASSERT_EQ(late.state, JobState::success) << late.error;
  EXPECT_EQ(zip_of(late), zip) << "run after the move, asked for before it";

  const auto repeated = create(again);
  ASSERT_TRUE(repeated) << repeated.error().text;
  EXPECT_EQ(zip_of(wait(repeated->id)), zip) << "asked for after the move, as of before: it was his on those days";

  EXPECT_EQ(unzip(zip_of(run(spec))).size(), 5U) << "the tree of September, whatever came later";
}

const std::string& file_of(const ZipText& files, const std::string& name) {
  for (const auto& [file, text] : files) {
    if (file == name) return text;
  }
  throw std::runtime_error("no file " + name);
}

TEST_F(ExportJobs, AnOrgThatMovedIsInTheReportsOfBothTreesWithItsDays) {
  apply(R"({"orgs": [{"id": "d-sub", "kind": "sub-org", "name": "D", "parent": "top",
                      "history": [{"valid_from": "2024-09-10", "parent": "alone"}]}]})");
  std::vector<queries::Entry> entries = {{"d-sub", "hours", "2024-09-09T23:59:59Z", "1", "", ""},
                                         {"d-sub", "hours", "2024-09-10T00:00:00Z", "2", "", ""}};
  ingest(entries);
  exports_->start();
  const auto of_top = unzip(zip_of(run(linked_september(FileSplit::per_org))));
  EXPECT_NE(file_of(of_top, "d-sub.csv").find("2024-09-09"), std::string::npos);
  EXPECT_EQ(file_of(of_top, "d-sub.csv").find("2024-09-10"), std::string::npos);

  ExportSpec other = linked_september(FileSplit::per_org);
  other.org = "alone";
  const Principal owner = user("owner", {{Role::admin, "alone"}});
  const auto job = exports_->create(owner, other, note(), {.active_jobs_max = 5});
  ASSERT_TRUE(job) << job.error().text;
  const auto of_alone = unzip(zip_of(owner, wait(owner, job->id)));
  EXPECT_EQ(file_of(of_alone, "d-sub.csv").find("2024-09-09"), std::string::npos);
  EXPECT_NE(file_of(of_alone, "d-sub.csv").find("2024-09-10"), std::string::npos);

  other.period.to = parse_instant("2024-09-10T00:00:00Z").value();
  const auto before = exports_->create(owner, other, note(), {.active_jobs_max = 5});
  ASSERT_TRUE(before) << before.error().text;
  EXPECT_EQ(unzip(zip_of(owner, wait(owner, before->id))).size(), 1U);
}

TEST_F(ExportJobs, ListsAreNewestFirstInPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), create(september(i % 2 == 0 ? "top" : "a-box"))->id);
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page = exports_->list(admin_, {.page_size = 2, .page_token = token});
    ASSERT_TRUE(page) << page.error().text;
    for (const Job& job : page->jobs) seen.push_back(job.id);
    token = page->next_page_token;
  } while (!token.empty());
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(exports_->list(admin_, {.org = "a-box"})->jobs.size(), 2U);
  EXPECT_TRUE(exports_->list(admin_, {.org = "alone"})->jobs.empty());
  EXPECT_EQ(exports_->list(admin_, {.page_token = "x"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(exports_->list(admin_, {.page_size = 0}).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace meterport::exports
