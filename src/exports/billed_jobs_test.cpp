// Jobs of billed usage from the request to the gzip file, its number, its mail and its end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "exports/billed_csv.h"
#include "exports/job_run.h"
#include "exports/test_exports.h"
#include "formats/csv.h"

namespace meterport::exports {
namespace {

using queries::Entry;

ExportSpec billed_september(std::string org = "top") {
  ExportSpec spec;
  spec.kind = ExportKind::billed_usage;
  spec.org = std::move(org);
  spec.period = {start_of(day_from({2024, 9, 1})), start_of(day_from({2024, 10, 1}))};
  return spec;
}

using Rows = std::vector<std::vector<std::string>>;

/// Without the header.
Rows rows_of(const std::string& csv) {
  formats::CsvReader reader(csv);
  std::vector<formats::CsvCell> cells;
  Rows rows;
  for (bool is_header = true; reader.next(cells).value(); is_header = false) {
    if (is_header) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (const formats::CsvCell& cell : cells) row.emplace_back(cell.text);
  }
  return rows;
}

/// Ten-thousandths.
std::int64_t scaled(std::string text) {
  text.erase(text.find('.'), 1);
  return std::stoll(text);
}

class BilledJobs : public ExportsTest {
 protected:
  static constexpr std::size_t billable = 12;  ///< column without usageFields

