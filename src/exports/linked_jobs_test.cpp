// Jobs over orgs of several regions: what is gathered, what is missing, and how that is filled in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "exports/job_run.h"
#include "exports/test_exports.h"
#include "exports/test_fake_regions.h"

namespace meterport::exports {
namespace {

using queries::Entry;

constexpr std::string_view linked_json = R"({"regions": [{"name": "us"}, {"name": "ap"}], "orgs": [
  {"id": "us-one", "kind": "additional-production", "name": "US", "parent": "top", "region": "us"},
  {"id": "us-sub", "kind": "sub-org", "name": "US, too", "parent": "us-one"},
  {"id": "ap-one", "kind": "additional-production", "name": "AP", "parent": "top", "region": "ap"}
]})";

class LinkedJobs : public ExportsTest {
 protected:
  LinkedJobs() {
    apply(linked_json);
    for (RegionServer* server : {&us_, &ap_, &one_ledger_}) server->take_in_catalogue(linked_json);
    regions_.add("us", &us_.queries());
    regions_.add("ap", &ap_.queries());
    queries_->set_part_source(&regions_);
    set("regions.budget", 1);
    set("regions.read_budget", 1);
    close();
    open();
    const std::vector<std::string> here = {"top", "b-sub", "a-box"}, in_us = {"us-one", "us-sub"}, in_ap = {"ap-one"};
    take_in(here, [&](std::vector<Entry>& entries) { ingest(entries); });
    take_in(in_us, [&](std::vector<Entry>& entries) { us_.take_in(entries); });
    take_in(in_ap, [&](std::vector<Entry>& entries) { ap_.take_in(entries); });
    callback_url_ = "https://example.invalid/done";
  }
  ~LinkedJobs() override { close(); }

  void set(std::string_view name, SettingValue value) { check(settings_.set(name, std::move(value))); }

  void take_in(const std::vector<std::string>& orgs, const std::function<void(std::vector<Entry>&)>& where) {
    std::vector<Entry> entries;
    for (int i = 0; i < 60; ++i) {
      const std::string& org = orgs[static_cast<std::size_t>(i) % orgs.size()];
      entries.push_back({org, i % 3 == 0 ? "rows" : "hours",
                         fmt::format("2024-09-{:02}T{:02}:00:00Z", 1 + i % 29, i % 24), fmt::format("{}.{}", i, i + 1),
                         i % 2 == 0 ? "P" : "", "F"});
    }
    where(entries);
    one_ledger_.take_in(entries);
  }

  /// What one ledger with all these records gives.
  ZipText whole(const ExportSpec& spec) { return unzip(whole_file(spec)); }
  std::string whole_file(const ExportSpec& spec) {
    StoredJob stored;
    stored.job.id = "whole";
    stored.job.spec = spec;
    stored.job.snapshot = one_ledger_.now();
    const std::string folder = folder_ / "artifacts";
    const JobRun::Context context{.queries = one_ledger_.queries(), .files = files_, .folder = folder};
    RunWatch watch;
    check(JobRun(context, stored, "t", watch).run());
    return take(read_file(system_files(), stored.job.artifact_path));
  }
  /// Without each line's last cell: the time of arrival, which is each server's own.
  static ZipText without_last_cell(ZipText files) {
    for (auto& [name, text] : files) {
      std::string cut;
      for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
        end = std::min(text.find('\n', at), text.size());
        cut += text.substr(at, text.rfind(',', end) - at) + '\n';
      }
      text = cut;
    }
    return files;
  }

  Job get(const std::string& id) { return take(exports_->get(admin_, id)); }
  bool becomes(const std::string& id, JobState state) {
    return comes_true([&] { return get(id).state == state; });
  }
  std::string manifest_of(const Job& job) { return take(read_file(system_files(), job.manifest_path)); }
  static std::string digest_in(const std::string& manifest) {
    const std::size_t at = manifest.find("\"content_sha256\":\"");
    return manifest.substr(at, 82);
  }
  std::vector<std::string> files_with(const std::string& text) {
    std::vector<std::string> found;
    for (const std::string& name : artifacts()) {
      if (name.find(text) != std::string::npos) found.push_back(name);
    }
    return found;
  }
  ExportSpec at_snapshot_of(const Job& job) {
    ExportSpec spec = job.spec;
    spec.as_of_time = job.snapshot.as_of;
    return spec;
  }

  RegionServer us_{catalogue_json}, ap_{catalogue_json}, one_ledger_{catalogue_json};
  FakeRegions regions_{"local"};
};

