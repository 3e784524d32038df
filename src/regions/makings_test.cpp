#include "regions/makings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/test_folder.h"

namespace meterport::regions {
namespace {

class MakingsTest : public ::testing::Test {
 protected:
  ~MakingsTest() override {
    may_end_ = true;
    makings_.reset();
  }

  void open(MakingLimits limits = {}) {
    const auto maker = [this](const queries::PartRequest& request, const std::string& path,
                              MakingProgress& progress) -> Result<MadePart> {
      ++made_;
      while (!may_end_) {
        if (auto wanted = progress.look(); !wanted) return fail(std::move(wanted));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      if (must_fail_) return fail(ErrorKind::storage_full, "no room");
      progress.add_row();
      if (auto written = replace_file(system_files(), path, request.meter); !written) return fail(std::move(written));
      return MadePart{.path = path, .bytes = request.meter.size(), .sha256 = sha256(request.meter)};
    };
    auto opened = Makings::open(system_files(), folder_ / "parts", clock_, system_random(), maker, limits);
    ASSERT_TRUE(opened);
    makings_ = std::move(*opened);
  }
  Result<std::variant<MadePart, Waiting>> get(const std::string& caller, const std::string& meter,
                                              std::int64_t wait_ms = 5'000) {
    queries::PartRequest request;
    request.meter = meter;
    return makings_->get(caller, sha256(meter), request, wait_ms);
  }
  std::vector<std::string> files() {
    return system_files().list(folder_ / "parts").value_or(std::vector<std::string>());
  }

  TestFolder folder_;
  AdjustableClock clock_;
  std::atomic<int> made_{0};
  std::atomic<bool> may_end_{true}, must_fail_{false};
  std::unique_ptr<Makings> makings_;
};

TEST_F(MakingsTest, APartIsMadeOnceForEachCaller) {
  open();
  const auto first = get("eu", "m");
  ASSERT_TRUE(first);
  const auto& part = std::get<MadePart>(*first);
  EXPECT_EQ(read_file(system_files(), part.path).value(), "m");
  EXPECT_EQ(std::get<MadePart>(*get("eu", "m")).path, part.path);
  EXPECT_EQ(made_, 1);
  EXPECT_NE(std::get<MadePart>(*get("us", "m")).path, part.path);
  EXPECT_NE(std::get<MadePart>(*get("eu", "n")).path, part.path);
  EXPECT_EQ(made_, 3);
}

TEST_F(MakingsTest, WhoAsksTooEarlyIsToldHowFarItIs) {
  open();
  may_end_ = false;
  auto early = get("eu", "m", 10);
  ASSERT_TRUE(early);
  EXPECT_EQ(std::get<Waiting>(*early).rows, 0U);
  may_end_ = true;
  EXPECT_TRUE(std::holds_alternative<MadePart>(*get("eu", "m")));
  EXPECT_EQ(made_, 1);
}

TEST_F(MakingsTest, AFailureIsToldOnceAndTheNextCallBeginsAnew) {
  open();
  must_fail_ = true;
  EXPECT_EQ(get("eu", "m").error().kind, ErrorKind::storage_full);
  must_fail_ = false;
  EXPECT_TRUE(std::holds_alternative<MadePart>(*get("eu", "m")));
  EXPECT_EQ(made_, 2);
}

TEST_F(MakingsTest, WhatNobodyAsksForAnyMoreIsGivenUp) {
  open({.threads = 1, .abandoned_after_ms = 30});
  may_end_ = false;
  ASSERT_TRUE(std::holds_alternative<Waiting>(*get("eu", "m", 1)));
  // The one thread is free again only when the first was given up.
  Result<std::variant<MadePart, Waiting>> second = get("eu", "n", 1);
  for (int i = 0; i < 500 && made_ < 2; ++i) second = get("eu", "n", 10);
  EXPECT_EQ(made_, 2);
}

TEST_F(MakingsTest, ThereIsRoomForSoManyFilesAndTheOldestGoes) {
  open({.files_max = 2, .keep_ms = 3'600'000, .being_sent_ms = 3'600'000});
  ASSERT_TRUE(get("eu", "a") && get("eu", "b"));
  EXPECT_EQ(get("eu", "c").error().kind, ErrorKind::busy);
  open({.files_max = 2, .being_sent_ms = 5});
  EXPECT_TRUE(files().empty());  // what an earlier process left is gone
  ASSERT_TRUE(get("eu", "a") && get("eu", "b"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(get("eu", "c"));
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(MakingsTest, FilesAreRemovedAfterAWhile) {
  open({.keep_ms = 5});
  ASSERT_TRUE(get("eu", "a"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(get("eu", "b"));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(MakingsTest, OneCallerTakesNoMoreThanItsShare) {
  open({.threads = 1, .queue_max = 8, .of_a_caller_max = 3, .under_way_of_a_caller_max = 2});
  may_end_ = false;
  ASSERT_TRUE(get("eu", "a", 1) && get("eu", "b", 1));
  EXPECT_EQ(get("eu", "c", 1).error().kind, ErrorKind::busy);
  EXPECT_TRUE(get("eu", "a", 1)) << "what is there already goes on";
  EXPECT_TRUE(get("us", "c", 1));
  may_end_ = true;
  ASSERT_TRUE(get("eu", "a") && get("eu", "b") && get("eu", "c"));
  EXPECT_EQ(get("eu", "d", 1).error().kind, ErrorKind::busy);
  EXPECT_TRUE(get("us", "d"));
  open({.of_a_caller_max = 2, .being_sent_ms = 5});
  ASSERT_TRUE(get("us", "z") && get("eu", "a") && get("eu", "b"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(get("eu", "c")) << "its oldest goes";
  EXPECT_EQ(files().size(), 3U);
}

TEST_F(MakingsTest, TwoThatWaitForTheSameAreToldWhyItFailed) {
  open();
  may_end_ = false;
  must_fail_ = true;
  std::vector<std::string> told(2);
  {
    std::vector<std::jthread> callers;
    for (std::string& text : told) callers.emplace_back([&] { text = get("eu", "m").error().text; });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    may_end_ = true;
  }
  EXPECT_EQ(told, (std::vector<std::string>{"no room", "no room"}));
}

TEST_F(MakingsTest, TheQueueIsBounded) {
  open({.threads = 1, .queue_max = 1});
  may_end_ = false;
  ASSERT_TRUE(get("eu", "a", 1));
  for (int i = 0; i < 500 && made_ == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(get("eu", "b", 1));
  EXPECT_EQ(get("eu", "c", 1).error().kind, ErrorKind::busy);
  makings_->stop();
  EXPECT_EQ(get("eu", "a", 1).error().kind, ErrorKind::busy);
}

}  // namespace
}  // namespace meterport::regions
