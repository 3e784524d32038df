// Jobs over regions and the runners: who holds whom up, and what is left over.
#include <gtest/gtest.h>

#include <filesystem>

#include "exports/test_exports.h"
#include "exports/test_fake_regions.h"

namespace meterport::exports {
namespace {

constexpr std::string_view linked_json = R"({"regions": [{"name": "us"}, {"name": "ap"}], "orgs": [
  {"id": "us-one", "kind": "additional-production", "name": "US", "parent": "top", "region": "us"},
  {"id": "ap-one", "kind": "additional-production", "name": "AP", "parent": "top", "region": "ap"}
]})";

class LinkedRunners : public ExportsTest {
 protected:
  LinkedRunners() {
    apply(linked_json);
    for (RegionServer* server : {&us_, &ap_}) server->take_in_catalogue(linked_json);
    regions_.add("us", &us_.queries());
    regions_.add("ap", &ap_.queries());
    queries_->set_part_source(&regions_);
  }
  ~LinkedRunners() override { close(); }

  /// In seconds.
  void open_with(std::int64_t budget, std::int64_t stall) {
    check(settings_.set("regions.budget", budget));
    check(settings_.set("regions.read_budget", std::int64_t{1}));
    check(settings_.set("regions.stall_timeout", stall));
    reopen();
    exports_->start();
  }
  Job get(const std::string& id) { return take(exports_->get(admin_, id)); }
  bool waits_for(const std::string& id, const std::string& what) {
    return comes_true([&] { return get(id).progress.waiting_for == what; });
  }
  bool ends_soon(const std::string& id) {
    for (int i = 0; i < 1500 && !is_final(get(id).state); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return is_final(get(id).state);
  }
  Job partial() {
    const auto job = create(linked_september(FileSplit::combined));
    return job ? wait(job->id) : Job();
  }

  RegionServer us_{catalogue_json}, ap_{catalogue_json};
  FakeRegions regions_{"local"};
};

TEST_F(LinkedRunners, ThatWaitForARegionHoldUpNoOtherJob) {
  open_with(600, 1);
  regions_.set("us", Mood::stalls);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    const auto job = create(linked_september(FileSplit::combined));
    ASSERT_TRUE(job) << job.error().text;
    ids.push_back(job->id);
  }
  for (const std::string& id : ids) ASSERT_TRUE(waits_for(id, "region us"));
  const auto other = create(september());
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_TRUE(ends_soon(other->id)) << get(other->id).progress.waiting_for;
  regions_.set("us", Mood::answers);
  for (const std::string& id : ids) EXPECT_EQ(wait(id).state, JobState::success);
}

TEST_F(LinkedRunners, AFillingWaitsForASlowRegionNoLongerThanARunWhenThereIsSomethingNew) {
  open_with(1, 600);
  regions_.set("us", Mood::refuses);
  regions_.set("ap", Mood::refuses);
  const Job first = partial();
  ASSERT_EQ(first.gaps.size(), 2U) << first.error;
  regions_.set("us", Mood::stalls);
  regions_.set("ap", Mood::answers);
  exports_->region_is_back("ap");
  ASSERT_TRUE(comes_true([&] { return get(first.id).revision == 2; }));
  EXPECT_EQ(get(first.id).gaps.size(), 1U);
}

TEST_F(LinkedRunners, AFillingThatWaitsForASlowRegionHoldsUpNoOtherFilling) {
  open_with(1, 600);
  regions_.set("us", Mood::refuses);
  regions_.set("ap", Mood::refuses);
  ExportSpec billed = september();
  billed.kind = ExportKind::billed_usage;
  std::vector<std::string> ids;
  for (const char* org : {"us-one", "ap-one"}) {
    billed.billed.orgs = {org};
    const auto job = create(billed);
    ASSERT_TRUE(job) << job.error().text;
    ASSERT_EQ(wait(job->id).state, JobState::partial_success);
    ids.push_back(job->id);
  }
  regions_.set("us", Mood::stalls);
  const int before = regions_.attempts("us");
  exports_->region_is_back("us");
  ASSERT_TRUE(comes_true([&] { return regions_.attempts("us") > before; }));
  regions_.set("ap", Mood::answers);
  exports_->region_is_back("ap");
  EXPECT_TRUE(comes_true([&] { return get(ids[1]).state == JobState::success; }));
  EXPECT_EQ(get(ids[0]).state, JobState::partial_success);
}

TEST_F(LinkedRunners, ARegionThatIsBackWhileAFillingEndsInVainIsAskedAtOnce) {
  open_with(1, 2);
  regions_.set("us", Mood::refuses);
  const Job first = partial();
  ASSERT_EQ(first.state, JobState::partial_success) << first.error;
  regions_.set("us", Mood::stalls);
  const int before = regions_.attempts("us");
  exports_->region_is_back("us");
  ASSERT_TRUE(comes_true([&] { return regions_.attempts("us") > before; }));
  regions_.set("us", Mood::answers);
  const Instant asked = clock_.now();
  exports_->region_is_back("us");
  ASSERT_TRUE(comes_true([&] { return get(first.id).state == JobState::success; }));
  EXPECT_LT(get(first.id).updated, asked.plus_seconds(9)) << "not after the pause of one in vain";
}

TEST_F(LinkedRunners, WhatARunLeftGoesWhenItsJobIsCancelledBeforeItGoesOn) {
  open_with(600, 1);
  regions_.set("us", Mood::stalls);
  const auto job = create(linked_september(FileSplit::combined));
  ASSERT_TRUE(job);
  ASSERT_TRUE(comes_true([&] { return system_files().exists(folder_ / ("artifacts/" + job->id + ".part-ap")); }));
  reopen();
  EXPECT_EQ(artifacts().size(), 1U);
  EXPECT_EQ(exports_->cancel(admin_, job->id)->state, JobState::cancelled);
  EXPECT_TRUE(artifacts().empty());
}

TEST_F(LinkedRunners, WhatAProcessThatDiedLeftGoesWithTheNextOne) {
  const std::filesystem::path folder(folder_ / "artifacts");
  const std::string store = "aaaaaaaaaaaaaaaaaaaaaa-1.parts.r0.tmp";
  std::filesystem::create_directories(folder / (store + ".tmp"));
  for (const std::string& name : {store, store + ".wal", store + ".records", store + ".tmp/duckdb_temp_storage-0.tmp",
                                  std::string("aaaaaaaaaaaaaaaaaaaaaa.part-us.r0.tmp.coming")}) {
    check(replace_file(system_files(), folder / name, "left"));
  }
  reopen();
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(LinkedRunners, AJobWhoseRegionDidNotAnswerIsTriedAgainAtItsInstant) {
  open_with(1, 1);
  regions_.set("us", Mood::refuses);
  const auto job = create(september("us-one"));
  ASSERT_TRUE(job && job->is_unplannable);
  clock_.advance_us(Instant::us_per_day);
  us_.advance_us(Instant::us_per_day);
  regions_.set("us", Mood::answers);
  const auto again = exports_->retry(admin_, job->id);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->snapshot, job->snapshot);
  EXPECT_EQ(wait(again->id).state, JobState::success);
}

}  // namespace
}  // namespace meterport::exports
