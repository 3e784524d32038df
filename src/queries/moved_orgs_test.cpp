// Rated rows of an org that goes from one tenant to another and back: its usage stays on the meters of the tenant that
// it was in on each day, also where both have a meter of that id.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "queries/test_server.h"

namespace meterport::queries {
namespace {

using Lines = std::vector<std::string>;

/// The sandbox is in A, from the 4th in B, from the 6th in A again.
constexpr std::string_view two_tenants = R"({
  "orgs": [
    {"id": "a", "kind": "production", "name": "A"}, {"id": "b", "kind": "production", "name": "B"},
    {"id": "box", "kind": "sandbox", "name": "Box", "parent": "a",
     "history": [{"valid_from": "2024-09-04", "parent": "b"}, {"valid_from": "2024-09-06", "parent": "a"}]},
    {"id": "box-sub", "kind": "sub-org", "name": "Sub", "parent": "box"}
  ],
  "meters": [
    {"id": "both", "org": "a", "name": "Of A", "rates": [{"ipu_per_unit": "1"}, {"tier_from": "4", "ipu_per_unit": "0.1"}]},
    {"id": "both", "org": "b", "name": "Of B", "divisor": "2", "rates": [{"ipu_per_unit": "100"}]},
    {"id": "stored", "org": "a", "name": "Not every day", "rates": [{"ipu_per_unit": "1"}]},
    {"id": "stored", "org": "b", "name": "Every day", "category": "RECORDS_STORED", "rates": [{"ipu_per_unit": "2"}]},
    {"id": "one", "org": "a", "name": "Only A's", "rates": [{"ipu_per_unit": "1"}]},
    {"id": "5Ariu53Z8gobF4KYsmTg4Z", "org": "b", "name": "Heads", "category": "ORGS", "rates": [{"ipu_per_unit": "6"}]},
    {"id": "c6vq9jira786LE0O2UReWT", "org": "b", "name": "Box usage", "scalar": "IPU", "category": "ORGS"}
  ]
})";

class MovedOrgsTest : public TestServer {
 protected:
  MovedOrgsTest() {
    apply(two_tenants);
    std::vector<Entry> entries;
    for (int day = 1; day <= 7; ++day) {
      for (const char* meter : {"both", "one"}) {
        entries.push_back({.org = "box",
                           .meter = meter,
                           .time = fmt::format("2024-09-0{}T10:00:00Z", day),
                           .quantity = "1",
                           .project = {},
                           .folder = {}});
      }
    }
    ingest(entries);
  }
  /// As a report over the org's days in that tenant; "date meter, its name, quantity consumption rate".
  Lines summary(const std::string& org, std::vector<DaySpan> days, const std::string& meter,
                std::uint64_t records_max = 1'000) {
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    const ReportOrgs orgs = {{catalogue->org(org), std::move(days)}};
    Lines lines;
    for (const Slice& slice : take(queries_->plan_slices(snapshot, orgs, on("01"), on("07"), meter, {}, records_max))) {
      check(queries_->summary_rows(snapshot, *catalogue, orgs, slice, [&](const SummaryRow& row) -> Status {
        lines.push_back(fmt::format("{} {} {} {} {}", format_day(row.day).substr(8), row.meter->name_on(row.day),
                                    row.rated.quantity.to_text(), row.rated.consumption.to_text(),
                                    row.rated.rate.to_text()));
        return {};
      }));
    }
    return lines;
  }
  static Day on(std::string_view day) { return parse_day(fmt::format("2024-09-{}", day)).value(); }
  const std::vector<DaySpan> in_a_ = {{on("01"), on("04")}, {on("06"), on("08")}}, in_b_ = {{on("04"), on("06")}};
};

TEST_F(MovedOrgsTest, EachDayIsOnTheMeterThatTheOrgSawThen) {
  for (const std::uint64_t records_max : {1u, 3u, 1'000u}) {
    const Lines a = {"01 Of A 1 1 1", "02 Of A 1 1 1", "03 Of A 1 1 1", "06 Of A 1 0.1 0.1", "07 Of A 1 0.1 0.1"};
    EXPECT_EQ(summary("box", in_a_, "both", records_max), a) << "tiers count what was used in between";
    const Lines b = {"04 Of B 1 50 100", "05 Of B 1 50 100"};
    EXPECT_EQ(summary("box", in_b_, "both", records_max), b);
  }
  const Lines none_there = {"04 Only A's 1 1 1", "05 Only A's 1 1 1"};
  EXPECT_EQ(summary("box", in_b_, "one"), none_there) << "usage that the tenant has no meter for is not lost";
}

TEST_F(MovedOrgsTest, PiecesAreOnTheSameMetersAsSums) {
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const ReportOrgs orgs = {{catalogue->org("box"), {{on("01"), on("08")}}}};
  const Slice all{.first = on("01"), .last = on("07"), .org_first = 0, .org_end = 1, .meter = "both"};
  Lines lines;
  check(queries_->asset_rows(snapshot, *catalogue, orgs, all, [&](const AssetRow& row) -> Status {
    lines.push_back(fmt::format("{} {} {} {}", format_day(row.day).substr(8), row.meter->name_on(row.day),
                                row.part.tier_from.to_text(), row.part.consumption.to_text()));
    return {};
  }));
  const Lines expected = {"07 Of A 4 0.1", "06 Of A 4 0.1", "05 Of B 0 50", "04 Of B 0 50",
                          "03 Of A 0 1",   "02 Of A 0 1",   "01 Of A 0 1"};
  EXPECT_EQ(lines, expected);
  Consumption total;
  check(queries_->project_folder_rows(snapshot, *catalogue, orgs, all, [&](const ProjectFolderRow& row) -> Status {
    total += row.consumption;
    return {};
  }));
  EXPECT_EQ(total.to_text(), "103.2");
}

TEST_F(MovedOrgsTest, MadeRowsAreThoseOfTheTenantOfTheDay) {
  std::vector<Entry> entries = {
      {.org = "box", .meter = "stored", .time = "2024-09-02T10:00:00Z", .quantity = "1", .project = {}, .folder = {}}};
  ingest(entries);
  const Lines stored = {"02 Not every day 1 1 1", "04 Every day 0 0 2", "05 Every day 0 0 2"};
  EXPECT_EQ(summary("box", {{on("01"), on("08")}}, "stored"), stored);
  EXPECT_EQ(summary("a", {{on("01"), on("08")}}, "c6vq9jira786LE0O2UReWT"), Lines{}) << "A has no such meter";
  const Lines born = {"04 Box usage 0 51 0", "05 Box usage 0 51 0"};
  EXPECT_EQ(summary("b", {{on("01"), on("08")}}, "c6vq9jira786LE0O2UReWT"), born);
  EXPECT_EQ(summary("box", {{on("01"), on("08")}}, "5Ariu53Z8gobF4KYsmTg4Z"), Lines{}) << "it was A's on the 1st";
}

}  // namespace
}  // namespace meterport::queries
