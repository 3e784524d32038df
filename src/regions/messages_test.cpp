#include "regions/messages.h"

#include <gtest/gtest.h>

#include "regions/json_values.h"

namespace meterport::regions {
namespace {

using queries::PartGrain;
using queries::PartRequest;
using warehouse::Dimension;

Instant at(std::string_view text) {
  return parse_instant(text).value();
}

PartRequest some_request() {
  PartRequest request;
  request.as_of = at("2024-09-03T10:00:00.123456Z");
  request.orgs = {"a", "b"};
  request.shown = {at("2024-09-01T00:00:00Z"), at("2024-09-30T00:00:00Z")};
  request.period = {at("2024-08-01T00:00:00Z"), at("2024-09-30T00:00:00Z")};
  request.meter = "m1";
  request.dims = {Dimension::project, Dimension::category};
  request.with_first_days = true;
  return request;
}

TEST(Messages, PartRequestsAreReadBack) {
  const PartRequest request = some_request();
  const auto read = read_part_request(part_request_json(request));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(part_request_json(*read), part_request_json(request));
  EXPECT_EQ(read->as_of, request.as_of);
  EXPECT_EQ(read->dims, request.dims);
}

TEST(Messages, EveryBoundOfAPartRequestHolds) {
  const auto refusal = [](auto change) {
    PartRequest request = some_request();
    change(request);
    const auto read = read_part_request(part_request_json(request));
    return read ? std::string() : read.error().field;
  };
  EXPECT_EQ(refusal([](PartRequest&) {}), "");
  EXPECT_EQ(refusal([](PartRequest& r) { r.orgs = {}; }), "/orgs");
  EXPECT_EQ(refusal([](PartRequest& r) { r.orgs = {"b", "a"}; }), "/orgs");
  EXPECT_EQ(refusal([](PartRequest& r) { r.orgs = {"a", "a"}; }), "/orgs");
  EXPECT_EQ(refusal([](PartRequest& r) { r.orgs = {"../x"}; }), "/orgs");
  EXPECT_EQ(refusal([](PartRequest& r) { r.orgs.assign(orgs_max + 1, "a"); }), "/orgs");
  EXPECT_EQ(refusal([](PartRequest& r) { r.meter = "a b"; }), "/meter");
  EXPECT_EQ(refusal([](PartRequest& r) { r.dims = {Dimension::org}; }), "/dims");
  EXPECT_EQ(refusal([](PartRequest& r) { r.dims = {Dimension::folder, Dimension::project}; }), "/dims");
  EXPECT_EQ(refusal([](PartRequest& r) { r.shown.to = r.shown.from; }), "/shown");
  EXPECT_EQ(refusal([](PartRequest& r) { r.period.to = r.period.from; }), "/period");
  EXPECT_EQ(refusal([](PartRequest& r) { r.period.to = r.period.to.plus_seconds(86'400); }), "/period");
  EXPECT_EQ(refusal([](PartRequest& r) { r.period.from = at("2024-07-01T00:00:00Z"); }), "");
  EXPECT_EQ(refusal([](PartRequest& r) { r.period.from = at("2024-06-30T00:00:00Z"); }), "/period");
  EXPECT_EQ(refusal([](PartRequest& r) { r.period.from = r.period.from.plus_seconds(1); }), "/period");
  EXPECT_EQ(refusal([](PartRequest& r) {
              r.grain = PartGrain::facts;
              r.period.from = r.period.from.plus_seconds(1);
            }),
            "");
  EXPECT_EQ(read_part_request("[]").error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_part_request("{").error().kind, ErrorKind::malformed);
}

TEST(Messages, TotalsCallsAreReadBack) {
  TotalsCall call;
  call.as_of = at("2024-09-03T10:00:00Z");
  call.orgs = {"a"};
  call.request.from = at("2024-01-01T00:00:00Z");
  call.request.to = at("2024-02-01T00:00:00Z");
  call.request.group_by = {"org", "window", "project"};
  call.request.window = Window::hour;
  call.request.time_zone = "Europe/Berlin";
  const auto read = read_totals_call(totals_call_json(call));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(totals_call_json(*read), totals_call_json(call));
}

TEST(Messages, TotalRowsAreReadBackToTheDigit) {
  std::vector<queries::TotalRow> rows(2);
  rows[0].org = "a";
  rows[0].meter = "m";
  rows[0].day = parse_day("2024-09-03").value();
  rows[0].window = Period{at("2024-09-02T22:00:00Z"), at("2024-09-03T22:00:00Z")};
  rows[0].dims = {"", "with \"quotes\" and \x01", ""};
  rows[0].quantity = parse_total("-12345678901234567890123456789012345678.000000000000000001").value();
  rows[0].records = 3;
  const auto read = read_total_rows(total_rows_json(rows));
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(total_rows_json(*read), total_rows_json(rows));
  EXPECT_EQ((*read)[0].quantity, rows[0].quantity);
  EXPECT_EQ((*read)[0].window, rows[0].window);
  EXPECT_FALSE((*read)[1].day);
  EXPECT_FALSE(read_total_rows(R"({"org":"a"})"));
}

TEST(Messages, ARowIsOfWhatWasAskedForOrNone) {
  TotalsCall call;
  call.orgs = {"a", "b"};
  call.request.from = at("2024-09-03T00:00:00Z");
  call.request.to = at("2024-09-04T00:00:00Z");
  call.request.meter = "m";
  call.request.group_by = {"org", "day", "project", "meter"};
  const auto is_fine = [&](auto change) {
    queries::TotalRow row;
    row.org = "a";
    row.meter = "m";
    row.day = parse_day("2024-09-03").value();
    row.window = Period{at("2024-09-02T22:00:00Z"), at("2024-09-03T22:00:00Z")};
    row.dims = {""};
    change(row);
    return is_row_of(row, call);
  };
  using queries::TotalRow;
  EXPECT_TRUE(is_fine([](TotalRow&) {}));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.org = "c"; }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.org = ""; }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.meter = "n"; }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.dims = {}; }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.dims = {"", ""}; }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.day.reset(); }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.window.reset(); }));
  EXPECT_FALSE(is_fine([](TotalRow& row) { row.window->to = row.window->from.plus_seconds(7200); }));
  call.request.group_by = {};
  EXPECT_FALSE(is_fine([](TotalRow&) {}));
  EXPECT_TRUE(is_fine([](TotalRow& row) { row = {}; }));
}

