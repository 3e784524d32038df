// What a region gives is looked at before it counts: whole parts of what nobody asked for.
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "queries/part_file.h"

namespace meterport::queries {
namespace {

using warehouse::Dimension;
using warehouse::Fact;

class PartCheck : public ::testing::Test {
 protected:
  PartCheck() {
    request_.orgs = {"a-us", "b-us"};
    request_.period = request_.shown = {start_of(day_from({2024, 9, 1})), start_of(day_from({2024, 10, 1}))};
    request_.dims = {Dimension::project};
  }
  /// A part of one row, whole as a file.
  std::string part(const std::string& org, const std::string& meter, Instant time, std::int64_t whole = 1) {
    std::string path = folder_ / std::to_string(++parts_);
    auto writer = PartFileWriter::create(system_files(), path, grain_, dims_);
    EXPECT_TRUE(writer);
    Fact fact{.position = 1, .time_us = time.us, .whole = whole};
    fact.codes[0] = fact.codes[1] = 1;
    EXPECT_TRUE((*writer)->word(Dimension::org, 1, org));
    EXPECT_TRUE((*writer)->word(Dimension::meter, 1, meter));
    for (const Dimension dimension : dims_) {
      fact.codes.at(static_cast<std::size_t>(dimension)) = 1;
      EXPECT_TRUE((*writer)->word(dimension, 1, "text"));
    }
    EXPECT_TRUE((*writer)->fact(fact, {}, {}));
    EXPECT_TRUE((*writer)->finish());
    return path;
  }
  std::string refusal(const std::string& path) {
    const auto checked = check_part_file(system_files(), path, request_);
    return checked ? "" : checked.error().detail;
  }

  TestFolder folder_;
  int parts_ = 0;
  PartRequest request_;
  PartGrain grain_ = PartGrain::day_sums;
  std::vector<Dimension> dims_ = {Dimension::project};
  const Instant day_ = start_of(day_from({2024, 9, 10}));
};

TEST_F(PartCheck, WhatWasAskedForIsTaken) {
  EXPECT_EQ(refusal(part("b-us", "hours", day_)), "");
  dims_.clear();
  EXPECT_EQ(refusal(part("a-us", "hours", request_.period.from)), "");
}

TEST_F(PartCheck, ARegionSpeaksForNoOrgOfAnother) {
  EXPECT_EQ(refusal(part("top", "hours", day_)), "not asked for: an org");
}

TEST_F(PartCheck, NeitherForOtherMetersDaysDimensionsOrGrains) {
  EXPECT_EQ(refusal(part("a-us", "hours", request_.period.to)), "not asked for: a day");
  EXPECT_EQ(refusal(part("a-us", "hours", request_.period.from.plus_us(-1))), "not asked for: a day");
  request_.meter = "rows";
  EXPECT_EQ(refusal(part("a-us", "hours", day_)), "not asked for: a meter");
  request_.meter.clear();
  grain_ = PartGrain::facts;
  EXPECT_EQ(refusal(part("a-us", "hours", day_)), "not asked for: a grain");
  grain_ = PartGrain::day_sums;
  dims_ = {Dimension::folder};
  EXPECT_EQ(refusal(part("a-us", "hours", day_)), "not asked for: a dimension");
}

TEST_F(PartCheck, BeforeThePeriodOnlyFirstDaysCountAndOnlyWhereAskedFor) {
  const Instant before = start_of(day_from({2024, 8, 1}));
  EXPECT_EQ(refusal(part("a-us", "hours", before, 0)), "not asked for: a day");
  request_.with_first_days = true;
  EXPECT_EQ(refusal(part("a-us", "hours", before, 0)), "");
  EXPECT_EQ(refusal(part("a-us", "hours", before, 1)), "not asked for: a day");
}

}  // namespace
}  // namespace meterport::queries
