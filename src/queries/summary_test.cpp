// SUMMARY against a slow model: half scalars counted one by one through the tiers, every day of every org walked from
// the beginning; and the rows that the server makes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "queries/test_server.h"

namespace meterport::queries {
namespace {

Day on(std::string_view day) {
  return parse_day(day).value();
}

class SummaryTest : public TestServer {
 protected:
  /// "day org meter quantity consumption rate".
  std::vector<std::string> rows(const Snapshot& snapshot, const ReportOrgs& orgs, Day first, Day last,
                                std::uint64_t records_max = 1'000'000, bool days_major = true,
                                const std::string& meter = "") {
    const auto catalogue = take(queries_->catalogue(snapshot));
    std::vector<std::string> lines;
    for (const Slice& slice : take(queries_->plan_slices(
             snapshot, orgs, first, last, meter, {.days_major = days_major, .days_descending = false}, records_max))) {
      check(queries_->summary_rows(snapshot, *catalogue, orgs, slice, [&](const SummaryRow& row) -> Status {
        EXPECT_EQ(row.billing_period, billing_period_on(*row.org, row.day));
        lines.push_back(fmt::format("{} {} {} {} {} {}", format_day(row.day), row.org->id, row.meter->id,
                                    row.rated.quantity.to_text(), row.rated.consumption.to_text(),
                                    row.rated.rate.to_text()));
        return {};
      }));
    }
    return lines;
  }
  /// Over these orgs, by the newest catalogue.
  std::vector<std::string> rows_now(const std::vector<std::string>& orgs, std::string_view first, std::string_view last,
                                    std::uint64_t records_max = 1'000'000) {
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    std::vector<const Org*> found;
    for (const std::string& id : orgs) found.push_back(catalogue->org(id));
    return rows(snapshot, always(found), on(first), on(last), records_max);
  }
  void use(std::string_view org, std::string_view meter, std::string_view day, std::string_view quantity) {
    std::vector<Entry> entries = {{.org = std::string(org),
                                   .meter = std::string(meter),
                                   .time = std::string(day) + "T10:00:00Z",
                                   .quantity = std::string(quantity),
                                   .project = {},
                                   .folder = {}}};
    ingest(entries);
  }
};
using Lines = std::vector<std::string>;

// ---- Tiers, random ----

constexpr std::string_view tiered_catalogue = R"({
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "billing_anchor_day": 20,
     "history": [{"valid_from": "2024-09-05", "billing_anchor_day": 5}, {"valid_from": "2024-09-07", "billing_anchor_day": 31},
                 {"valid_from": "2024-09-09", "billing_anchor_day": 5}]},
    {"id": "sub", "kind": "sub-org", "name": "Sub", "parent": "top", "billing_anchor_day": 31},
    {"id": "box", "kind": "sandbox", "name": "Box", "parent": "top",
     "history": [{"valid_from": "2024-09-10", "status": "deleted"}, {"valid_from": "2024-09-14", "status": "active"}]},
    {"id": "other", "kind": "production", "name": "Another tenant"}
  ],
  "meters": [
    {"id": "plain", "name": "Plain", "rates": [{"ipu_per_unit": "0.5"}]},
    {"id": "steps", "name": "Steps", "divisor": "1000",
     "rates": [{"ipu_per_unit": "0.16"}, {"tier_from": "4", "ipu_per_unit": "0.025"}, {"tier_from": "10.5", "ipu_per_unit": "0"},
               {"valid_from": "2024-09-08", "ipu_per_unit": "0.3"}, {"valid_from": "2024-09-08", "tier_from": "7", "ipu_per_unit": "0.2"},
               {"valid_from": "2024-09-12", "ipu_per_unit": "1"}, {"valid_from": "2024-09-15", "ipu_per_unit": "0.1"},
               {"valid_from": "2024-09-15", "tier_from": "2.5", "ipu_per_unit": "0.01"},
               {"org": "sub", "valid_from": "2024-09-03", "ipu_per_unit": "2"},
               {"org": "sub", "valid_from": "2024-09-03", "tier_from": "5", "ipu_per_unit": "1.5"}]},
    {"id": "same", "name": "One id", "org": "top", "category": "RECORDS_STORED",
     "rates": [{"ipu_per_unit": "0.4"}, {"tier_from": "3", "ipu_per_unit": "0.2"}]},
    {"id": "same", "name": "Two owners", "org": "other", "rates": [{"ipu_per_unit": "0.8"}]}
  ]
})";

