// Parts of regions that answer, refuse, stall and come back.
#include "exports/region_parts.h"

#include <gtest/gtest.h>

#include "base/fault_files.h"
#include "base/test_folder.h"
#include "exports/test_fake_regions.h"

namespace meterport::exports {
namespace {

using Steady = std::chrono::steady_clock;

class RegionPartsTest : public ::testing::Test {
 protected:
  RegionPartsTest() {
    for (const char* name : {"ap", "us"}) regions_.add(name);
    times_ = {.budget = 60'000, .probe = 1'000, .stall = 60'000, .pause_first = 1, .pause_longest = 4};
  }
  std::unique_ptr<RegionParts> gather(RegionParts::Effort effort = RegionParts::Effort::until_budget) {
    auto parts = std::make_unique<RegionParts>(
        regions_, files_, watch_, std::vector<queries::RegionShare>{{"ap", {}}, {"us", {}}},
        RegionParts::Options{.stem = folder_ / "job.part-", .tag = "t", .times = times_, .effort = effort});
    parts->start();
    return parts;
  }
  std::vector<std::string> names() {
    auto names = system_files().list(folder_.path());
    return names ? *names : std::vector<std::string>{};
  }

  TestFolder folder_;
  FaultFiles files_{system_files()};
  RunWatch watch_;
  FakeRegions regions_{"eu"};
  RegionTimes times_;
};

TEST_F(RegionPartsTest, EachRegionGivesAFile) {
  const auto parts = gather();
  ASSERT_TRUE(parts->wait());
  for (const auto& part : parts->parts()) EXPECT_TRUE(part.is_there) << part.share.region;
  EXPECT_EQ(names(), (std::vector<std::string>{"job.part-ap", "job.part-us"}));
  EXPECT_EQ(watch_.progress().waiting_for, "");
  EXPECT_TRUE(watch_.has_parts);
}

TEST_F(RegionPartsTest, OneThatBreaksOffIsTriedAgain) {
  regions_.set("us", Mood::breaks_off);
  regions_.answer_from("us", 4);
  const auto parts = gather();
  ASSERT_TRUE(parts->wait());
  EXPECT_TRUE(parts->parts()[1].is_there);
  EXPECT_EQ(regions_.attempts("us"), 4);
}

TEST_F(RegionPartsTest, OneThatStallsHoldsUpNoOtherAndIsGivenUpWhenTheTimeIsOver) {
  times_.budget = 300;
  regions_.set("us", Mood::stalls);
  const auto began = Steady::now();
  const auto parts = gather();
  while (!files_.exists(folder_ / "job.part-ap")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_LT(Steady::now() - began, std::chrono::milliseconds(300));
  ASSERT_TRUE(parts->wait());
  EXPECT_TRUE(parts->parts()[0].is_there);
  EXPECT_FALSE(parts->parts()[1].is_there);
  EXPECT_EQ(parts->parts()[1].reason, "stalled");
  EXPECT_LT(Steady::now() - began, std::chrono::seconds(10)) << "not the call's own standstill";
  EXPECT_EQ(names(), std::vector<std::string>{"job.part-ap"});
}

TEST_F(RegionPartsTest, WhatIsStillOutIsSaid) {
  times_.budget = 400;
  regions_.set("us", Mood::stalls);
  const auto parts = gather();
  while (watch_.progress().waiting_for != "region us") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(parts->wait());
}

TEST_F(RegionPartsTest, OneThatForbidsItIsNotAskedAgain) {
  regions_.set("us", Mood::forbids);
  const auto parts = gather();
  ASSERT_TRUE(parts->wait());
  EXPECT_EQ(parts->parts()[1].reason, "does not know this server");
  EXPECT_EQ(regions_.attempts("us"), 1);
}

TEST_F(RegionPartsTest, OnceMeansOnceAndNotWithoutALook) {
  regions_.set("ap", Mood::breaks_off);
  regions_.set("us", Mood::refuses);
  const auto parts = gather(RegionParts::Effort::once);
  ASSERT_TRUE(parts->wait());
  EXPECT_EQ(regions_.attempts("ap"), 1);
  EXPECT_EQ(regions_.attempts("us"), 0);
  EXPECT_EQ(parts->parts()[1].reason, "refused the connection");
}

TEST_F(RegionPartsTest, AnInterruptedRunEndsAtOnce) {
  regions_.set("us", Mood::stalls);
  const auto began = Steady::now();
  const auto parts = gather();
  watch_.is_cancelled = true;
  EXPECT_FALSE(parts->wait());
  EXPECT_LT(Steady::now() - began, std::chrono::seconds(5));
}

TEST_F(RegionPartsTest, AFileThatIsNoPartIsAskedForAgain) {
  ASSERT_TRUE(replace_file(system_files(), folder_ / "job.part-us", "torn"));
  const auto parts = gather();
  ASSERT_TRUE(parts->wait());
  EXPECT_EQ(regions_.attempts("us"), 1);
  EXPECT_EQ(read_file(system_files(), folder_ / "job.part-us").value(), "one");
}

}  // namespace
}  // namespace meterport::exports
