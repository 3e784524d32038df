// What one ledger answers, and what parts of three regions answer: the same rows.
#include <fmt/ranges.h>
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
    {"id": "box-ap", "kind": "sandbox", "name": "Box 2", "parent": "top", "region": "ap", "billing_anchor_day": 7},
    {"id": "other", "kind": "production", "name": "Another tenant", "region": "ap"},
    {"id": "moved-us", "kind": "additional-production", "name": "Moved", "parent": "other", "region": "us",
     "history": [{"valid_from": "2024-09-08", "parent": "top"}]}
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
    {"id": "same", "name": "One id", "org": "top", "rates": [{"ipu_per_unit": "3"}, {"tier_from": "5", "ipu_per_unit": "1"}]},
    {"id": "same", "name": "Two owners", "org": "other", "rates": [{"ipu_per_unit": "8"}]},
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
      Entry e{.org = one_of({"top", "a-us", "b-us", "c-ap", "box-us", "box-ap", "moved-us"}),
              .meter = one_of({"plain", "steps", "steps", "stored", "same", "hourly", "monthly"}),
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
    const std::size_t before = used_.size();
    use(std::move(entries));
    for (int i = 0; i < 5; ++i) take_back(before + random() % static_cast<unsigned>(count));
  }

  /// Everything of the period; of the report's days "a-us" has some.
  static ReportOrgs report(const catalog::Snapshot& catalogue) {
    const DaySpan all{september(1), september(16)};
    return {{catalogue.org("top"), {all}},
            {catalogue.org("c-ap"), {all}},
            {catalogue.org("a-us"), {{september(2), september(7)}, {september(9), september(13)}}},
            {catalogue.org("b-us"), {all}},
            {catalogue.org("moved-us"), {{september(8), september(16)}}}};
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

class AnswersTest : public SameRowsTest {
 protected:
  AnswersTest() : source_(regions_) { regions_.at("eu")->queries_->set_part_source(&source_, 300); }

  static std::vector<std::string> totals_of(Queries& queries, const TotalsRequest& request) {
    std::vector<std::string> lines;
    for (const TotalRow& row : take(queries.totals(server_principal(), request)).rows) {
      lines.push_back(fmt::format("{} {} {} {} {} {} {}", row.org, row.meter, row.day ? format_day(*row.day) : "",
                                  row.window ? format_rfc3339(row.window->from) : "", fmt::join(row.dims, ","),
                                  row.quantity.to_text(), row.records));
    }
    return lines;
  }
  static TotalsRequest linked(std::vector<std::string> group_by, Window window = Window::none) {
    TotalsRequest request;
    request.from = start_of(september(1));
    request.to = start_of(september(16));
    request.org = "top";
    request.all_linked = true;
    request.group_by = std::move(group_by);
    request.window = window;
    return request;
  }
  static BilledPageRequest page_request() {
    BilledPageRequest request;
    request.org = "top";
    request.spec.orgs = {"top", "a-us", "b-us", "c-ap"};
    request.spec.window = Window::day;
    request.period = {start_of(september(1)), start_of(september(16))};
    request.skip = 7;
    request.count = 40;
    return request;
  }
  static Result<BilledPage> page_of(Queries& queries, const BilledPageRequest& request,
                                    std::vector<std::string>& lines) {
    return queries.billed_page(server_principal(), request, [&](const BilledRow& row) -> Status {
      lines.push_back(fmt::format("{} {} {} {} {}", row.org->id, row.item->feature_id, row.subscription,
                                  row.quantity.to_text(), row.billable.to_text()));
      return {};
    });
  }
  Queries& eu() { return *regions_.at("eu")->queries_; }

  FakeRegions source_;
};

TEST_F(AnswersTest, TotalsAreThoseOfOneLedger) {
  use_random(900, 5);
  for (const auto& group_by : std::vector<std::vector<std::string>>{
           {}, {"org"}, {"meter", "day"}, {"project", "meter"}, {"day", "asset.name", "org"}, {"window", "meter"}}) {
    for (const Window window : {Window::hour, Window::month}) {
      TotalsRequest request = linked(group_by, window);
      for (const char* zone : {"UTC", "Asia/Kolkata"}) {
        request.time_zone = zone;
        EXPECT_EQ(totals_of(eu(), request), totals_of(*queries_, request))
            << fmt::format("{}", fmt::join(group_by, ","));
      }
    }
  }
  TotalsRequest one = linked({"org"});
  one.org = "c-ap";
  one.all_linked = false;
  one.meter = "steps";
  EXPECT_EQ(totals_of(eu(), one), totals_of(*queries_, one));
}

TEST_F(AnswersTest, TotalsAsOfATimeAreOfThatTimeEverywhere) {
  use_random(100, 8);
  TotalsRequest request = linked({"org"});
  request.as_of_time = std::max(clock_.now(), log_->last_commit_time());
  for (auto& [name, server] : regions_)
    *request.as_of_time = std::max(*request.as_of_time, server->log_->last_commit_time());
  while (clock_.now() <= *request.as_of_time) std::this_thread::yield();
  const auto before = totals_of(eu(), request);
  EXPECT_EQ(before, totals_of(*queries_, request));
  use_random(100, 9);
  EXPECT_EQ(totals_of(eu(), request), before);
  request.as_of_time.reset();
  EXPECT_NE(totals_of(eu(), request), before);
}

TEST_F(AnswersTest, PagesAreThoseOfOneLedger) {
  use_random(900, 6);
  BilledPageRequest request = page_request();
  for (const bool by_app : {false, true}) {
    request.spec.by_app = by_app;
    std::vector<std::string> whole, spread;
    const auto of_whole = take(page_of(*queries_, request, whole));
    const auto of_spread = take(page_of(eu(), request, spread));
    EXPECT_EQ(spread, whole);
    EXPECT_EQ(spread.size(), 40u);
    EXPECT_EQ(of_spread.total, of_whole.total);
  }
  request.spec.orgs = {"top"};
  source_.failing["us"] = source_.failing["ap"] = {ErrorKind::region_unavailable, "nobody needs it", {}, {}};
  std::vector<std::string> whole, spread;
  EXPECT_EQ(take(page_of(eu(), request, spread)).total, take(page_of(*queries_, request, whole)).total);
  EXPECT_EQ(spread, whole);
}

TEST_F(AnswersTest, ARegionThatDoesNotAnswerIsNamed) {
  use_random(50, 7);
  source_.failing["us"] = {ErrorKind::region_unavailable, "it refused the connection", "errno", {}};
  const auto refused = eu().totals(server_principal(), linked({"org"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::region_unavailable);
  EXPECT_EQ(refused.error().text, "region \"us\" does not answer: it refused the connection");
  std::vector<std::string> lines;
  const auto page = page_of(eu(), page_request(), lines);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::region_unavailable);
  EXPECT_EQ(page.error().text, "region \"us\" does not answer: it refused the connection");
  EXPECT_TRUE(lines.empty());

  // One that stalls holds an answer no longer than the budget.
  source_.failing.clear();
  source_.stalled = "ap";
  const auto begin = std::chrono::steady_clock::now();
  const auto stalled = eu().totals(server_principal(), linked({}));
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error().text, "region \"ap\" does not answer: it did not answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));

  // Who asks for what is here alone does not notice.
  TotalsRequest own = linked({});
  own.all_linked = false;
  EXPECT_TRUE(eu().totals(server_principal(), own));
}

}  // namespace
}  // namespace meterport::queries
