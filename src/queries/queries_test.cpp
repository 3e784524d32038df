// Rows and totals against plain additions over the records handed in.
#include "queries/queries.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "queries/test_server.h"

namespace meterport::queries {
namespace {

constexpr std::string_view catalogue_json = R"({
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "billing_anchor_day": 20},
    {"id": "b-sub", "kind": "sub-org", "name": "B", "parent": "top"},
    {"id": "a-sub", "kind": "sub-org", "name": "A", "parent": "top"},
    {"id": "alone", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [
    {"id": "hours", "name": "Hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
     "rates": [{"ipu_per_unit": "0.16"}, {"valid_from": "2024-09-10", "ipu_per_unit": "0.2"},
               {"org": "a-sub", "valid_from": "2024-09-05", "ipu_per_unit": "0.1"}]},
    {"id": "rows", "name": "Rows", "scalar": "MILLION_ROWS", "rates": [{"ipu_per_unit": "9.5"}]},
    {"id": "thirds", "name": "Thirds", "divisor": "3", "rates": [{"ipu_per_unit": "1"}]},
    {"id": "free", "name": "Free"},
    {"id": "sandboxes", "name": "Sandboxes", "category": "ORGS", "rates": [{"ipu_per_unit": "5"}]}
  ]
})";

/// The rules above once more, by hand.
std::pair<std::string_view, std::string_view> rate_and_divisor(const Entry& entry) {
  const std::string day = entry.time.substr(0, 10);
  if (entry.meter == "rows") return {"9.5", "1000000"};
  if (entry.meter == "thirds") return {"1", "3"};
  if (entry.meter == "free") return {"0", "1"};
  if (entry.org == "a-sub" && day >= "2024-09-05") return {"0.1", "1"};
  return {day >= "2024-09-10" ? "0.2" : "0.16", "1"};
}

Decimal decimal(std::string_view text) {
  return Decimal::parse(text).value();
}
Day september(int day) {
  return day_from({2024, 9, static_cast<unsigned>(day)});
}

class QueriesTest : public TestServer {
 protected:
  QueriesTest() { apply(catalogue_json); }

  void ingest_random(int count, unsigned seed) {
    std::mt19937 random(seed);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> fresh;
    for (int i = 0; i < count; ++i) {
      fresh.push_back(
          {.org = one_of({"top", "a-sub", "b-sub", "alone"}),
           .meter = one_of({"hours", "rows", "thirds", "free"}),
           .time = fmt::format("2024-09-{:02}T{:02}:{:02}:59.999999Z", 1 + random() % 14, random() % 24, random() % 60),
           .quantity =
               fmt::format("{}{}.{:018}", random() % 9 == 0 ? "-" : "", random() % 5'000, random() % 1'000'000'000),
           .project = one_of({"p1", "P2", "\u00e4", ""}),
           .folder = one_of({"f", "", "F,\"x\""})});
    }
    ingest(fresh);
    entries_.insert(entries_.end(), fresh.begin(), fresh.end());
  }

  static ReportOrgs linked(const catalog::Snapshot& catalogue) {
    return always({catalogue.org("top"), catalogue.org("a-sub"), catalogue.org("b-sub")});
  }

