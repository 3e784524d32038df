// What a report asks of each region.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "queries/part_store.h"
#include "queries/test_server.h"

namespace meterport::queries {
namespace {

using warehouse::Dimension;

class SharesTest : public TestServer {
 protected:
  /// Meters differ from test to test.
  void make(std::string_view meters) {
    apply(fmt::format(R"({{"regions": [{{"name": "ap"}}, {{"name": "eu"}}, {{"name": "us"}}], "orgs": [
      {{"id": "top", "kind": "production", "name": "Top", "region": "eu", "billing_anchor_day": 20}},
      {{"id": "us-2", "kind": "additional-production", "name": "U", "parent": "top", "region": "us", "billing_anchor_day": 5}},
      {{"id": "us-1", "kind": "sub-org", "name": "U", "parent": "us-2", "billing_anchor_day": 10}},
      {{"id": "ap-1", "kind": "additional-production", "name": "A", "parent": "top", "region": "ap"}},
      {{"id": "box", "kind": "sandbox", "name": "Box", "parent": "top", "region": "us", "billing_anchor_day": 1}},
      {{"id": "late-box", "kind": "sandbox", "name": "Box", "parent": "other", "region": "us",
       "history": [{{"valid_from": "2024-09-12", "parent": "top"}}]}},
      {{"id": "other", "kind": "production", "name": "Other", "region": "us"}}], "meters": {}}})",
                      meters));
    catalogue_ = catalog_->current();
  }
  [[nodiscard]] std::vector<RegionShare> shares(ExportKind kind, const std::vector<const char*>& orgs,
                                                const std::string& meter = {}) const {
    ExportSpec spec;
    spec.kind = kind;
    spec.period = {start_of(day_from({2024, 9, 12})), start_of(day_from({2024, 9, 16}))};
    spec.meter = meter;
    ReportOrgs report;
    for (const char* org : orgs) {
      report.push_back({catalogue_->org(org), {{day_from({2024, 9, 12}), day_from({2024, 9, 16})}}});
    }
    return shares_of(spec, Instant{7}, *catalogue_, report, "eu");
  }
  static std::string text(const std::vector<RegionShare>& shares) {
    std::string out;
    for (const RegionShare& share : shares) {
      out += fmt::format("{}: {} from {}; ", share.region, fmt::join(share.request.orgs, " "),
                         format_day(day_of(share.request.period.from)));
    }
    return out;
  }
  catalog::SnapshotPtr catalogue_;
};

constexpr const char* plain = R"([{"id": "plain", "name": "Plain", "rates": [{"ipu_per_unit": "1"}]}])";
constexpr const char* tiered =
    R"([{"id": "plain", "name": "Plain"},
        {"id": "c6vq9jira786LE0O2UReWT", "name": "Sandbox usage", "category": "ORGS"},
        {"id": "kept", "name": "Kept", "category": "RECORDS_STORED"},
        {"id": "steps", "name": "Steps", "rates": [{"ipu_per_unit": "2"}, {"tier_from": "3", "ipu_per_unit": "1"}]}])";

TEST_F(SharesTest, TheOwnRegionIsFirstTheOthersByName) {
  make(plain);
  const auto all = shares(ExportKind::project_folder, {"us-2", "top", "us-1", "ap-1"});
  EXPECT_EQ(text(all), "eu: top from 2024-09-12; ap: ap-1 from 2024-09-12; us: us-1 us-2 from 2024-09-12; ");
  EXPECT_EQ(all[0].request.as_of, Instant{7});
  EXPECT_EQ(all[2].request.shown.from, start_of(day_from({2024, 9, 12})));
  EXPECT_EQ(text(shares(ExportKind::project_folder, {"us-1"})), "us: us-1 from 2024-09-12; ");
  EXPECT_EQ(text(shares(ExportKind::summary, {})), "");
}

TEST_F(SharesTest, TiersAreFilledFromTheStartsOfBillingPeriods) {
  make(tiered);
  EXPECT_EQ(text(shares(ExportKind::asset, {"top", "us-1", "us-2"})),
            "eu: top from 2024-08-20; us: us-1 us-2 from 2024-09-05; ");
  EXPECT_EQ(text(shares(ExportKind::asset, {"us-1"}, "plain")), "us: us-1 from 2024-09-12; ");
  EXPECT_EQ(text(shares(ExportKind::asset, {"us-1"}, "steps")), "us: us-1 from 2024-09-10; ");
}

TEST_F(SharesTest, SummaryReadsSandboxOrgsWhoseTotalsItShows) {
  make(tiered);
  EXPECT_EQ(text(shares(ExportKind::summary, {"top"})), "eu: top from 2024-08-20; us: box late-box from 2024-09-01; ");
  EXPECT_EQ(text(shares(ExportKind::summary, {"top"}, "steps")), "eu: top from 2024-08-20; ");
  EXPECT_EQ(text(shares(ExportKind::asset, {"top"})), "eu: top from 2024-08-20; ");
  const auto totals = shares(ExportKind::summary, {"top"}, "c6vq9jira786LE0O2UReWT");
  EXPECT_EQ(text(totals), "eu: top from 2024-08-20; us: box late-box from 2024-09-01; ");
  EXPECT_EQ(totals[1].request.meter, "");  // what they add up to is of all meters
  EXPECT_TRUE(totals[1].request.with_first_days);
  EXPECT_FALSE(shares(ExportKind::summary, {"top"}, "steps")[0].request.with_first_days);
}

TEST_F(SharesTest, EachKindHasItsGrain) {
  make(plain);
  const auto summary = shares(ExportKind::summary, {"top"})[0].request;
  EXPECT_EQ(summary.grain, PartGrain::day_sums);
  EXPECT_TRUE(summary.dims.empty());
  EXPECT_FALSE(summary.with_first_days);
  EXPECT_EQ(shares(ExportKind::project_folder, {"top"})[0].request.dims,
            (std::vector{Dimension::project, Dimension::folder}));
  EXPECT_EQ(shares(ExportKind::asset, {"top"})[0].request.dims.size(), 6u);
  EXPECT_EQ(shares(ExportKind::job_level, {"top"}, "plain")[0].request.grain, PartGrain::records);
  EXPECT_EQ(shares(ExportKind::job_level, {"top"}, "plain")[0].request.meter, "plain");
}

TEST_F(SharesTest, BilledUsageIsReadFromTheMonthsBeginningWhereARuleAsksForIt) {
  make(plain);
  EXPECT_EQ(text(shares(ExportKind::billed_usage, {"top"})), "eu: top from 2024-09-12; ");
  apply(R"({"meters": [{"id": "free", "name": "Free", "billing": {"free_per_month": "3"}}]})");
  catalogue_ = catalog_->current();
  const auto billed = shares(ExportKind::billed_usage, {"top", "us-1"});
  EXPECT_EQ(text(billed), "eu: top from 2024-09-01; us: us-1 from 2024-09-01; ");
  EXPECT_EQ(billed[0].request.grain, PartGrain::facts);
  EXPECT_EQ(billed[0].request.dims, std::vector{Dimension::subscription});
}

}  // namespace
}  // namespace meterport::queries
