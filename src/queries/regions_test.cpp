// What one ledger answers, and what parts of three regions answer: the same rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "queries/test_regions.h"

namespace meterport::queries {
namespace {

constexpr std::string_view spread_catalogue = R"({
  "regions": [{"name": "eu"}, {"name": "us"}, {"name": "ap"}],
  "orgs": [
    {"id": "top", "kind": "production", "name": "Top", "region": "eu", "billing_anchor_day": 20,
     "history": [{"valid_from": "2024-09-05", "billing_anchor_day": 5}]},
    {"id": "a-us", "kind": "additional-production", "name": "A", "parent": "top", "region": "us", "billing_anchor_day": 31},
    {"id": "b-us", "kind": "sub-org", "name": "B", "parent": "a-us"},
    {"id": "c-ap", "kind": "additional-production", "name": "C", "parent": "top", "region": "ap"},
    {"id": "box-us", "kind": "sandbox", "name": "Box", "parent": "top", "region": "us",
     "history": [{"valid_from": "2024-09-10", "status": "deleted"}, {"valid_from": "2024-09-12", "status": "active"}]},
    {"id": "box-ap", "kind": "sandbox", "name": "Box 2", "parent": "top", "region": "ap", "billing_anchor_day": 7}
  ],
  "meters": [
    {"id": "plain", "name": "Plain", "rates": [{"ipu_per_unit": "0.5"}]},
    {"id": "steps", "name": "Steps", "divisor": "10", "rates": [
      {"ipu_per_unit": "7"}, {"tier_from": "6", "ipu_per_unit": "3"}, {"tier_from": "12", "ipu_per_unit": "1"},
      {"org": "a-us", "ipu_per_unit": "9"}, {"org": "a-us", "tier_from": "4.5", "ipu_per_unit": "2"}]},
    {"id": "stored", "name": "Stored", "category": "RECORDS_STORED", "rates": [{"ipu_per_unit": "0.25"}]},
    {"id": "5Ariu53Z8gobF4KYsmTg4Z", "name": "Sub Organizations", "category": "ORGS", "rates": [{"ipu_per_unit": "6"}]},
    {"id": "2z4IqaoycKEextVpoCisuL", "name": "Sandboxes", "category": "ORGS", "rates": [{"ipu_per_unit": "6"}]},
    {"id": "c6vq9jira786LE0O2UReWT", "name": "Sandbox usage", "category": "ORGS"},
    {"id": "hourly", "name": "Hourly", "billing": {"free_per_month": "70", "block_size": "10"}},
    {"id": "monthly", "name": "Monthly", "billing": {"free_per_month": "10.5", "block_size": "7", "hourly": false}}
  ]
})";

Day september(unsigned day) {
  return day_from({2024, 9, day});
}

class SameRowsTest : public RegionsTest {
 protected:
  SameRowsTest() { make(spread_catalogue); }

