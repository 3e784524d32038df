// Rows of billed usage against a slow model, over seeded random records.
#include "queries/billed_usage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "queries/billed_reader.h"
#include "queries/test_billed_model.h"

namespace meterport::queries {
namespace {

class BilledUsageTest : public TestServer {
 protected:
  BilledUsageTest() { apply(catalogue_json); }

  void ingest_random(int count, unsigned seed) {
    std::mt19937 random(seed);
    const auto one_of = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::vector<Entry> fresh;
    for (int i = 0; i < count; ++i) {
      Entry e{.org = one_of({"top", "a-sub", "b-sub", "other"}),
              .meter = one_of({"plain", "twin", "hourly", "monthly", "allowance", "blocks"}),
              .time = fmt::format("{}-{:02}T{:02}:{}Z", one_of({"2023-12", "2024-01", "2024-02"}), 1 + random() % 29,
                                  random() % 24, one_of({"00:00", "30:00", "59:59.999999"})),
              .quantity = fmt::format("{}{}.{:02}", random() % 7 == 0 ? "-" : "", random() % 60, random() % 100),
              .project = one_of({"", "p1", "P2", "hrn:here:authorization::zz-realm:project/p1",
                                 "hrn:here:authorization::a-sub:project/p1"}),
              .folder = ""};
      e.subscription = one_of({"", "s1", "S2", "gone"});
      e.app_id = one_of({"", "app-b", "app-a", "App"});
      e.app_name = e.app_id.empty() ? "" : one_of({"", "Z name", "A name"});
      e.app_hrn = e.app_id.empty() ? "" : one_of({"", "hrn:app"});
      e.billing_tag = one_of({"", "t1", "t1+t2", "T1"});
      if (e.time.starts_with("2023-12") && random() % 4 != 0) e.time.replace(0, 10, "2024-02-02");
      if (random() % 5 == 0) e.time.replace(0, 13, "2024-02-02T05");
      fresh.push_back(std::move(e));
    }
    ingest(fresh);
    entries_.insert(entries_.end(), fresh.begin(), fresh.end());
  }

  std::vector<std::string> by_hand(const Snapshot& snapshot, const std::vector<std::string>& orgs, Period period,
                                   const BilledUsageSpec& spec) {
    using RowKey = std::array<std::string, 9>;
    struct Sum {
      std::string unit, app_name, app_hrn;
      Int128 quantity = 0, billable = 0;
    };
    std::map<RowKey, Sum> rows;
    const auto billable = billable_by_hand(entries_, snapshot.ledger_position);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& e = entries_[i];
      const Instant time = take(parse_instant(e.time));
      if (e.position > snapshot.ledger_position || time < period.from || time >= period.to) continue;
      const Item item = item_by_hand(e);
      if (std::ranges::find(orgs, e.org) == orgs.end() || !is_shown(e, item, spec)) continue;
      const bool has_app = spec.by_app || !spec.app.empty();
      Sum& sum = rows[{e.subscription, item.category, item.name, item.feature, window_by_hand(e, spec.window),
                       has_app ? e.app_id : "", spec.by_project ? project_by_hand(e) : "",
                       spec.by_billing_tag ? e.billing_tag : "", realm_by_hand(e.org)}];
      sum.unit = item.unit;
      sum.app_name = has_app ? first_of(sum.app_name, e.app_name) : "";
      sum.app_hrn = has_app ? first_of(sum.app_hrn, e.app_hrn) : "";
      sum.quantity += scaled(e.quantity);
      sum.billable += billable[i];
    }
    std::vector<std::string> lines;
    for (const auto& [key, sum] : rows) {
      if (spec.charge_type == ChargeType::billable && sum.billable <= 0) continue;
      if (spec.charge_type == ChargeType::non_billable && sum.billable > 0) continue;
      lines.push_back(fmt::format("{} {} {} {} {} {} {} {}", fmt::join(key, "|"),
                                  key[0] == "s1" && key[8] != "other" ? "C-1" : "-", sum.unit, sum.app_name,
                                  sum.app_hrn, text_of(sum.quantity), "billable", text_of(sum.billable)));
    }
    return lines;
  }

