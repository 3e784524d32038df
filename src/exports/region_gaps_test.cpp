#include "exports/region_gaps.h"

#include <gtest/gtest.h>

#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

class RegionGaps : public ExportsTest {};

TEST_F(RegionGaps, ARowReadsAsItWasWritten) {
  const std::vector<Gap> gaps = {{"eu", {"a", "b"}, "said \"no\"\n"}, {"us", {}, ""}};
  EXPECT_EQ(take(parse_gaps(gaps_json(gaps))), gaps);
  EXPECT_EQ(gaps_json({}), "");
  EXPECT_TRUE(take(parse_gaps("")).empty());
  EXPECT_FALSE(parse_gaps("{").has_value());
  EXPECT_FALSE(parse_gaps(R"([{"region":"us"}])").has_value());
}

TEST_F(RegionGaps, ItsTextNamesOrgsAsWiresPrintThem) {
  const auto catalogue = catalog_->current();
  EXPECT_EQ(gap_text({"us", {"a-box", "c-sub"}, "refused the connection"}, 4, true, *catalogue),
            "2 of 4 linked organizations are missing because region \"us\" could not be read (it refused the "
            "connection): c-sub, zzz.");
  EXPECT_EQ(gap_text({"us", {"a-box"}, "its clock is behind"}, 1, false, *catalogue),
            "1 of 1 organizations are missing because region \"us\" could not be read (its clock is behind): zzz.");
}

TEST_F(RegionGaps, ATextOfManyNamesTheFirstTwenty) {
  Gap gap{"us", {}, "refused the connection"};
  for (char c = 'a'; c < 'a' + 23; ++c) gap.orgs.emplace_back(1, c);
  const std::string text = gap_text(gap, 30, true, *catalog_->current());
  EXPECT_TRUE(text.ends_with("): a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t and 3 more.")) << text;
}

TEST_F(RegionGaps, OnlyWhatMayStillBeFilledInSaysSo) {
  Job job;
  job.state = JobState::partial_success;
  job.error = "Gone.";
  job.gaps = {{"us", {"a"}, "x"}};
  EXPECT_EQ(with_outlook(job, Instant{5}).error, "Gone.");
  job.heals_until = Instant{10};
  EXPECT_EQ(with_outlook(job, Instant{5}).error, "Gone. They will be filled in when it answers.");
  EXPECT_EQ(with_outlook(job, Instant{10}).error, "Gone.");
}

}  // namespace
}  // namespace meterport::exports