  /// As lines, in the contract's order: date, org rank, meter.
  std::vector<std::string> summary_by_hand(std::uint64_t as_of) {
    const std::map<std::string, int> rank = {{"top", 0}, {"a-sub", 1}, {"b-sub", 2}};
    std::map<std::tuple<std::string, int, std::string>, std::pair<Total, Consumption>> sums;
    for (const Entry& e : entries_) {
      if (!rank.contains(e.org) || e.position > as_of) continue;
      auto& [quantity, consumption] = sums[{e.time.substr(0, 10), rank.at(e.org), e.meter}];
      const auto [rate, divisor] = rate_and_divisor(e);
      quantity += Total(decimal(e.quantity));
      consumption.add(Total(decimal(e.quantity)), decimal(rate), decimal(divisor));
    }
    std::vector<std::string> lines;
    for (const auto& [key, sum] : sums) {
      lines.push_back(fmt::format("{} {} {} {} {}", std::get<0>(key), std::get<1>(key), std::get<2>(key),
                                  sum.first.to_text(), sum.second.to_text()));
    }
    return lines;
  }
  std::vector<std::string> summary_by_queries(const Snapshot& snapshot, Queries::SliceOrder order,
                                              std::uint64_t records_max) {
    const auto catalogue = take(queries_->catalogue(snapshot));
    const auto orgs = linked(*catalogue);
    const auto slices =
        take(queries_->plan_slices(snapshot, orgs, september(1), september(30), "", order, records_max));
    std::vector<std::string> lines;
    for (const Slice& slice : slices) {
      check(queries_->summary_rows(snapshot, *catalogue, orgs, slice, [&](const SummaryRow& row) -> Status {
        const auto rank = std::ranges::find(orgs, row.org, &ReportOrg::org) - orgs.begin();
        lines.push_back(fmt::format("{} {} {} {} {}", format_day(row.day), rank, row.meter->id,
                                    row.rated.quantity.to_text(), row.rated.consumption.to_text()));
        EXPECT_EQ(format_day(row.billing_period.first), rank == 0 ? "2024-08-20" : "2024-09-01");
        return {};
      }));
    }
    return lines;
  }

  std::vector<std::string> folders_by_hand(std::uint64_t as_of) {
    const std::map<std::string, int> rank = {{"top", 0}, {"a-sub", 1}, {"b-sub", 2}};
    using Key = std::tuple<int, int, bool, std::string, bool, std::string>;
    std::map<Key, Consumption> sums;
    for (const Entry& e : entries_) {
      if (!rank.contains(e.org) || e.position > as_of) continue;
      const auto [rate, divisor] = rate_and_divisor(e);
      sums[{-std::stoi(e.time.substr(8, 2)), rank.at(e.org), e.project.empty(), e.project, e.folder.empty(), e.folder}]
          .add(Total(decimal(e.quantity)), decimal(rate), decimal(divisor));
    }
    std::vector<std::string> lines;
    for (const auto& [key, sum] : sums) {
      lines.push_back(fmt::format("2024-09-{:02} {} {}/{} {}", -std::get<0>(key), std::get<1>(key), std::get<3>(key),
                                  std::get<5>(key), sum.to_text()));
    }
    return lines;
  }
  std::vector<std::string> folders_by_queries(const Snapshot& snapshot, std::uint64_t records_max) {
    const auto catalogue = take(queries_->catalogue(snapshot));
    const auto orgs = linked(*catalogue);
    const auto slices = take(queries_->plan_slices(snapshot, orgs, september(1), september(30), "",
                                                   {.days_major = true, .days_descending = true}, records_max));
    std::vector<std::string> lines;
    for (const Slice& slice : slices) {
      check(
          queries_->project_folder_rows(snapshot, *catalogue, orgs, slice, [&](const ProjectFolderRow& row) -> Status {
            lines.push_back(fmt::format("{} {} {}/{} {}", format_day(row.day),
                                        std::ranges::find(orgs, row.org, &ReportOrg::org) - orgs.begin(), row.project,
                                        row.folder, row.consumption.to_text()));
            return {};
          }));
    }
    return lines;
  }

  std::vector<Entry> entries_;
};

