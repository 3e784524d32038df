// PROJECT_FOLDER rows of tiered meters against the model that walks unit by unit.
#include <algorithm>

#include "queries/test_tier_model.h"

namespace meterport::queries {
namespace {

using ProjectFolderTest = TierModelTest;

TEST_F(ProjectFolderTest, TiersFillByDayAscendingThoughRowsComeNewestDayFirst) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    ingest_random(700, seed);
    std::map<std::tuple<int, int, LastIfNone, LastIfNone>, Consumption> sums;
    for (const ModelPart& p : model()) {
      if (is_reported(p)) sums[{-std::stoi(p.day.substr(8)), rank_of(p.org), p.project, p.folder}] += p.consumption();
    }
    std::vector<std::string> expected;
    for (const auto& [key, sum] : sums) {
      expected.push_back(fmt::format("{} {} {}/{} {}", -std::get<0>(key), std::get<1>(key), std::get<2>(key).text,
                                     std::get<3>(key).text, sum.to_text()));
    }
    ASSERT_GT(expected.size(), 50u);
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    const ReportOrgs orgs = report(*catalogue);
    for (const std::uint64_t records_max : {1u, 60u, 1'000'000u}) {
      std::vector<std::string> lines;
      for (const Slice& slice :
           take(queries_->plan_slices(snapshot, orgs, september(1), september(14), "",
                                      {.days_major = true, .days_descending = true}, records_max))) {
        check(
            queries_->project_folder_rows(snapshot, *catalogue, orgs, slice, [&](const ProjectFolderRow& r) -> Status {
              lines.push_back(fmt::format("{} {} {}/{} {}", std::stoi(format_day(r.day).substr(8)), rank_of(r.org->id),
                                          r.project, r.folder, r.consumption.to_text()));
              return {};
            }));
      }
      EXPECT_EQ(lines, expected) << seed << " " << records_max;
    }
  }
}

}  // namespace
}  // namespace meterport::queries