TEST_F(LinkedJobs, AreTheSameAsOverOneLedger) {
  for (const auto split : {FileSplit::combined, FileSplit::per_org, FileSplit::per_meter}) {
    const ExportSpec spec = linked_september(split);
    const Job job = run(spec);
    ASSERT_EQ(job.state, JobState::success) << job.error;
    EXPECT_EQ(unzip(zip_of(job)), whole(spec)) << to_string(split);
    EXPECT_TRUE(files_with(".part").empty());
  }
  for (const auto kind : {ExportKind::project_folder, ExportKind::asset}) {
    const ExportSpec spec = linked_september(FileSplit::per_org, kind);
    const Job job = run(spec);
    ASSERT_EQ(job.state, JobState::success) << job.error;
    EXPECT_EQ(unzip(zip_of(job)), whole(spec)) << to_string(kind);
  }
}

TEST_F(LinkedJobs, JobLevelAndBilledUsageOfAnotherRegionToo) {
  ExportSpec records = september("us-one");
  records.kind = ExportKind::job_level;
  records.split = FileSplit::per_meter;
  const Job job = run(records);
  ASSERT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(without_last_cell(unzip(zip_of(job))), without_last_cell(whole(records)));
  EXPECT_GT(job.rows, 0U);

  ExportSpec billed = september("top");
  billed.kind = ExportKind::billed_usage;
  billed.billed.orgs = {"ap-one", "us-one"};
  const Job report = run(billed);
  ASSERT_EQ(report.state, JobState::success) << report.error;
  EXPECT_EQ(gunzip(zip_of(report)), gunzip(whole_file(billed)));
  EXPECT_GT(report.rows, 0U);
}

TEST_F(LinkedJobs, OverTheOwnRegionAloneAskNoOther) {
  EXPECT_EQ(run(september()).state, JobState::success);
  EXPECT_EQ(regions_.attempts("us") + regions_.attempts("ap"), 0);
}

