// How an export is cut into slices must not show in its bytes.
#include "exports/job_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

/// The real one behind a door that stays shut for a number of questions.
class SlowLoader final : public loading::Loader {
 public:
  explicit SlowLoader(loading::Loader& below) : below_(below) {}
  [[nodiscard]] std::uint64_t loaded_position() const override { return below_.loaded_position(); }
  Status wait_for(std::uint64_t position, std::int64_t wait_ms_max) override {
    if (refusals-- > 0) return fail(refusal, "still being loaded");
    return below_.wait_for(position, wait_ms_max);
  }
  [[nodiscard]] std::string stopped_reason() const override { return below_.stopped_reason(); }
  [[nodiscard]] const loading::Dictionaries& dictionaries() const override { return below_.dictionaries(); }

  int refusals = 0;
  ErrorKind refusal = ErrorKind::busy;

 private:
  loading::Loader& below_;
};

class JobRunTest : public ExportsTest {
 protected:
  JobRunTest() {
    std::mt19937 random(11);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<queries::Entry> entries;
    for (int i = 0; i < 400; ++i) {
      entries.push_back({one_of({"top", "top", "top", "a-box", "c-sub"}), one_of({"hours", "rows"}),
                         fmt::format("2024-09-{:02}T{:02}:00:00Z", 1 + random() % 20, random() % 24),
                         fmt::format("{}.{}", random() % 100, random() % 1000), one_of({"", "P", "Q"}),
                         one_of({"", "F"})});
    }
    ingest(entries);
    snapshot_ = pin();
  }

  std::string run_in_slices(ExportSpec spec, std::uint64_t records_max, unsigned deflate_threads) {
    StoredJob stored;
    stored.job.id = "job";
    stored.job.spec = std::move(spec);
    stored.job.snapshot = snapshot_;
    const std::string folder = folder_ / "artifacts";
    const JobRun::Context context{*queries_, files_, folder, deflate_threads, records_max};
    RunWatch watch;
    const Status done = JobRun(context, stored, "t", watch).run();
    EXPECT_TRUE(done) << done.error().text << done.error().detail;
    EXPECT_EQ(watch.slices_done, watch.slices);
    slices_ = watch.slices;
    EXPECT_EQ(watch.rows, stored.job.rows);
    return take(read_file(system_files(), stored.job.artifact_path));
  }

  Snapshot snapshot_;
  std::uint64_t slices_ = 0;
};

TEST_F(JobRunTest, SlicesAndThreadsDoNotShowInTheBytes) {
  for (const ExportKind kind : {ExportKind::summary, ExportKind::project_folder}) {
    for (const FileSplit split : {FileSplit::combined, FileSplit::per_org, FileSplit::per_meter}) {
      if (kind == ExportKind::project_folder && split == FileSplit::per_meter) continue;
      const ExportSpec spec = linked_september(split, kind);
      const std::string whole = run_in_slices(spec, 500'000, 1);
      EXPECT_LE(slices_, 2U) << "small orgs share a query";
      for (const std::uint64_t records_max : {1, 7, 60, 250}) {
        EXPECT_EQ(run_in_slices(spec, records_max, 2), whole) << to_string(kind) << to_string(split) << records_max;
      }
    }
  }
}

TEST_F(JobRunTest, AnInterruptedRunLeavesNothing) {
  StoredJob stored;
  stored.job.id = "job";
  stored.job.spec = linked_september(FileSplit::combined);
  stored.job.snapshot = snapshot_;
  const JobRun::Context context{*queries_, files_, folder_ / "artifacts"};
  RunWatch watch;
  watch.must_stop = true;
  EXPECT_FALSE(JobRun(context, stored, "t", watch).run());
  EXPECT_EQ(stored.job.state, JobState::created);
  EXPECT_TRUE(artifacts().empty());
}

TEST_F(JobRunTest, AJobWaitsForALoaderThatIsBusyButNotForEver) {
  SlowLoader slow(*loader_);
  queries::Queries queries(*warehouse_, slow, *catalog_, *log_, clock_);
  JobRun::Context context{queries, files_, folder_ / "artifacts"};
  StoredJob stored;
  stored.job.id = "job";
  stored.job.spec = linked_september(FileSplit::combined);
  stored.job.snapshot = snapshot_;
  const auto run = [&](int refusals, ErrorKind refusal) {
    slow.refusals = refusals;
    slow.refusal = refusal;
    RunWatch watch;
    Status done = JobRun(context, stored, "t", watch).run();
    EXPECT_EQ(watch.progress().waiting_for, "");
    return done;
  };
  const Status patient = run(3, ErrorKind::busy);
  EXPECT_TRUE(patient) << patient.error().text;

  const Status stopped = run(1, ErrorKind::store_unavailable);
  ASSERT_FALSE(stopped) << "a stopped loader is not waited for";
  EXPECT_EQ(stopped.error().text, "The export could not be made: still being loaded");

  context.loading_wait_ms_max = 0;
  EXPECT_FALSE(run(1000, ErrorKind::busy));
  EXPECT_EQ(slow.refusals, 999) << "its time was over";
}

TEST_F(JobRunTest, AnEmptyOrgAtEitherEndStillHasItsFile) {
  // b-sub has no usage; alone has none linked.
  const ZipText files = [&] {
    run_in_slices(linked_september(FileSplit::per_org), 1, 1);
    return unzip(take(read_file(system_files(), folder_ / "artifacts" / "job-1.zip")));
  }();
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[1].first, "b-sub.csv");
  EXPECT_EQ(files[1].second.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace meterport::exports