  void ingest_random(int records) {
    std::mt19937 random(23);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    for (int i = 0; i < records; ++i) {
      entries_.push_back({.org = one_of({"top", "a-box", "b-sub", "c-sub", "alone"}),
                          .meter = one_of({"hours", "rows"}),
                          .time = fmt::format("2024-09-{:02}T{:02}:30:00Z", 1 + random() % 30, random() % 24),
                          .quantity = fmt::format("{}.{:04}", random() % 100, random() % 10'000),
                          .project = one_of({"", "P"}),
                          .folder = "",
                          .subscription = {},
                          .app_id = one_of({"", "app-1", "app-2"}),
                          .app_name = {},
                          .app_hrn = {},
                          .billing_tag = one_of({"", "tagA", "tagA+tagB"})});
    }
    ingest(entries_);
  }
  /// What the raw records of the orgs add up to, in ten-thousandths.
  std::int64_t sum_of(const std::vector<std::string>& orgs) const {
    std::int64_t sum = 0;
    for (const Entry& entry : entries_) {
      if (std::ranges::find(orgs, entry.org) != orgs.end()) sum += scaled(entry.quantity);
    }
    return sum;
  }
  Result<Job> ask(const Principal& principal, const ExportSpec& spec) {
    return exports_->create(principal, spec, {"here", "{}", "", mail_to_},
                            {.active_jobs_max = 100, .is_numbered = true, .retention_s = retention_s_});
  }
  Job run_billed(const ExportSpec& spec) {
    exports_->start();
    const auto job = ask(admin_, spec);
    if (!job) throw std::runtime_error(job.error().text + job.error().detail);
    return wait(job->id);
  }
  std::string csv_of(const Job& job) { return gunzip(zip_of(job)); }
  std::vector<std::uint64_t> numbers(const Principal& principal, const NumberedRequest& request) {
    std::vector<std::uint64_t> out;
    for (const Job& job : take(exports_->list_numbered(principal, request)).jobs) out.push_back(job.number);
    return out;
  }

  std::vector<Entry> entries_;
  std::string mail_to_;
  std::int64_t retention_s_ = 30 * 86'400;
};

TEST_F(BilledJobs, AFileHoldsTheRequestingOrgsOwnUsageAndAddsUp) {
  ingest_random(600);
  const Job job = run_billed(billed_september());
  ASSERT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(job.number, 1001U);
  EXPECT_TRUE(job.artifact_path.ends_with(job.id + "-1.csv.gz"));
  const std::string zip = zip_of(job);
  EXPECT_EQ(zip.substr(10, 16), std::string("REPORT-1001.csv\0", 16));
  const std::string csv = gunzip(zip);
  EXPECT_TRUE(csv.starts_with(BilledCsv({}, Day{}).header()));
  EXPECT_EQ(csv.back(), '\n');
  const Rows rows = rows_of(csv);
  EXPECT_EQ(rows.size(), job.rows);
  EXPECT_EQ(job.rows, 2U) << "one per charge item";
  std::int64_t sum = 0;
  for (const auto& row : rows) sum += scaled(row[billable]);
  EXPECT_EQ(sum, sum_of({"top"}));
  EXPECT_EQ(job.progress.slices_done, job.progress.slices);
  EXPECT_EQ(job.progress.bytes, csv.size());
  const std::string manifest = take(read_file(system_files(), job.manifest_path));
  EXPECT_NE(manifest.find(R"("name":"REPORT-1001.csv","rows":2,)"), std::string::npos) << manifest;
  EXPECT_NE(manifest.find(to_hex(sha256(csv))), std::string::npos);
  EXPECT_NE(manifest.find(R"("billed":{"orgs":[],"window":"none")"), std::string::npos) << manifest;
}

TEST_F(BilledJobs, OverNamedOrgsAndAllGroupsItStillAddsUpAndNamesThem) {
  ingest_random(900);
  ExportSpec spec = billed_september();
  spec.billed.orgs = {"b-sub", "c-sub", "b-sub"};
  spec.billed.window = Window::day;
  spec.billed.by_app = spec.billed.by_project = spec.billed.by_billing_tag = true;
  spec.billed.with_org_name = true;
  const Job job = run_billed(spec);
  ASSERT_EQ(job.state, JobState::success) << job.error;
  const Rows rows = rows_of(csv_of(job));
  EXPECT_GT(rows.size(), 100U);
  std::int64_t sum = 0;
  for (const auto& row : rows) {
    sum += scaled(row[billable]);
    EXPECT_EQ(row.back(), row[1] == "b-sub" ? "B, Inc." : "C");
    EXPECT_TRUE(row[0].ends_with("T00:00:00"));
  }
  EXPECT_EQ(sum, sum_of({"b-sub", "c-sub"}));
}

TEST_F(BilledJobs, WithoutUsageItIsAHeaderWithItsLineEnd) {
  const Job job = run_billed(billed_september());
  ASSERT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(csv_of(job), BilledCsv({}, Day{}).header());
  EXPECT_EQ(job.rows, 0U);
}

TEST_F(BilledJobs, AStretchWithoutAWholeHourIsAHeaderToo) {
  ingest_random(10);
  ExportSpec spec = billed_september();
  spec.period.to = spec.period.from;
  const Job job = run_billed(spec);
  ASSERT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(csv_of(job), BilledCsv({}, Day{}).header());
}

TEST_F(BilledJobs, TheSameSpecAndSnapshotGiveTheSameBytes) {
  ingest_random(300);
  StoredJob stored;
  stored.job.spec = billed_september();
  stored.job.spec.billed.window = Window::day;
  stored.job.snapshot = pin();
  std::vector<std::string> files;
  for (const unsigned threads : {1U, 2U}) {
    stored.job.id = fmt::format("job{}", threads);
    const std::string folder = folder_ / "artifacts";
    const JobRun::Context context{*queries_, files_, folder, threads};
    RunWatch watch;
    check(JobRun(context, stored, "t", watch).run());
    files.push_back(take(read_file(system_files(), stored.job.artifact_path)));
    stored.job.revision = 0;
  }
  EXPECT_EQ(files[0], files[1]);
  EXPECT_EQ(files[0].substr(10, 8), std::string("top.csv\0", 8)) << "of no number: nothing of the job's is in it";
}

TEST_F(BilledJobs, OneRowTooManyFailsItAndPublishesNothing) {
  ingest_random(300);
  ExportSpec spec = billed_september();
  spec.billed.window = Window::day;
  const Job whole = run_billed(spec);
  ASSERT_GT(whole.rows, 2U);
  spec.billed.rows_max = whole.rows;
  EXPECT_EQ(run_billed(spec).state, JobState::success) << "exactly as many are fine";
  spec.billed.rows_max = whole.rows - 1;
  const Job job = run_billed(spec);
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error,
            fmt::format("The export could not be made: it has more than {} rows, which is the most it may have.",
                        whole.rows - 1));
  EXPECT_EQ(exports_->artifact(admin_, job.id).error().kind, ErrorKind::gone);
  for (const std::string& name : artifacts()) EXPECT_FALSE(name.starts_with(job.id)) << name;
}

TEST_F(BilledJobs, ASpecThatMakesNoSenseIsRefused) {
  const auto refused = [&](auto change) {
    ExportSpec spec = billed_september();
    change(spec);
    const auto job = ask(admin_, spec);
    EXPECT_FALSE(job);
    return job ? ErrorKind::internal : job.error().kind;
  };
  EXPECT_EQ(refused([](ExportSpec& s) { s.period.from = s.period.from.plus_seconds(1); }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.period.to = s.period.from.plus_seconds(-3'600); }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.period.to = s.period.from.plus_seconds(96 * 86'400 + 3'600); }),
            ErrorKind::range_too_long);
  EXPECT_EQ(refused([](ExportSpec& s) { s.billed.window = Window::hour; }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.format = "parquet"; }), ErrorKind::not_supported);
  EXPECT_EQ(refused([](ExportSpec& s) { s.all_linked = true; }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.split = FileSplit::per_org; }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.meter = "hours"; }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.billed.billing_tag = "\xff"; }), ErrorKind::invalid);
  EXPECT_EQ(refused([](ExportSpec& s) { s.billed.orgs = {"alone"}; }), ErrorKind::forbidden);
  EXPECT_EQ(refused([](ExportSpec& s) { s.billed.orgs = {"nobody"}; }), ErrorKind::forbidden);
  ExportSpec hours = billed_september();
  hours.period = {hours.period.from.plus_seconds(3'600), hours.period.from.plus_seconds(95 * 86'400 + 7'200)};
  EXPECT_TRUE(ask(admin_, hours));
  EXPECT_EQ(exports_->get_numbered(admin_, 1001)->spec.period, hours.period);
  EXPECT_EQ(exports_->get_numbered(admin_, 1002).error().kind, ErrorKind::not_found);
}

TEST_F(BilledJobs, AListByNumberHasEveryJobOfTheOrgThatOneMaySee) {
  const Principal box = user("box", {{Role::exporter, "a-box"}});
  const Principal both = user("both", {{Role::exporter, "a-box"}, {Role::exporter, "b-sub"}});
  ExportSpec own = billed_september("a-box"), over = billed_september("a-box");
  over.billed.orgs = {"b-sub", "c-sub"};
  ASSERT_TRUE(ask(box, own));     // 1001
  ASSERT_TRUE(ask(both, over));   // 1002
  ASSERT_TRUE(ask(admin_, own));  // 1003
  ASSERT_TRUE(ask(admin_, billed_september()));
  ASSERT_TRUE(exports_->create(admin_, own, {"other", "{}", ""}, {.is_numbered = true}));
  ASSERT_TRUE(exports_->create(admin_, own, {"here", "{}", ""}, {}));
  const NumberedRequest all{.org = "a-box", .dialect = "here"};
  EXPECT_EQ(numbers(admin_, all), (std::vector<std::uint64_t>{1003, 1002, 1001}));
  EXPECT_EQ(numbers(both, all), (std::vector<std::uint64_t>{1003, 1002, 1001}));
  EXPECT_EQ(numbers(box, all), (std::vector<std::uint64_t>{1003, 1001})) << "b-sub's usage is nothing to him";
  EXPECT_EQ(exports_->get_numbered(box, 1002).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(exports_->get_numbered(both, 1002));
  const NumberedRequest second{.org = "a-box", .dialect = "here", .is_ascending = true, .skip = 1, .count_max = 1};
  EXPECT_EQ(numbers(box, second), (std::vector<std::uint64_t>{1003}));
  EXPECT_EQ(exports_->list_numbered(box, second)->total, 2U);
  const NumberedRequest behind{.org = "a-box", .dialect = "here", .skip = 99};
  EXPECT_EQ(exports_->list_numbered(box, behind)->total, 2U);
  EXPECT_TRUE(numbers(box, behind).empty());
  EXPECT_EQ(exports_->list_numbered(box, {.org = "b-sub", .dialect = "here"}).error().kind, ErrorKind::forbidden);
  EXPECT_TRUE(numbers(admin_, {.org = "b-sub", .dialect = "here"}).empty()) << "they were not asked for there";

  // Who asked goes on seeing it, though not with a token that is for one project.
  const Principal asker = user("both", {{Role::exporter, "a-box"}});
  EXPECT_EQ(numbers(asker, all).size(), 3U);
}

TEST_F(BilledJobs, ATokenForOneProjectSeesThatProjectAlone) {
  Principal scoped = user("admin", {{Role::admin, "top"}});
  scoped.project = "hrn:p";
  ExportSpec own = billed_september();
  EXPECT_EQ(ask(scoped, own).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(exports_->create(scoped, september(), note(), {}).error().kind, ErrorKind::forbidden);
  const auto whole = ask(admin_, own), summary = create(september());
  own.billed.project = "hrn:p";
  const auto mine = ask(scoped, own), of_admin = ask(admin_, own);
  own.billed.project = "hrn:q";
  const auto other = ask(admin_, own);
  ASSERT_TRUE(whole && summary && mine && of_admin && other);
  const NumberedRequest all{.org = "top", .dialect = "here"};
  EXPECT_EQ(numbers(scoped, all), (std::vector<std::uint64_t>{of_admin->number, mine->number}));
  EXPECT_EQ(exports_->list_numbered(scoped, all)->total, 2U);
  EXPECT_EQ(exports_->list(scoped, {})->jobs.size(), 2U);
  for (const auto* hidden : {&whole, &summary, &other}) {
    const std::string& id = (*hidden)->id;
    EXPECT_EQ(exports_->get(scoped, id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(exports_->artifact(scoped, id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(exports_->cancel(scoped, id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(exports_->retry(scoped, id).error().kind, ErrorKind::not_found);
  }
  EXPECT_EQ(exports_->get_numbered(scoped, other->number).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(exports_->cancel(scoped, mine->id));
}

TEST_F(BilledJobs, OneMailIsQueuedWhateverTheEnd) {
  mail_to_ = "someone@example.com";
  exports_->set_mail_text("here", [](const Job& job) -> std::optional<delivery::NewMail> {
    if (job.number == 1003) return std::nullopt;
    return delivery::NewMail{.job_id = {},
                             .org = {},
                             .to = {},
                             .subject = fmt::format("{}", job.number),
                             .text = std::string(to_string(job.state)),
                             .html = {}};
  });
  const auto cancelled = ask(admin_, billed_september());
  ASSERT_TRUE(exports_->cancel(admin_, cancelled->id));
  run_billed(billed_september());
  run_billed(billed_september());
  ingest_random(50);
  ExportSpec small = billed_september();
  small.billed.rows_max = 1;
  const Job failed = run_billed(small);
  EXPECT_EQ(failed.state, JobState::failed);
  ASSERT_TRUE(comes_true([&] { return spy_->mails().size() == 3; }));
  exports_->stop(60'000);  // all notices are out
  const auto mails = spy_->mails();
  ASSERT_EQ(mails.size(), 3U) << "the third job's text is none";
  EXPECT_EQ(mails[0].text, "CANCELLED");
  EXPECT_EQ(mails[0].job_id, cancelled->id);
  EXPECT_EQ(mails[0].org, "top");
  EXPECT_EQ(mails[0].to, mail_to_);
  EXPECT_EQ(mails[1].text, "SUCCESS");
  EXPECT_EQ(mails[2].text, "FAILED");
  EXPECT_TRUE(JobStore(*control_).notices_due(10)->empty());
}

TEST_F(BilledJobs, AMailThatCannotBeQueuedNowIsTriedAgain) {
  mail_to_ = "someone@example.com";
  exports_->set_mail_text("here", [](const Job&) { return std::optional(delivery::NewMail{}); });
  spy_->refuse(ErrorKind::store_unavailable);
  EXPECT_EQ(run_billed(billed_september()).state, JobState::success);
  ASSERT_TRUE(comes_true([&] { return spy_->asked() >= 2; }));
  spy_->refuse(std::nullopt);
  ASSERT_TRUE(comes_true([&] { return spy_->mails().size() == 1; }));
  ASSERT_TRUE(comes_true([&] { return JobStore(*control_).notices_due(10)->empty(); }));
}

TEST_F(BilledJobs, AnArtifactHasItsOwnTimeAndTheJobStaysForEver) {
  retention_s_ = 7 * 86'400;
  const Job job = run_billed(billed_september());
  EXPECT_EQ(job.expires, job.finished->plus_seconds(retention_s_));
  clock_.advance_us(7 * Instant::us_per_day - Instant::us_per_second);
  EXPECT_TRUE(exports_->artifact(admin_, job.id));
  clock_.advance_us(Instant::us_per_second);
  EXPECT_EQ(exports_->artifact(admin_, job.id).error().kind, ErrorKind::gone);
  EXPECT_TRUE(comes_true([&] { return artifacts() == std::vector<std::string>{job.id + "-1.manifest.json"}; }));
  clock_.advance_us(1'000 * Instant::us_per_day);
  const Job plain = run(september());  // a later one, which goes
  clock_.advance_us(31 * Instant::us_per_day);
  EXPECT_TRUE(comes_true([&] { return !JobStore(*control_).get(plain.id); }));
  const auto still = exports_->get_numbered(admin_, job.number);
  ASSERT_TRUE(still);
  EXPECT_EQ(shown_state(*still, clock_.now()), JobState::expired);
  EXPECT_EQ(exports_->list_numbered(admin_, {.org = "top", .dialect = "here"})->total, 1U);
}

TEST_F(BilledJobs, AJobOfARunnerThatDiedCompletesUnderItsNumber) {
  ingest_random(50);
  const auto job = ask(admin_, billed_september());
  JobStore store(*control_);
  const auto taken = store.take("dead/0", clock_.now(), clock_.now().plus_seconds(3600), {});
  ASSERT_TRUE(taken && *taken);
  check(replace_file(system_files(), folder_ / "artifacts" / (job->id + "-1.csv.gz.r0.tmp"), "half"));
  check(replace_file(system_files(), folder_ / "artifacts" / "gone-1.csv.gz", "whose job is not known"));
  reopen();
  const Job done = (exports_->start(), wait(job->id));
  EXPECT_EQ(done.state, JobState::success) << done.error;
  EXPECT_EQ(done.number, 1001U);
  EXPECT_EQ(done.spec.billed, job->spec.billed);
  close();
  EXPECT_EQ(artifacts(), (std::vector<std::string>{job->id + "-1.csv.gz", job->id + "-1.manifest.json"}));
  open();
}

TEST_F(BilledJobs, AJobAtWorkIsCancelledAndARetryHasANumberOfItsOwn) {
  ingest_random(50);
  gate_.close_gate();
  exports_->start();
  const auto job = ask(admin_, billed_september());
  gate_.wait_for_caller();
  ASSERT_TRUE(exports_->cancel(admin_, job->id));
  gate_.open_gate();
  EXPECT_EQ(wait(job->id).state, JobState::cancelled);
  EXPECT_TRUE(artifacts().empty());
  const auto again = exports_->retry(admin_, job->id);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->number, 1002U);
  const Job done = wait(again->id);
  EXPECT_EQ(done.state, JobState::success);
  EXPECT_EQ(done.snapshot, job->snapshot);
  EXPECT_EQ(done.expires, done.finished->plus_seconds(retention_s_));
}

}  // namespace
}  // namespace meterport::exports