TEST(Messages, TotalsOfAnotherFormAreNone) {
  for (const char* text : {"", "-", ".5", "5.", "1e3", "+1", "1.0000000000000000001", "0x1", "1 ",
                           "123456789012345678901234567890123456789"}) {
    EXPECT_FALSE(parse_total(text)) << text;
  }
  EXPECT_EQ(parse_total("2.50").value().to_text(), "2.5");
  EXPECT_EQ(parse_total("-0").value(), Total());
}

TEST(Messages, AnswersAreReadBack) {
  const auto waiting = read_waiting(waiting_json({.rows = 7, .waits_for = "", .now = at("2024-09-03T10:00:00.5Z")}));
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->rows, 7U);
  EXPECT_EQ(waiting->now, at("2024-09-03T10:00:00.5Z"));
  const auto ping =
      read_ping(ping_json({.name = "eu", .version = "1", .now = at("2024-09-03T10:00:00Z"), .catalogue_position = 12}));
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->catalogue_position, 12U);
  const auto feed = read_feed(feed_json({.position = 5, .file_json = R"({"orgs":[{"id":"a","rate":"0.10"}]})"}));
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->file_json, R"({"orgs":[{"id":"a","rate":"0.10"}]})");
  EXPECT_EQ(read_feed(feed_json({.position = 5, .file_json = ""}))->file_json, "");
}

}  // namespace
}  // namespace meterport::regions