  std::vector<std::string> by_queries(const Snapshot& snapshot, const std::vector<std::string>& orgs, Period period,
                                      const BilledUsageSpec& spec, const BilledLimits& limits = {}) {
    BilledRequest request{.snapshot = snapshot,
                          .catalogue = take(queries_->catalogue(snapshot)),
                          .orgs = {},
                          .period = period,
                          .spec = spec};
    for (const std::string& id : orgs) request.orgs.push_back(request.catalogue->org(id));
    auto reader = take(open_billed_usage(*warehouse_, *loader_, request, limits));
    slices_ = reader->slices();
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < reader->slices(); ++i) {
      check(reader->read_next([&](const BilledRow& row) -> Status {
        lines.push_back(fmt::format(
            "{}|{}|{}|{}|{}|{}|{}|{}|{} {} {} {} {} {} billable {}", row.subscription, row.item->category,
            row.item->name, row.item->feature_id, row.start ? format_rfc3339(*row.start) : "", row.app_id, row.project,
            row.billing_tag, realm_of(*row.org), row.charge_number.empty() ? "-" : row.charge_number, row.item->unit,
            row.app_name, row.app_hrn, row.quantity.to_text(), row.billable.to_text()));
        return {};
      }));
    }
    EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), lines.size());
    return lines;
  }

  static BilledUsageSpec random_spec(std::mt19937& random) {
    BilledUsageSpec spec;
    spec.window = static_cast<Window>(random() % 4);
    spec.by_app = random() % 3 == 0;
    spec.by_project = random() % 3 == 0;
    spec.by_billing_tag = random() % 3 == 0;
    const auto maybe = [&](std::string& field, std::vector<std::string> texts) {
      if (random() % 6 == 0) field = texts[random() % texts.size()];
    };
    maybe(spec.app, {"app-a", "App", "unknown"});
    maybe(spec.billing_tag, {"t1", "t1+t2", "none"});
    maybe(spec.project, {"hrn:here:authorization::zz-realm:project/p1", "hrn:here:authorization::b-sub:project/P2",
                         "hrn:here:authorization::a-sub:project/p1", "p1"});
    maybe(spec.feature_id, {"f:hourly", "hrn:here:service::a-sub:plain", "hrn:here:service::zz-realm:monthly"});
    maybe(spec.category, {"location Services", "no such"});
    if (random() % 6 == 0) spec.subscriptions = {"S2", "s1", "unknown"};
    if (random() % 20 == 0) spec.subscriptions = {"unknown"};
    if (random() % 3 == 0) spec.charge_type = static_cast<ChargeType>(random() % 3);
    return spec;
  }

  std::vector<Entry> entries_;
  std::size_t slices_ = 0;
};

Instant at(std::string_view text) {
  return parse_instant(text).value();
}

TEST_F(BilledUsageTest, RowsEqualTheModels) {
  ingest_random(500, 1);
  const Snapshot early = pin();
  ingest_random(500, 2);  // also into the past
  const Snapshot late = pin();
  std::mt19937 random(3);
  std::size_t rows = 0;
  for (int round = 0; round < 120; ++round) {
    const BilledUsageSpec spec = random_spec(random);
    const Snapshot& snapshot = random() % 3 == 0 ? early : late;
    std::vector<std::string> orgs = {"top", "a-sub", "b-sub", "other"};
    std::ranges::shuffle(orgs, random);
    orgs.resize(1 + random() % orgs.size());
    Period period{.from = at("2023-12-20T00:00:00Z").plus_seconds(3'600 * static_cast<std::int64_t>(random() % 1'100)),
                  .to = {}};
    period.to = period.from.plus_seconds(3'600 * static_cast<std::int64_t>(1 + random() % 1'700));
    const auto expected = by_hand(snapshot, orgs, period, spec);
    rows += expected.size();
    SCOPED_TRACE(fmt::format("round {}", round));
    ASSERT_EQ(by_queries(snapshot, orgs, period, spec), expected);
    if (round % 6 != 0) continue;
    const BilledLimits tight{
        .slice_records = 1 + random() % 20, .piece_records = 1 + random() % 20, .slice_accounts = 3};
    ASSERT_EQ(by_queries(snapshot, orgs, period, spec, tight), expected);
  }
  EXPECT_GT(rows, 6'000);
}