  void use_random(int count, unsigned seed) {
    std::mt19937 random(seed);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) {
      const Day day = day_from({2024, 7, 25}).plus(static_cast<std::int32_t>(random() % 62));
      Entry e{.org = one_of({"top", "a-us", "b-us", "c-ap", "box-us", "box-ap"}),
              .meter = one_of({"plain", "steps", "steps", "stored", "hourly", "monthly"}),
              .time = fmt::format("{}T{:02}:{}Z", format_day(day), random() % 24, one_of({"00:00", "59:59.999999"})),
              .quantity = fmt::format("{}{}.{:03}", random() % 5 == 0 ? "-" : "", random() % 40, random() % 1000),
              .project = one_of({"", "p1", "P2", "\u00e4"}),
              .folder = one_of({"", "f1", "f2"})};
      e.asset_name = one_of({"", "m1", "m2"});
      e.asset_type = one_of({"MCT", ""});
      e.environment_name = one_of({"agents", ""});
      e.environment_type = one_of({"Serverless", ""});
      e.subscription = one_of({"", "s1", "S2"});
      e.app_id = one_of({"", "app-b", "app-a"});
      e.app_name = e.app_id.empty() ? "" : one_of({"", "Z name", "A name"});
      e.billing_tag = one_of({"", "t1", "N/A"});
      entries.push_back(std::move(e));
    }
    use(std::move(entries));
  }

  /// Everything of the period; of the report's days "a-us" has some.
  static ReportOrgs report(const catalog::Snapshot& catalogue) {
    const DaySpan all{september(1), september(16)};
    return {{catalogue.org("top"), {all}},
            {catalogue.org("c-ap"), {all}},
            {catalogue.org("a-us"), {{september(2), september(7)}, {september(9), september(13)}}},
            {catalogue.org("b-us"), {all}}};
  }

  static std::vector<std::string> rows_of(Queries& queries, const Snapshot& snapshot, const ExportSpec& spec,
                                          const catalog::SnapshotPtr& catalogue, std::uint64_t records_max) {
    std::vector<std::string> lines;
    const ReportOrgs orgs = report(*catalogue);
    if (spec.kind == ExportKind::billed_usage) {
      std::vector<const Org*> some;
      for (const ReportOrg& org : orgs) some.push_back(org.org);
      const auto reader = take(queries.billed_usage(snapshot, catalogue, some, spec.period, spec.billed));
      for (std::size_t i = 0; i < reader->slices(); ++i) {
        check(reader->read_next([&](const BilledRow& row) -> Status {
          lines.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", row.org->id, row.item->feature_id,
                                      row.subscription, row.start ? format_rfc3339(*row.start) : "", row.app_id,
                                      row.app_name, row.project, row.billing_tag, row.quantity.to_text(),
                                      row.billable.to_text()));
          return {};
        }));
      }
      return lines;
    }
    const Day first = day_of(spec.period.from), last = day_of(spec.period.to).plus(-1);
    const Queries::SliceOrder order{.days_major = true, .days_descending = spec.kind == ExportKind::project_folder};
    for (const Slice& slice : take(queries.plan_slices(snapshot, orgs, first, last, spec.meter, order, records_max))) {
      check(rows_of_slice(queries, snapshot, spec, *catalogue, orgs, slice, lines));
    }
    if (spec.kind == ExportKind::summary && spec.meter.empty()) {
      lines.push_back(
          fmt::format("{}", fmt::join(take(queries.summary_meters(snapshot, *catalogue, orgs, first, last)), ",")));
    }
    return lines;
  }

  static Status rows_of_slice(Queries& queries, const Snapshot& snapshot, const ExportSpec& spec,
                              const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice,
                              std::vector<std::string>& lines) {
    switch (spec.kind) {
      case ExportKind::project_folder:
        return queries.project_folder_rows(
            snapshot, catalogue, orgs, slice, [&](const ProjectFolderRow& row) -> Status {
              lines.push_back(fmt::format("{} {} {} {} {}", format_day(row.day), row.org->id, row.project, row.folder,
                                          row.consumption.to_text()));
              return {};
            });
      case ExportKind::asset:
        return queries.asset_rows(snapshot, catalogue, orgs, slice, [&](const AssetRow& row) -> Status {
          lines.push_back(fmt::format("{} {} {} {} {} {} {} {} {} {} {}", format_day(row.day), row.org->id,
                                      row.meter->id, row.asset_name, row.asset_type, row.project, row.folder,
                                      row.environment_name, row.environment_type, row.part.quantity.to_text(),
                                      row.part.consumption.to_text()));
          return {};
        });
      case ExportKind::job_level:
        return queries.records(snapshot, orgs, slice, [&](const RecordRow& row) -> Status {
          const UsageRecord& r = *row.record;
          lines.push_back(fmt::format("{} {} {} {} {} {} {}", r.org, r.meter, format_rfc3339(r.time),
                                      r.quantity.to_text(), r.project, r.asset.name, r.id));
          return {};
        });
      default:
        return queries.summary_rows(snapshot, catalogue, orgs, slice, [&](const SummaryRow& row) -> Status {
          lines.push_back(fmt::format("{} {} {} {} {} {} {}", format_day(row.day), row.org->id, row.meter->id,
                                      row.rated.quantity.to_text(), row.rated.consumption.to_text(),
                                      row.rated.rate.to_text(), format_day(row.billing_period.first)));
          return {};
        });
    }
  }

  void expect_same(const ExportSpec& spec, bool in_file = true) {
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    const std::string path = in_file ? (folder_ / "store.tmp").string() : "";
    {
      const auto store = gather(spec, *catalogue, report(*catalogue), path);
      for (const std::uint64_t records_max : {1'000'000u, 40u}) {
        auto whole = rows_of(*queries_, snapshot, spec, catalogue, records_max);
        auto parts = rows_of(store->queries(), store->snapshot(snapshot), spec, catalogue, records_max);
        // Records of different regions have no order among each other, nor have rows of assets of several slices.
        if (spec.kind == ExportKind::job_level || (spec.kind == ExportKind::asset && records_max < whole.size())) {
          std::ranges::sort(whole);
          std::ranges::sort(parts);
        }
        EXPECT_EQ(parts, whole) << to_string(spec.kind) << " " << spec.meter;
        EXPECT_GT(whole.size(), 1u);
      }
    }
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      EXPECT_FALSE(file.path().filename().string().starts_with("store")) << file.path();
    }
  }
  static ExportSpec spec_of(ExportKind kind, const std::string& meter = {}) {
    ExportSpec spec;
    spec.kind = kind;
    spec.period = {start_of(september(1)), start_of(september(16))};
    spec.org = "top";
    spec.meter = meter;
    return spec;
  }
};

TEST_F(SameRowsTest, OfEveryKind) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    use_random(400, seed);
    for (const ExportKind kind :
         {ExportKind::summary, ExportKind::project_folder, ExportKind::asset, ExportKind::job_level}) {
      expect_same(spec_of(kind), seed != 1);
    }
    for (const char* meter : {"steps", "stored", "c6vq9jira786LE0O2UReWT"})
      expect_same(spec_of(ExportKind::summary, meter));
  }
}

TEST_F(SameRowsTest, OfBilledUsage) {
  use_random(800, 4);
  ExportSpec spec = spec_of(ExportKind::billed_usage);
  spec.period = {take(parse_instant("2024-08-10T05:00:00Z")), take(parse_instant("2024-09-12T07:00:00Z"))};
  expect_same(spec);
  spec.billed.window = Window::day;
  spec.billed.by_app = spec.billed.by_project = spec.billed.by_billing_tag = true;
  expect_same(spec, false);
  spec.billed.app = "app-a";
  spec.billed.window = Window::month;
  expect_same(spec);
}

}  // namespace
}  // namespace meterport::queries