/// Tiers by the table above: start in half scalars, rate x 10,000.
using Tiers = std::vector<std::pair<int, int>>;

Tiers tiers_by_hand(const std::string& org, const std::string& meter, Day day) {
  if (meter == "plain") return {{0, 5'000}};
  if (meter == "same") return org == "other" ? Tiers{{0, 8'000}} : Tiers{{0, 4'000}, {6, 2'000}};
  if (org == "sub" && day >= on("2024-09-03")) return {{0, 20'000}, {10, 15'000}};
  if (day >= on("2024-09-15")) return {{0, 1'000}, {5, 100}};
  if (day >= on("2024-09-12")) return {{0, 10'000}};
  if (day >= on("2024-09-08")) return {{0, 3'000}, {14, 2'000}};
  return {{0, 1'600}, {8, 250}, {21, 0}};
}

/// Of the half scalar that begins at `half`.
int rate_at(const Tiers& tiers, int half) {
  int rate = tiers.front().second;
  for (const auto& [from, of_tier] : tiers) {
    if (half >= from) rate = of_tier;
  }
  return rate;
}

std::string scaled_text(std::int64_t value, std::int64_t unit) {
  return Decimal::from_scaled(Int128{value} * 1'000'000'000'000'000'000 / unit).to_text();
}

class RandomSummaryTest : public SummaryTest {
 protected:
  RandomSummaryTest() { apply(tiered_catalogue); }

  void ingest_random(std::mt19937& random, int count) {
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> fresh;
    for (int i = 0; i < count; ++i) {
      const std::string meter = one_of({"plain", "steps", "steps", "same"});
      const int halves = static_cast<int>(random() % 14) - 4;
      const Day day = on("2024-08-10").plus(static_cast<std::int32_t>(random() % 44));
      fresh.push_back({.org = one_of({"top", "sub", "box", "other"}),
                       .meter = meter,
                       .time = format_day(day) + "T23:59:59.5Z",
                       .quantity = meter == "steps" ? std::to_string(halves * 500) : scaled_text(halves, 2),
                       .project = {},
                       .folder = {}});
      halves_[{fresh.back().org, meter, day}].push_back(halves);
    }
    ingest(fresh);
  }

  /// Rows of the org and meter on all days, whichever report they are asked for.
  void walk(const Org& org, const std::string& meter, std::map<Day, std::string>& rows) const {
    int counter = 0;
    bool has_begun = false;
    for (Day day = on("2024-06-01"); day <= on("2024-09-30"); day = day.plus(1)) {
      if (billing_period_on(org, day) != billing_period_on(org, day.plus(-1))) counter = 0;
      const auto used = halves_.find({org.id, meter, day});
      has_begun |= used != halves_.end();
      const bool is_daily = meter == "same" && org.id != "other" && org.status_on(day) != OrgStatus::deleted;
      if (used == halves_.end() && !(has_begun && is_daily)) continue;
      int sum = 0;
      for (const int halves : used == halves_.end() ? std::vector<int>{} : used->second) sum += halves;
      const Tiers tiers = tiers_by_hand(org.id, meter, day);
      std::int64_t cost = 0;
      int rate = rate_at(tiers, counter);
      for (int i = 0; i < sum; ++i, ++counter) cost += rate = rate_at(tiers, counter);
      for (int i = 0; i > sum; --i) cost -= rate = rate_at(tiers, --counter);
      rows[day] = fmt::format("{} {} {} {} {} {}", format_day(day), org.id, meter,
                              scaled_text(sum * (meter == "steps" ? 500 : 1), meter == "steps" ? 1 : 2),
                              scaled_text(cost, 20'000), scaled_text(rate, 10'000));
    }
  }
  Lines rows_by_hand(const ReportOrgs& orgs, Day first, Day last) const {
    std::map<std::tuple<Day, std::size_t, std::string>, std::string> sorted;
    for (std::size_t rank = 0; rank < orgs.size(); ++rank) {
      for (const std::string meter : {"plain", "steps", "same"}) {
        std::map<Day, std::string> all;
        walk(*orgs[rank].org, meter, all);
        for (const auto& [day, row] : all) {
          if (day >= first && day <= last && orgs[rank].is_on(day)) sorted[{day, rank, meter}] = row;
        }
      }
    }
    Lines lines;
    for (const auto& [key, row] : sorted) lines.push_back(row);
    return lines;
  }

  std::map<std::tuple<std::string, std::string, Day>, std::vector<int>> halves_;
};

TEST_F(RandomSummaryTest, RowsFollowTheTiersHoweverTheyAreAskedFor) {
  std::mt19937 random(5);
  for (int round = 0; round < 2; ++round) {
    ingest_random(random, 200);  // the second round's records are late
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    ReportOrgs orgs =
        always({catalogue->org("top"), catalogue->org("box"), catalogue->org("other"), catalogue->org("sub")});
    orgs[3].days = {{on("2024-08-28"), on("2024-09-04")}, {on("2024-09-11"), on("2024-09-13")}};
    for (const std::string_view start : {"2024-08-10", "2024-08-31", "2024-09-13"}) {
      const Day first = on(start), last = on("2024-09-18");
      const Lines expected = rows_by_hand(orgs, first, last);
      ASSERT_FALSE(expected.empty());
      Lines sorted = expected;
      std::ranges::sort(sorted);
      for (const std::uint64_t records_max : {1u, 25u, 1'000'000u}) {
        if (records_max == 1 && round > 0) continue;
        ASSERT_EQ(rows(snapshot, orgs, first, last, records_max), expected) << start << " by " << records_max;
        if (records_max == 1) continue;
        Lines per_org = rows(snapshot, orgs, first, last, records_max, false);
        std::ranges::sort(per_org);
        ASSERT_EQ(per_org, sorted) << start << " by " << records_max;
      }
    }
  }
}

TEST_F(RandomSummaryTest, AnOlderSnapshotKeepsItsRowsWhateverComesLater) {
  std::mt19937 random(6);
  ingest_random(random, 200);
  const Snapshot before = pin();
  const auto then = take(queries_->catalogue(before));
  const ReportOrgs orgs = always({then->org("top"), then->org("box"), then->org("sub")});
  const Lines kept = rows(before, orgs, on("2024-09-01"), on("2024-09-18"), 50);
  ingest_random(random, 100);
  apply(R"({"orgs": [{"id": "sub", "kind": "sub-org", "name": "Sub", "parent": "box", "billing_anchor_day": 3}],
            "meters": [{"id": "steps", "name": "Steps", "divisor": "1000",
                        "rates": [{"ipu_per_unit": "9"}, {"tier_from": "1", "ipu_per_unit": "8"}]}]})");
  const Snapshot after = pin();
  const auto now = take(queries_->catalogue(after));
  EXPECT_NE(
      rows(after, always({now->org("top"), now->org("box"), now->org("sub")}), on("2024-09-01"), on("2024-09-18"), 50),
      kept);
  EXPECT_EQ(rows(before, orgs, on("2024-09-01"), on("2024-09-18"), 50), kept);
}

// ---- Rows that the server makes ----

constexpr std::string_view charged_catalogue = R"({
  "orgs": [
    {"id": "prod", "kind": "production", "name": "Prod", "billing_anchor_day": 20},
    {"id": "extra", "kind": "additional-production", "name": "Extra", "parent": "prod"},
    {"id": "sand", "kind": "sandbox", "name": "Sand", "parent": "prod", "billing_anchor_day": 2,
     "history": [{"valid_from": "2024-10-20", "status": "deleted"}]},
    {"id": "s1", "kind": "sub-org", "name": "S1", "parent": "prod", "status": "disabled"},
    {"id": "s2", "kind": "sub-org", "name": "S2", "parent": "prod",
     "history": [{"valid_from": "2024-09-25", "status": "deleted"}]},
    {"id": "s3", "kind": "sub-org", "name": "S3", "parent": "extra",
     "history": [{"valid_from": "2024-10-01", "parent": "sand"}]}
  ],
  "meters": [
    {"id": "hours", "name": "Hours", "rates": [{"ipu_per_unit": "1"}, {"tier_from": "10", "ipu_per_unit": "0.5"}]},
    {"id": "stored", "name": "Stored", "category": "RECORDS_STORED", "rates": [{"ipu_per_unit": "0.1"}]},
    {"id": "5Ariu53Z8gobF4KYsmTg4Z", "name": "Sub Organizations", "scalar": "PER_ORG", "category": "ORGS",
     "rates": [{"ipu_per_unit": "6"}, {"valid_from": "2024-10-10", "ipu_per_unit": "7"}]},
    {"id": "2z4IqaoycKEextVpoCisuL", "name": "Sandbox Organizations", "scalar": "PER_ORG", "category": "ORGS",
     "rates": [{"ipu_per_unit": "6"}]},
    {"id": "c6vq9jira786LE0O2UReWT", "name": "Sandbox Organizations IPU Usage", "scalar": "IPU", "category": "ORGS"}
  ]
})";

class ChargesTest : public SummaryTest {
 protected:
  ChargesTest() { apply(charged_catalogue); }
};

TEST_F(ChargesTest, HeadsAreChargedOnTheFirstDayOfTheBearersPeriod) {
  const Lines expected = {
      "2024-09-01 extra 5Ariu53Z8gobF4KYsmTg4Z 1 6 6", "2024-09-20 prod 2z4IqaoycKEextVpoCisuL 1 6 6",
      "2024-09-20 prod 5Ariu53Z8gobF4KYsmTg4Z 2 12 6",  // one is deleted later
      "2024-10-02 prod c6vq9jira786LE0O2UReWT 0 6 0",   // the sandbox's charge for s3
      "2024-10-02 sand 5Ariu53Z8gobF4KYsmTg4Z 1 6 6",   // moved here the day before
      "2024-10-20 prod 5Ariu53Z8gobF4KYsmTg4Z 1 7 7",   // the sandbox is deleted, too
      "2024-11-02 prod c6vq9jira786LE0O2UReWT 0 7 0",  "2024-11-02 sand 5Ariu53Z8gobF4KYsmTg4Z 1 7 7"};
  EXPECT_EQ(rows_now({"prod", "extra", "s1", "s2", "s3", "sand"}, "2024-09-01", "2024-11-10"), expected);
  EXPECT_EQ(rows_now({"s1", "s2", "s3"}, "2024-09-01", "2024-11-10"), Lines{});
}

TEST_F(ChargesTest, AProductionOrgBearsWhatItsSandboxesRowsAddUpTo) {
  use("sand", "hours", "2024-09-03", "8");
  use("sand", "hours", "2024-09-05", "4");
  use("sand", "stored", "2024-09-04", "5");
  use("s3", "hours", "2024-09-05", "100");
  const Lines expected = {"2024-09-03 prod c6vq9jira786LE0O2UReWT 0 8 0",
                          "2024-09-04 prod c6vq9jira786LE0O2UReWT 0 0.5 0",
                          "2024-09-05 prod c6vq9jira786LE0O2UReWT 0 3 0",  // 2 hours at 1, 2 at 0.5
                          "2024-09-06 prod c6vq9jira786LE0O2UReWT 0 0 0"};
  // The sandbox need not be in the report.
  EXPECT_EQ(rows_now({"prod"}, "2024-09-01", "2024-09-06"), expected);
  EXPECT_EQ(rows_now({"prod"}, "2024-09-05", "2024-09-06"), Lines(expected.begin() + 2, expected.end()));
  const Lines sandbox = {"2024-09-03 sand hours 8 8 1", "2024-09-04 sand stored 5 0.5 0.1",
                         "2024-09-05 sand hours 4 3 0.5", "2024-09-05 sand stored 0 0 0.1",
                         "2024-09-06 sand stored 0 0 0.1"};
  EXPECT_EQ(rows_now({"sand"}, "2024-09-01", "2024-09-06"), sandbox);
  Lines both = expected;
  both.insert(both.end(), sandbox.begin(), sandbox.end());
  std::ranges::sort(both);  // the texts' order is that of the rows here
  for (const std::uint64_t records_max : {1u, 2u, 100u}) {
    EXPECT_EQ(rows_now({"prod", "sand"}, "2024-09-01", "2024-09-06", records_max), both) << records_max;
  }
}

TEST_F(ChargesTest, RowsOfZeroGoOnFromTheFirstRecordUntilTheOrgIsDeleted) {
  use("s2", "stored", "2024-09-22", "5");
  use("s2", "stored", "2024-09-22", "-5");
  const Lines expected = {"2024-09-22 s2 stored 0 0 0.1", "2024-09-23 s2 stored 0 0 0.1",
                          "2024-09-24 s2 stored 0 0 0.1"};
  EXPECT_EQ(rows_now({"s2"}, "2024-09-01", "2024-12-31"), expected);
  // A record before moves the beginning; one on a day on which the org is deleted is a row of that day.
  use("s2", "stored", "2024-09-21", "1");
  use("s2", "stored", "2024-09-27", "2");
  Lines more = expected;
  more.insert(more.begin(), "2024-09-21 s2 stored 1 0.1 0.1");
  more.emplace_back("2024-09-27 s2 stored 2 0.2 0.1");
  EXPECT_EQ(rows_now({"s2"}, "2024-09-01", "2024-12-31"), more);
}

TEST_F(ChargesTest, MadeRowsEndWithTheSnapshotsDay) {
  clock_.set_offset_us((start_of(on("2034-09-20")).us - clock_.now().us) + 3'600 * Instant::us_per_second);
  use("s1", "stored", "2034-09-19", "1");
  const Lines until_now = {"2034-09-19 s1 stored 1 0.1 0.1", "2034-09-20 prod 5Ariu53Z8gobF4KYsmTg4Z 1 7 7",
                           "2034-09-20 s1 stored 0 0 0.1"};
  EXPECT_EQ(rows_now({"prod", "s1"}, "2034-09-12", "2034-12-31"), until_now);
}

TEST_F(ChargesTest, ASandboxsUsageOfLaterDaysIsBorneToo) {
  const std::string later = format_day(day_of(clock_.now()).plus(400));
  use("sand", "hours", later, "3");
  EXPECT_EQ(rows_now({"prod"}, later, later), Lines{later + " prod c6vq9jira786LE0O2UReWT 0 3 0"});
}

TEST_F(SummaryTest, AMeterIsTheOneThatTheOrgSawInTheTreeOfTheDay) {
  apply(R"({
    "orgs": [
      {"id": "a", "kind": "production", "name": "A"}, {"id": "b", "kind": "production", "name": "B"},
      {"id": "box", "kind": "sandbox", "name": "Box", "parent": "a", "history": [{"valid_from": "2024-09-10", "parent": "b"}]},
      {"id": "sub", "kind": "sub-org", "name": "Sub", "parent": "box"}],
    "meters": [
      {"id": "sku", "org": "a", "name": "SKU of A", "rates": [{"ipu_per_unit": "2"}]},
      {"id": "sku", "org": "b", "name": "SKU of B", "rates": [{"ipu_per_unit": "3"}]},
      {"id": "old", "org": "a", "name": "Of A alone", "category": "RECORDS_STORED", "rates": [{"ipu_per_unit": "1"}]},
      {"id": "5Ariu53Z8gobF4KYsmTg4Z", "org": "a", "name": "Sub Organizations", "category": "ORGS", "scalar": "PER_ORG",
       "rates": [{"ipu_per_unit": "6"}]}]})");
  for (const char* day : {"2024-09-09", "2024-09-10"}) use("box", "sku", day, "1");
  use("box", "old", "2024-09-10", "5");
  const Lines expected = {"2024-09-01 box 5Ariu53Z8gobF4KYsmTg4Z 1 6 6", "2024-09-09 box sku 1 2 2",
                          "2024-09-10 box old 5 5 1",  // nobody else's: as it was
                          "2024-09-10 box sku 1 3 3", "2024-09-11 box old 0 0 1"};
  // By October it was another tenant's, who charges nothing for sub-orgs.
  EXPECT_EQ(rows_now({"box"}, "2024-09-01", "2024-09-11"), expected);
  EXPECT_EQ(rows_now({"box"}, "2024-10-01", "2024-10-01"), Lines{"2024-10-01 box old 0 0 1"});
}

TEST_F(ChargesTest, AReportOfOneMeterHasItsMadeRowsOnly) {
  use("sand", "hours", "2024-09-03", "8");
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const ReportOrgs orgs = always({catalogue->org("prod"), catalogue->org("sand")});
  const auto of = [&](const std::string& meter) {
    return rows(snapshot, orgs, on("2024-09-01"), on("2024-09-30"), 100, true, meter);
  };
  EXPECT_EQ(of("c6vq9jira786LE0O2UReWT"), Lines{"2024-09-03 prod c6vq9jira786LE0O2UReWT 0 8 0"});
  EXPECT_EQ(of("5Ariu53Z8gobF4KYsmTg4Z"), Lines{"2024-09-20 prod 5Ariu53Z8gobF4KYsmTg4Z 2 12 6"});
  EXPECT_EQ(of("hours"), Lines{"2024-09-03 sand hours 8 8 1"});
  EXPECT_EQ(of("stored"), Lines{});
}

TEST_F(ChargesTest, WhatSandboxesAddUpToIsNotReadOnceNobodyWantsIt) {
  use("sand", "hours", "2024-09-03", "8");
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const ReportOrgs orgs = always({catalogue->org("prod")});
  const Slice month{.first = on("2024-09-01"), .last = on("2024-09-30"), .org_first = 0, .org_end = 1, .meter = {}};
  const auto no_row = [](const SummaryRow&) -> Status { return fail(ErrorKind::internal, "a row"); };
  const auto stop = []() -> Status { return fail(ErrorKind::busy, "stopped"); };
  EXPECT_EQ(queries_->summary_rows(snapshot, *catalogue, orgs, month, no_row, stop).error().text, "stopped");
  EXPECT_EQ(queries_->summary_meters(snapshot, *catalogue, orgs, month.first, month.last, stop).error().text,
            "stopped");
}

TEST_F(ChargesTest, SummaryMetersAreThoseOfTheRows) {
  use("sand", "hours", "2024-09-03", "8");
  use("s1", "stored", "2024-09-10", "1");
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  ReportOrgs orgs = always({catalogue->org("prod"), catalogue->org("s1"), catalogue->org("sand")});
  orgs[1].days = {{on("2024-09-12"), on("2024-09-14")}};
  orgs[2].days = {{on("2024-09-03"), on("2024-09-04")}};
  for (const auto& [first, last] : std::vector<std::pair<std::string, std::string>>{{"2024-09-01", "2024-09-30"},
                                                                                    {"2024-09-03", "2024-09-03"},
                                                                                    {"2024-09-04", "2024-09-11"},
                                                                                    {"2024-09-13", "2024-09-20"}}) {
    std::set<std::string> ids;
    for (const std::string& line : rows(snapshot, orgs, on(first), on(last))) {
      const std::size_t meter = line.find(' ', 11) + 1;
      ids.insert(line.substr(meter, line.find(' ', meter) - meter));
    }
    EXPECT_EQ(take(queries_->summary_meters(snapshot, *catalogue, orgs, on(first), on(last))),
              Lines(ids.begin(), ids.end()))
        << first;
  }
}

}  // namespace
}  // namespace meterport::queries