TEST_F(BilledUsageTest, EveryGroupingAddsUpToTheSame) {
  ingest_random(800, 4);
  const Snapshot snapshot = pin();
  const Period period{.from = at("2024-01-10T07:00:00Z"), .to = at("2024-02-20T03:00:00Z")};
  const auto catalogue = take(queries_->catalogue(snapshot));
  std::set<std::string> totals;
  for (int i = 0; i < 32; ++i) {
    BilledUsageSpec spec;
    spec.window = static_cast<Window>(i % 4);
    spec.by_app = (i & 4) != 0;
    spec.by_project = (i & 8) != 0;
    spec.by_billing_tag = (i & 16) != 0;
    auto reader = take(queries_->billed_usage(snapshot, catalogue, {catalogue->org("top")}, period, spec));
    std::map<std::string, std::pair<Total, Total>> sums;
    for (std::size_t slice = 0; slice < reader->slices(); ++slice) {
      check(reader->read_next([&](const BilledRow& row) -> Status {
        auto& [quantity, billable] = sums[fmt::format("{} {}", row.subscription, row.item->feature_id)];
        quantity += row.quantity;
        billable += row.billable;
        return {};
      }));
    }
    std::string text;
    for (const auto& [key, sum] : sums)
      text += fmt::format("{} {} {}\n", key, sum.first.to_text(), sum.second.to_text());
    totals.insert(text);
  }
  EXPECT_EQ(totals.size(), 1);
}

TEST_F(BilledUsageTest, X15) {
  apply(R"({"meters": [{"id": "x15", "name": "X", "billing": {"free_per_month": "1000", "block_size": "100"}}]})");
  std::vector<Entry> entries;
  const auto add = [&](std::string time, std::string quantity, std::string app) {
    Entry e{.org = "top",
            .meter = "x15",
            .time = std::move(time),
            .quantity = std::move(quantity),
            .project = "",
            .folder = ""};
    e.app_id = std::move(app);
    entries.push_back(std::move(e));
  };
  add("2024-05-03T10:10:00Z", "250", "a");
  add("2024-05-03T10:20:00Z", "250", "b");
  add("2024-05-03T11:05:00Z", "1010", "a");
  ingest(entries);
  const Snapshot snapshot = pin();
  const auto lines = [&](Window window, bool by_app, const std::string& from) {
    BilledUsageSpec spec;
    spec.window = window;
    spec.by_app = by_app;
    std::vector<std::string> out;
    for (const std::string& line :
         by_queries(snapshot, {"top"}, {.from = at(from), .to = at("2024-05-04T00:00:00Z")}, spec)) {
      out.push_back(line.substr(line.find("x15") + 4));
    }
    return out;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines(Window::hour, false, "2024-05-03T00:00:00Z"),
            (Lines{"2024-05-03T10:00:00Z||||zz-realm - 1   500 billable 0",
                   "2024-05-03T11:00:00Z||||zz-realm - 1   1010 billable 600"}));
  EXPECT_EQ(lines(Window::none, false, "2024-05-03T00:00:00Z"), (Lines{"||||zz-realm - 1   1510 billable 600"}));
  EXPECT_EQ(lines(Window::none, true, "2024-05-03T00:00:00Z"),
            (Lines{"|a|||zz-realm - 1   1260 billable 600", "|b|||zz-realm - 1   250 billable 0"}));
  // What lies before the period uses the allowance up all the same.
  EXPECT_EQ(lines(Window::day, true, "2024-05-03T11:00:00Z"),
            (Lines{"2024-05-03T00:00:00Z|a|||zz-realm - 1   1010 billable 600"}));
}