TEST_F(QueriesTest, SummaryRowsComeRatedAndInOrderHoweverTheyAreSliced) {
  ingest_random(1'500, 1);
  const Snapshot snapshot = pin();
  const auto expected = summary_by_hand(snapshot.ledger_position);
  ASSERT_FALSE(expected.empty());
  for (const std::uint64_t records_max : {1u, 40u, 300u, 1'000'000u}) {
    EXPECT_EQ(summary_by_queries(snapshot, {}, records_max), expected) << records_max;
    auto per_org = summary_by_queries(snapshot, {.days_major = false, .days_descending = false}, records_max);
    std::ranges::sort(per_org);
    auto sorted = expected;
    std::ranges::sort(sorted);
    EXPECT_EQ(per_org, sorted) << records_max;
  }
}

TEST_F(QueriesTest, ProjectFolderRowsAddUpOverMetersNewestDayFirst) {
  ingest_random(1'500, 2);
  const Snapshot snapshot = pin();
  const auto expected = folders_by_hand(snapshot.ledger_position);
  ASSERT_FALSE(expected.empty());
  for (const std::uint64_t records_max : {1u, 40u, 1'000'000u}) {
    EXPECT_EQ(folders_by_queries(snapshot, records_max), expected) << records_max;
  }
}

TEST_F(QueriesTest, ASnapshotKeepsItsRowsWhenUsageAndRatesChange) {
  ingest_random(300, 3);
  const Snapshot before = pin();
  const auto summary = summary_by_queries(before, {}, 100);
  const auto folders = folders_by_queries(before, 100);
  apply(R"({"meters": [{"id": "rows", "name": "Rows", "scalar": "MILLION_ROWS", "rates": [{"ipu_per_unit": "1"}]}]})");
  ingest_random(300, 4);
  const Snapshot after = pin();
  EXPECT_GT(after.catalogue_position, before.catalogue_position);
  EXPECT_NE(summary_by_queries(after, {}, 100), summary);
  EXPECT_EQ(summary_by_queries(before, {}, 100), summary);
  EXPECT_EQ(folders_by_queries(before, 100), folders);
  // The same by its position alone.
  const Snapshot again = take(queries_->pin(before.ledger_position, {}));
  EXPECT_EQ(again.catalogue_position, before.catalogue_position);
  EXPECT_EQ(summary_by_queries(again, {}, 100), summary);
}

TEST_F(QueriesTest, PinningRefusesWhatIsNotThereYet) {
  EXPECT_EQ(queries_->pin(log_->durable_position() + 1, {}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(queries_->pin({}, clock_.now().plus_seconds(3'600)).error().kind, ErrorKind::invalid);
  EXPECT_EQ(queries_->pin(1, clock_.now()).error().kind, ErrorKind::invalid);
  EXPECT_EQ(queries_->pin({}, Instant{}).value().ledger_position, 0u);
}

TEST_F(QueriesTest, NowIncludesWhatWasAcknowledgedThoughTheClockWasSetBack) {
  ingest_random(10, 5);
  clock_.set_offset_us(-3'600 * Instant::us_per_second);
  EXPECT_EQ(pin().ledger_position, log_->durable_position());
}

TEST_F(QueriesTest, OnlyTheAskedMeterIsPlannedAndMetersInUseAreListed) {
  std::vector<Entry> fresh = {
      {.org = "top", .meter = "rows", .time = "2024-09-01T00:00:00Z", .quantity = "1", .project = "", .folder = ""},
      {.org = "top", .meter = "hours", .time = "2024-09-02T00:00:00Z", .quantity = "1", .project = "", .folder = ""},
      {.org = "alone", .meter = "free", .time = "2024-09-02T00:00:00Z", .quantity = "1", .project = "", .folder = ""}};
  ingest(fresh);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const auto orgs = linked(*catalogue);
  EXPECT_EQ(take(queries_->meters_in_use(snapshot, orgs, september(1), september(2))),
            (std::vector<std::string>{"hours", "rows"}));
  EXPECT_EQ(take(queries_->meters_in_use(snapshot, orgs, september(1), september(1))),
            (std::vector<std::string>{"rows"}));
  const auto slices = take(queries_->plan_slices(snapshot, orgs, september(1), september(30), "hours", {}, 100));
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0].records, 1u);
  int rows = 0;
  check(queries_->summary_rows(snapshot, *catalogue, orgs, slices[0], [&](const SummaryRow& row) -> Status {
    EXPECT_EQ(row.meter->id, "hours");
    ++rows;
    return {};
  }));
  EXPECT_EQ(rows, 1);
}

TEST_F(QueriesTest, MetersMadeByTheServerStayOutOfProjectFolder) {
  std::vector<Entry> fresh = {
      {.org = "top",
       .meter = "sandboxes",
       .time = "2024-09-01T00:00:00Z",
       .quantity = "3",
       .project = "",
       .folder = ""},
      {.org = "top", .meter = "thirds", .time = "2024-09-02T00:00:00Z", .quantity = "3", .project = "", .folder = ""}};
  ingest(fresh);
  EXPECT_EQ(folders_by_queries(pin(), 100), std::vector<std::string>{"2024-09-02 0 / 1"});
}

TEST_F(QueriesTest, ARefusedRowEndsTheReading) {
  ingest_random(50, 6);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const Slice all{.first = september(1), .last = september(30), .org_first = 0, .org_end = 3, .meter = {}};
  int rows = 0;
  const auto status =
      queries_->summary_rows(snapshot, *catalogue, linked(*catalogue), all, [&](const SummaryRow&) -> Status {
        if (++rows == 2) return fail(ErrorKind::gone, "cancelled");
        return {};
      });
  EXPECT_EQ(status.error().kind, ErrorKind::gone);
  EXPECT_EQ(rows, 2);
}

class TotalsTest : public QueriesTest {
 protected:
  static Principal viewer_of(std::string_view org, Role role = Role::viewer) {
    return {
        .id = "u", .name = "u", .org = std::string(org), .grants = {{role, std::string(org)}}, .default_source = {}};
  }
  static TotalsRequest request(std::string_view org, std::vector<std::string> group_by) {
    return {.from = start_of(september(1)),
            .to = start_of(september(30)),
            .org = std::string(org),
            .meter = {},
            .group_by = std::move(group_by),
            .as_of_position = {}};
  }
};

TEST_F(TotalsTest, AreGroupedAndOrderedByTheTextOfTheGroupColumns) {
  std::vector<Entry> fresh = {
      {.org = "top", .meter = "rows", .time = "2024-09-02T10:00:00Z", .quantity = "1.5", .project = "b", .folder = ""},
      {.org = "top", .meter = "rows", .time = "2024-09-01T10:00:00Z", .quantity = "2", .project = "b", .folder = ""},
      {.org = "top", .meter = "rows", .time = "2024-09-02T23:00:00Z", .quantity = "0.5", .project = "B", .folder = ""},
      {.org = "a-sub", .meter = "hours", .time = "2024-09-02T23:00:00Z", .quantity = "7", .project = "", .folder = ""}};
  ingest(fresh);
  auto asked = request("top", {"project", "day"});
  const auto one = take(queries_->totals(server_principal(), asked));
  ASSERT_EQ(one.rows.size(), 3u);
  EXPECT_EQ(one.rows[0].dims, std::vector<std::string>{"B"});
  EXPECT_EQ(format_day(*one.rows[1].day), "2024-09-01");
  EXPECT_EQ(one.rows[2].quantity.to_text(), "1.5");
  EXPECT_EQ(one.rows[2].records, 1u);
  EXPECT_EQ(one.rows[2].org, "");

  asked = request("top", {"org", "meter"});
  asked.all_linked = true;
  const auto all = take(queries_->totals(server_principal(), asked));
  ASSERT_EQ(all.rows.size(), 2u);
  EXPECT_EQ(all.rows[0].org, "a-sub");
  EXPECT_EQ(all.rows[1].quantity.to_text(), "4");
  EXPECT_FALSE(all.rows[1].day.has_value());

  asked.group_by = {};
  asked.from = take(parse_instant("2024-09-02T10:00:00.000001Z"));
  const auto sum = take(queries_->totals(server_principal(), asked));
  ASSERT_EQ(sum.rows.size(), 1u);
  EXPECT_EQ(sum.rows[0].quantity.to_text(), "7.5");
}

TEST_F(TotalsTest, SeeWhatWasAcknowledgedJustBeforeAndNothingAfterAnAskedPosition) {
  std::vector<std::uint64_t> positions;
  for (int i = 1; i <= 5; ++i) {
    std::vector<Entry> fresh = {
        {.org = "top", .meter = "rows", .time = "2024-09-02T10:00:00Z", .quantity = "1", .project = "", .folder = ""}};
    ingest(fresh);
    positions.push_back(fresh[0].position);
    EXPECT_EQ(take(queries_->totals(server_principal(), request("top", {}))).rows.at(0).quantity.to_text(),
              std::to_string(i));
  }
  auto asked = request("top", {"meter"});
  asked.as_of_position = positions[2];
  const auto answer = take(queries_->totals(server_principal(), asked));
  EXPECT_EQ(answer.rows.at(0).quantity.to_text(), "3");
  EXPECT_EQ(answer.snapshot.ledger_position, positions[2]);
}

TEST_F(TotalsTest, AreForThoseWhoMayReadTheOrg) {
  const auto kind_for = [&](const Principal& principal, const TotalsRequest& asked) {
    const auto answer = queries_->totals(principal, asked);
    return answer ? ErrorKind::internal : answer.error().kind;
  };
  for (const Role role : {Role::viewer, Role::exporter, Role::admin}) {
    EXPECT_TRUE(queries_->totals(viewer_of("top", role), request("a-sub", {})));
  }
  EXPECT_EQ(kind_for(viewer_of("alone"), request("top", {})), ErrorKind::not_found);
  EXPECT_EQ(kind_for(viewer_of("top"), request("nowhere", {})), ErrorKind::not_found);
  EXPECT_EQ(kind_for(viewer_of("top", Role::ingester), request("top", {})), ErrorKind::forbidden);
  EXPECT_EQ(kind_for(viewer_of("top", Role::operator_), request("top", {})), ErrorKind::not_found);
  Principal one_project = viewer_of("top");
  one_project.project = "hrn:here:authorization::top:project/p";
  EXPECT_EQ(kind_for(one_project, request("top", {})), ErrorKind::forbidden);
  auto linked_orgs = request("a-sub", {});
  linked_orgs.all_linked = true;
  EXPECT_EQ(kind_for(viewer_of("a-sub"), linked_orgs), ErrorKind::forbidden);
  EXPECT_TRUE(queries_->totals(viewer_of("top"), linked_orgs));
}

TEST_F(TotalsTest, SayWhatIsWrongWithARequest) {
  const auto error_of = [&](const TotalsRequest& asked) { return queries_->totals(server_principal(), asked).error(); };
  const Error unknown = error_of(request("top", {"colour"}));
  EXPECT_EQ(unknown.kind, ErrorKind::invalid);
  EXPECT_EQ(unknown.field, "group_by");
  EXPECT_NE(unknown.text.find("asset.name"), std::string::npos);
  EXPECT_EQ(error_of(request("top", {"day", "day"})).kind, ErrorKind::invalid);
  auto backwards = request("top", {});
  std::swap(backwards.from, backwards.to);
  EXPECT_EQ(error_of(backwards).field, "to");
  auto no_meter = request("top", {});
  no_meter.meter = "nothing";
  EXPECT_EQ(error_of(no_meter).kind, ErrorKind::not_found);
}

TEST_F(TotalsTest, AreEmptyForAnOrgOrMeterWithoutUsage) {
  EXPECT_TRUE(take(queries_->totals(server_principal(), request("b-sub", {}))).rows.empty());
  ingest_random(20, 8);
  auto asked = request("top", {});
  asked.meter = "hours";
  asked.from = start_of(september(20));
  EXPECT_TRUE(take(queries_->totals(server_principal(), asked)).rows.empty());
}

}  // namespace
}  // namespace meterport::queries