TEST_F(LinkedJobs, ARegionThatRefusesIsAGapThatIsFilledInWithWhatWasThereThen) {
  regions_.set("us", Mood::refuses);
  const ExportSpec spec = linked_september(FileSplit::per_org);
  const Job first = run(spec);
  ASSERT_EQ(first.state, JobState::partial_success) << first.error;
  EXPECT_EQ(first.error,
            "2 of 7 linked organizations are missing because region \"us\" could not be read (it refused the "
            "connection): us-one, us-sub. They will be filled in when it answers.");
  EXPECT_EQ(first.gaps, (std::vector<Gap>{{"us", {"us-one", "us-sub"}, "refused the connection"}}));
  EXPECT_EQ(first.heals_until, first.expires);
  EXPECT_EQ(first.revision, 1);
  EXPECT_EQ(unzip(zip_of(first)).size(), 5U) << "no file of those that are missing";
  const std::string manifest = manifest_of(first);
  EXPECT_NE(manifest.find(R"("gaps":[{"reason":"region","region":"us","orgs":2,"named":["us-one","us-sub"],)"
                          R"("why":"refused the connection"}])"),
            std::string::npos)
      << manifest;
  EXPECT_NE(manifest.find(R"("revision":1,"replaces":null)"), std::string::npos) << manifest;
  EXPECT_EQ(files_with(".part-"), std::vector<std::string>{first.id + ".part-ap"}) << "kept for the filling";
  EXPECT_EQ(exports_->cancel(admin_, first.id).error().kind, ErrorKind::conflict);

  us_.take_in({{"us-one", "hours", "2024-09-10T10:00:00Z", "1000", "", ""}});
  const int asked_ap = regions_.attempts("ap");
  regions_.set("us", Mood::answers);
  exports_->region_is_back("us");
  ASSERT_TRUE(becomes(first.id, JobState::success));
  const Job healed = get(first.id);
  EXPECT_EQ(healed.revision, 2);
  EXPECT_EQ(healed.error, "");
  EXPECT_TRUE(healed.gaps.empty());
  EXPECT_FALSE(healed.heals_until);
  EXPECT_GT(healed.updated, first.updated);
  EXPECT_EQ(healed.expires, healed.updated.plus_seconds(3 * 86'400));
  EXPECT_EQ(unzip(zip_of(healed)), whole(spec)) << "without what came in since";
  EXPECT_EQ(regions_.attempts("ap"), asked_ap) << "its part was kept";
  EXPECT_NE(manifest_of(healed).find(R"("revision":2,"replaces":1)"), std::string::npos);
  EXPECT_EQ(deliveries(first.id).size(), 2U);
  EXPECT_TRUE(comes_true([&] {
    return artifacts() == std::vector<std::string>{first.id + "-2.manifest.json", first.id + "-2.zip"} ||
           files_with(first.id).size() == 2;
  })) << "the old revision and the parts go";

  const Job undisturbed = run(at_snapshot_of(first));
  ASSERT_EQ(undisturbed.state, JobState::success) << undisturbed.error;
  EXPECT_EQ(zip_of(undisturbed), zip_of(healed));
  EXPECT_EQ(digest_in(manifest_of(undisturbed)), digest_in(manifest_of(healed)));
}

TEST_F(LinkedJobs, TwoGapsAreFilledInOneByOne) {
  regions_.set("us", Mood::breaks_off);
  regions_.set("ap", Mood::refuses);
  const ExportSpec spec = linked_september(FileSplit::combined);
  const Job first = run(spec);
  ASSERT_EQ(first.state, JobState::partial_success);
  EXPECT_EQ(first.error,
            "1 of 7 linked organizations are missing because region \"ap\" could not be read (it refused the "
            "connection): ap-one. 2 of 7 linked organizations are missing because region \"us\" could not be read "
            "(it broke off): us-one, us-sub. They will be filled in when these regions answer.");
  regions_.set("ap", Mood::answers);
  exports_->region_is_back("ap");
  ASSERT_TRUE(comes_true([&] { return get(first.id).revision == 2; }));
  EXPECT_EQ(get(first.id).state, JobState::partial_success);
  ASSERT_EQ(get(first.id).gaps.size(), 1U);
  EXPECT_EQ(get(first.id).gaps[0].region, "us");
  regions_.set("us", Mood::answers);
  exports_->region_is_back("us");
  ASSERT_TRUE(becomes(first.id, JobState::success));
  EXPECT_EQ(get(first.id).revision, 3);
  EXPECT_EQ(deliveries(first.id).size(), 3U);
  EXPECT_EQ(unzip(zip_of(get(first.id))), whole(spec));
}

TEST_F(LinkedJobs, AFillingInVainChangesNothingAndComesAgainLaterAndLater) {
  regions_.set("us", Mood::breaks_off);
  const Job first = run(linked_september(FileSplit::combined));
  ASSERT_EQ(first.state, JobState::partial_success);
  for (int tries = 1; tries <= 3; ++tries) {
    const int before = regions_.attempts("us");
    clock_.advance_us((5LL << tries) * Instant::us_per_second);
    ASSERT_TRUE(comes_true([&] { return regions_.attempts("us") > before; })) << tries;
  }
  ASSERT_TRUE(comes_true([&] { return take(JobStore(*control_).get(first.id)).heal_tries == 3; }));
  EXPECT_EQ(get(first.id).updated, first.updated);
  EXPECT_EQ(get(first.id).revision, 1);
  EXPECT_EQ(deliveries(first.id).size(), 1U);
  const auto next = take(JobStore(*control_).get(first.id)).heal_next;
  EXPECT_GT(*next, clock_.now().plus_seconds(30));
}

TEST_F(LinkedJobs, TheRequestingOrgsOwnRegionMustAnswer) {
  regions_.set("us", Mood::refuses);
  exports_->start();
  const auto refused = create(september("us-one"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->state, JobState::failed);
  EXPECT_TRUE(refused->is_unplannable);
  EXPECT_EQ(refused->error, "Region \"us\", which keeps its usage, does not answer.");

  regions_.set("us", Mood::breaks_off);
  const Job broken = run(september("us-one"));
  EXPECT_EQ(broken.state, JobState::failed);
  EXPECT_FALSE(broken.is_unplannable);
  EXPECT_EQ(broken.error,
            "The export could not be made: region \"us\", which keeps the usage of the organization \"us-one\", could "
            "not be read (it broke off).");
  EXPECT_TRUE(files_with(broken.id).empty());
  regions_.set("us", Mood::answers);
  const auto again = exports_->retry(admin_, broken.id);
  ASSERT_TRUE(again);
  EXPECT_EQ(wait(again->id).state, JobState::success);
}

TEST_F(LinkedJobs, WithHealingOffTheGapStays) {
  set("exports.heal", false);
  reopen();
  regions_.set("us", Mood::refuses);
  const Job job = run(linked_september(FileSplit::combined));
  ASSERT_EQ(job.state, JobState::partial_success);
  EXPECT_FALSE(job.heals_until);
  EXPECT_TRUE(job.error.ends_with("us-one, us-sub.")) << job.error;
  EXPECT_TRUE(comes_true([&] { return files_with(".part-").empty(); }));
}

TEST_F(LinkedJobs, HealingEndsWithTheArtifact) {
  regions_.set("us", Mood::refuses);
  const Job job = run(linked_september(FileSplit::combined));
  ASSERT_TRUE(job.heals_until);
  clock_.advance_us(3 * Instant::us_per_day + Instant::us_per_second);
  EXPECT_TRUE(comes_true([&] { return !get(job.id).heals_until; }));
  EXPECT_EQ(get(job.id).state, JobState::partial_success);
  EXPECT_EQ(get(job.id).gaps.size(), 1U);
  EXPECT_EQ(deliveries(job.id).size(), 1U);
  EXPECT_TRUE(comes_true([&] { return files_with(job.id) == std::vector<std::string>{job.id + "-1.manifest.json"}; }));
  regions_.set("us", Mood::answers);
  exports_->region_is_back("us");
  EXPECT_EQ(get(job.id).revision, 1);
}

TEST_F(LinkedJobs, AMailThatWaitsForHealingComesWithItsEnd) {
  const auto mail = [](const Job& job) -> std::optional<delivery::NewMail> {
    if (is_healing(job, job.updated)) return std::nullopt;
    delivery::NewMail text;
    text.subject = to_string(job.state);
    return text;
  };
  regions_.set("us", Mood::refuses);
  exports_->set_mail_text("here", mail);
  exports_->start();
  ExportSpec spec = september();
  spec.kind = ExportKind::billed_usage;
  spec.billed.orgs = {"us-one", "b-sub"};
  const DialectNote note{"here", "{}", {}, "ana@acme.example"};
  const CreateOptions options{.is_numbered = true, .retention_s = 30 * 86'400, .heals_from_creation = true};
  const auto ends = exports_->create(admin_, spec, note, options);
  ASSERT_TRUE(ends);
  const Job job = wait(ends->id);
  ASSERT_EQ(job.state, JobState::partial_success) << job.error;
  EXPECT_EQ(job.heals_until, job.created.plus_seconds(3 * 86'400));
  EXPECT_TRUE(spy_->mails().empty());
  clock_.advance_us(3 * Instant::us_per_day);
  ASSERT_TRUE(comes_true([&] { return spy_->mails().size() == 1; }));
  EXPECT_EQ(spy_->mails()[0].subject, "PARTIAL_SUCCESS");
  EXPECT_FALSE(is_healing(get(job.id), clock_.now()));

  const auto heals = exports_->create(admin_, spec, note, options);
  ASSERT_TRUE(heals);
  ASSERT_EQ(wait(heals->id).state, JobState::partial_success);
  us_.advance_us(3 * Instant::us_per_day);
  regions_.set("us", Mood::answers);
  exports_->region_is_back("us");
  ASSERT_TRUE(becomes(heals->id, JobState::success));
  ASSERT_TRUE(comes_true([&] { return spy_->mails().size() == 2; }));
  EXPECT_EQ(spy_->mails()[1].subject, "SUCCESS");
}

TEST_F(LinkedJobs, AReportAllOfWhoseOrgsAreMissingHasNoRowsYet) {
  regions_.set("us", Mood::refuses);
  exports_->start();
  ExportSpec spec = september();
  spec.kind = ExportKind::billed_usage;
  spec.billed.orgs = {"us-one"};
  const auto created = exports_->create(admin_, spec, note(), {.is_numbered = true});
  ASSERT_TRUE(created);
  const Job job = wait(created->id);
  ASSERT_EQ(job.state, JobState::partial_success) << job.error;
  EXPECT_EQ(job.rows, 0U);
  regions_.set("us", Mood::answers);
  exports_->region_is_back("us");
  ASSERT_TRUE(becomes(job.id, JobState::success));
  EXPECT_GT(get(job.id).rows, 0U);
}

TEST_F(LinkedJobs, UsageOnAMeterThatIsUnknownHereIsAGapAndNoFailure) {
  us_.take_in_catalogue(R"({"meters": [{"id": "theirs", "name": "Made in us alone"}]})");
  std::vector<Entry> entries = {{"us-one", "theirs", "2024-09-10T00:00:00Z", "1", "", ""}};
  us_.take_in(entries);
  const Job job = run(linked_september(FileSplit::per_org));
  ASSERT_EQ(job.state, JobState::partial_success) << job.error;
  ASSERT_EQ(job.gaps.size(), 1U);
  EXPECT_EQ(job.gaps[0].region, "us");
  EXPECT_EQ(job.gaps[0].reason, "it has usage on the meter \"theirs\", which is not in the catalogue here");
  const ZipText files = unzip(take(read_file(system_files(), job.artifact_path)));
  EXPECT_TRUE(std::ranges::any_of(files, [](const auto& file) { return file.first == "ap-one.csv"; }));
}

TEST_F(LinkedJobs, ARestartInTheMiddleGoesOnWithThePartsThatAreThere) {
  set("regions.budget", 600);
  reopen();
  regions_.set("us", Mood::stalls);
  exports_->start();
  const auto created = create(linked_september(FileSplit::combined));
  ASSERT_TRUE(created);
  ASSERT_TRUE(comes_true([&] { return get(created->id).progress.waiting_for == "region us"; }));
  ASSERT_TRUE(comes_true([&] { return !files_with(".part-ap").empty(); }));
  reopen();
  EXPECT_EQ(get(created->id).state, JobState::processing);
  regions_.set("us", Mood::answers);
  regions_.set("ap", Mood::refuses);
  exports_->start();
  EXPECT_EQ(wait(created->id).state, JobState::success) << get(created->id).error;
}

TEST_F(LinkedJobs, AFillingGoesOnAfterARestart) {
  regions_.set("us", Mood::refuses);
  const Job first = run(linked_september(FileSplit::combined));
  ASSERT_EQ(first.state, JobState::partial_success);
  regions_.set("us", Mood::stalls);
  exports_->region_is_back("us");
  const int before = regions_.attempts("us");
  ASSERT_TRUE(comes_true([&] { return regions_.attempts("us") > before; }));
  EXPECT_EQ(exports_->artifact(admin_, first.id)->revision, 1) << "stays readable meanwhile";
  reopen();
  EXPECT_EQ(get(first.id).state, JobState::partial_success);
  EXPECT_FALSE(files_with(".part-ap").empty());
  regions_.set("us", Mood::answers);
  exports_->start();
  EXPECT_TRUE(becomes(first.id, JobState::success));
}

}  // namespace
}  // namespace meterport::exports