TEST_F(BilledUsageTest, AnOrgThatLeftItsTenantKeepsTheUsageOfItsMeters) {
  apply(R"({"orgs": [{"id": "mover", "kind": "additional-production", "name": "M", "parent": "top"}],
            "meters": [{"id": "owned", "name": "Owned", "org": "top"}]})");
  std::vector<Entry> entries = {
      {.org = "mover", .meter = "owned", .time = "2024-05-03T10:10:00Z", .quantity = "5", .project = "", .folder = ""}};
  ingest(entries);
  apply(R"({"orgs": [{"id": "mover", "kind": "additional-production", "name": "M", "parent": "other"}]})");
  const Period may{.from = at("2024-05-01T00:00:00Z"), .to = at("2024-06-01T00:00:00Z")};
  EXPECT_EQ(by_queries(pin(), {"mover"}, may, {}),
            (std::vector<std::string>{"|Other|Owned|hrn:here:service::mover:owned|||||mover - 1   5 billable 5"}));
}

TEST_F(BilledUsageTest, ATagThatReadsLikeNoneIsNone) {
  std::vector<Entry> entries;
  for (const char* tag : {"", "N/A", "a"}) {
    Entry& e = entries.emplace_back(Entry{
        .org = "top", .meter = "plain", .time = "2024-05-03T10:10:00Z", .quantity = "5", .project = "", .folder = ""});
    e.billing_tag = tag;
  }
  ingest(entries);
  const Period may{.from = at("2024-05-01T00:00:00Z"), .to = at("2024-06-01T00:00:00Z")};
  BilledUsageSpec spec;
  spec.by_billing_tag = true;
  const std::string item = "|Maps|Plain|hrn:here:service::zz-realm:plain||||";
  EXPECT_EQ(by_queries(pin(), {"top"}, may, spec), (std::vector<std::string>{item + "|zz-realm - 1   10 billable 10",
                                                                             item + "a|zz-realm - 1   5 billable 5"}));
}

TEST_F(BilledUsageTest, ALongSliceIsLeftBetweenItsPieces) {
  ingest_random(400, 7);
  const Snapshot snapshot = pin();
  BilledRequest request{
      .snapshot = snapshot, .catalogue = take(queries_->catalogue(snapshot)), .orgs = {}, .period = {}, .spec = {}};
  request.orgs = {request.catalogue->org("top")};
  request.period = {.from = at("2024-01-01T00:00:00Z"), .to = at("2024-03-01T00:00:00Z")};
  request.spec.feature_id = "f:hourly";
  request.spec.subscriptions = {"s1"};
  auto reader = take(open_billed_usage(*warehouse_, *loader_, request, {.piece_records = 1}));
  ASSERT_EQ(reader->slices(), 1);
  int looks = 0, rows = 0;
  reader->set_look([&]() -> Status { return ++looks < 3 ? Status() : fail(ErrorKind::busy, "enough"); });
  const Status read = reader->read_next([&](const BilledRow&) -> Status {
    ++rows;
    return {};
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, "enough");
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(rows, 0);
}

TEST_F(BilledUsageTest, AnHourWithManyRecordsIsReadInPieces) {
  std::vector<Entry> entries;
  for (const char* time : {"10:00:00.000001Z", "10:00:00.000002Z", "10:20:00Z", "10:20:00Z", "10:59:59.999999Z"}) {
    Entry& e = entries.emplace_back(Entry{.org = "top",
                                          .meter = "hourly",
                                          .time = "2024-05-03T" + std::string(time),
                                          .quantity = "25",
                                          .project = "",
                                          .folder = ""});
    e.app_id = "app";
  }
  ingest(entries);
  const Snapshot snapshot = pin();
  BilledRequest request{
      .snapshot = snapshot, .catalogue = take(queries_->catalogue(snapshot)), .orgs = {}, .period = {}, .spec = {}};
  request.orgs = {request.catalogue->org("top")};
  request.period = {.from = at("2024-05-03T10:00:00Z"), .to = at("2024-05-03T11:00:00Z")};
  request.spec.by_app = true;
  auto reader = take(open_billed_usage(*warehouse_, *loader_, request, {.piece_records = 2}));
  int looks = 0;
  reader->set_look([&] { return ++looks, Status(); });
  std::string rows;
  check(reader->read_next([&](const BilledRow& row) -> Status {
    rows += row.quantity.to_text() + " " + row.billable.to_text() + "\n";
    return {};
  }));
  EXPECT_EQ(rows, "125 60\n");
  EXPECT_GE(looks, 4) << "the hour and its three pieces";
}

TEST_F(BilledUsageTest, NothingThereOrNotLoaded) {
  ingest_random(20, 5);
  const Snapshot snapshot = pin();
  const Period empty{.from = at("2020-01-01T00:00:00Z"), .to = at("2020-01-01T00:00:00Z")};
  EXPECT_TRUE(by_queries(snapshot, {"top"}, empty, {}).empty());
  EXPECT_EQ(slices_, 0);
  EXPECT_TRUE(by_queries(snapshot, {}, {.from = empty.from, .to = at("2025-01-01T00:00:00Z")}, {}).empty());
  Snapshot future = snapshot;
  future.ledger_position += 1'000;
  const auto refused = queries_->billed_usage(future, take(queries_->catalogue(snapshot)), {}, empty, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
}

TEST_F(BilledUsageTest, PagesTileTheRowsAndCheckWhoAsks) {
  ingest_random(300, 6);
  BilledPageRequest request;
  request.org = "top";
  request.period = {.from = at("2023-12-01T00:00:00Z"), .to = at("2024-03-01T00:00:00Z")};
  request.spec.orgs = {"a-sub", "b-sub"};
  request.spec.by_app = true;
  request.count = 7;
  Principal viewer;
  viewer.grants = {{.role = Role::viewer, .org = "top"}};
  std::vector<std::string> paged, whole;
  const auto keep = [](std::vector<std::string>& lines) {
    return [&lines](const BilledRow& row) -> Status {
      lines.push_back(fmt::format("{} {} {} {} {}", row.org->id, row.subscription, row.item->feature_id, row.app_id,
                                  row.quantity.to_text()));
      return {};
    };
  };
  std::uint64_t total = 1;
  for (; request.skip < total; request.skip += request.count) {
    total = take(queries_->billed_page(viewer, request, keep(paged))).total;
  }
  request.skip = 0;
  request.count = 1'000'000;
  EXPECT_EQ(take(queries_->billed_page(viewer, request, keep(whole))).total, whole.size());
  EXPECT_EQ(paged, whole);
  EXPECT_GT(whole.size(), 50);

  const auto kind = [&](const Principal& principal) {
    std::vector<std::string> lines;
    const auto page = queries_->billed_page(principal, request, keep(lines));
    return page ? std::string("fine") : std::string(to_string(page.error().kind));
  };
  request.spec.rows_max = whole.size();
  EXPECT_EQ(kind(viewer), "fine");
  request.spec.rows_max = whole.size() - 1;
  EXPECT_EQ(kind(viewer), "too_large");
  request.spec.rows_max = 0;
  Principal one_project = viewer;
  one_project.project = "hrn:here:authorization::a-sub:project/p1";
  EXPECT_EQ(kind(one_project), "forbidden");
  request.spec.project = one_project.project;
  EXPECT_EQ(kind(one_project), "fine");
  viewer.grants = {{.role = Role::ingester, .org = "top"}};
  EXPECT_EQ(kind(viewer), "forbidden");
  viewer.grants = {{.role = Role::exporter, .org = "a-sub"}};
  EXPECT_EQ(kind(viewer), "forbidden");
  request.org = "a-sub";
  EXPECT_EQ(kind(viewer), "forbidden");
  request.spec.orgs = {"a-sub", "nobody"};
  EXPECT_EQ(kind(viewer), "forbidden");
  request.spec.orgs = {};
  EXPECT_EQ(kind(viewer), "fine");
}

}  // namespace
}  // namespace meterport::queries
