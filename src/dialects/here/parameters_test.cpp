#include "dialects/here/parameters.h"

#include <gtest/gtest.h>

namespace meterport::here {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

http::Request request_with(Query query) {
  http::Request request;
  request.query = std::move(query);
  return request;
}
http::Request with_dates(Query query) {
  query.insert(query.begin(), {{"startDate", "2021-07-01T10:39:51"}, {"endDate", "2021-07-31T23:59:59"}});
  return request_with(std::move(query));
}
UsageQuery read(Query query) {
  auto read = read_usage_query(with_dates(std::move(query)), false);
  EXPECT_TRUE(read.has_value()) << read.error().text;
  return std::move(*read);
}
/// The field at fault.
std::string fault(Query query, bool is_report = false) {
  const auto read = read_usage_query(with_dates(std::move(query)), is_report);
  if (read) return "none";
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  return read.error().field;
}

TEST(Parameters, TwoDatesAreEnough) {
  const UsageQuery query = read({});
  EXPECT_EQ(query.period.from, parse_instant("2021-07-01T10:00:00Z").value());
  EXPECT_EQ(query.period.to, parse_instant("2021-08-01T00:00:00Z").value());
  EXPECT_EQ(query.spec, BilledUsageSpec{});
}

TEST(Parameters, DatesAreNeededInOrderAndNotTooFarApart) {
  const auto refused = [](Query query) { return read_usage_query(request_with(std::move(query)), false).error(); };
  EXPECT_EQ(refused({}).field, "startDate");
  EXPECT_EQ(refused({{"startTime", "2021-07-01"}, {"endTime", "2021-07-02"}}).field, "startDate");
  EXPECT_EQ(refused({{"startDate", "2021-07-01"}}).field, "endDate");
  EXPECT_EQ(refused({{"startDate", "2021-07-02"}, {"endDate", "x"}}).field, "endDate");
  EXPECT_EQ(refused({{"startDate", "2021-07-02T00:00:00"}, {"endDate", "2021-07-01T23:59:59"}}).field, "endDate");
  EXPECT_TRUE(read_usage_query(request_with({{"startDate", "2021-01-01T10:00:00"}, {"endDate", "2021-04-06T10:00:00"}}),
                               false));
  EXPECT_EQ(refused({{"startDate", "2021-01-01T10:00:00"}, {"endDate", "2021-04-06T10:00:01"}}).kind,
            ErrorKind::range_too_long);
}

TEST(Parameters, FiltersAreReadAsTheCoreComparesThem) {
  const UsageQuery query = read({{"featureId", "hrn:here:service::olp-here:geocode-7"},
                                 {"appId", "j1d-A_0"},
                                 {"projectHrn", "hrn:here:authorization::myrealm:project/p"},
                                 {"billingTag", "tagA tagB+tagC"},
                                 {"category", "Location Services"},
                                 {"billingSubscriptionId", "A-S1, A-S2,"},
                                 {"chargeType", "nonBillable"},
                                 {"unknown", "ignored"}});
  EXPECT_EQ(query.spec.feature_id, "hrn:here:service::olp-here:geocode-7");
  EXPECT_EQ(query.spec.app, "j1d-A_0");
  EXPECT_EQ(query.spec.project, "hrn:here:authorization::myrealm:project/p");
  EXPECT_EQ(query.spec.billing_tag, "tagA+tagB+tagC");
  EXPECT_EQ(query.billing_tag, "tagA tagB+tagC");
  EXPECT_EQ(query.spec.category, "LocationServices");
  EXPECT_EQ(query.category, "Location Services");
  EXPECT_EQ(query.spec.subscriptions, (std::vector<std::string>{"A-S1", "A-S2"}));
  EXPECT_EQ(query.spec.charge_type, ChargeType::non_billable);
}

TEST(Parameters, LengthsAndCharactersAreBounded) {
  EXPECT_EQ(fault({{"featureId", std::string(256, 'x')}}), "none");
  for (const auto& [name, most] : std::vector<std::pair<std::string, std::size_t>>{
           {"featureId", 256}, {"appId", 128}, {"projectHrn", 256}, {"billingTag", 500}, {"category", 128}}) {
    EXPECT_EQ(fault({{name, std::string(most, 'x')}}), "none") << name;
    EXPECT_EQ(fault({{name, std::string(most + 1, 'x')}}), name);
    EXPECT_EQ(fault({{name, "\xff"}}), name);
  }
  EXPECT_EQ(fault({{"appId", "a.b"}}), "appId");
  std::string list = "1";
  for (int i = 2; i <= 20; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(fault({{"billingSubscriptionId", list}}), "none");
  EXPECT_EQ(fault({{"billingSubscriptionId", list + ",21"}}), "billingSubscriptionId");
  EXPECT_EQ(fault({{"billingSubscriptionId", " , "}}), "billingSubscriptionId");
  EXPECT_EQ(fault({{"billingSubscriptionId", ""}}), "billingSubscriptionId");
  EXPECT_EQ(fault({{"groupBy", std::string(250, ' ') + "appId,"}}), "none");
  EXPECT_EQ(fault({{"groupBy", std::string(257, ' ')}}), "groupBy");
}

TEST(Parameters, WordsAreOfTheirList) {
  for (const char* channel : {"hot", "cold", "ds"}) EXPECT_EQ(fault({{"channelId", channel}}), "none");
  EXPECT_EQ(fault({{"channelId", "warm"}}), "channelId");
  EXPECT_EQ(fault({{"channelId", ""}}), "channelId");
  EXPECT_EQ(fault({{"chargeType", "Billable"}}), "chargeType");
  EXPECT_EQ(fault({{"detailLevel", "none"}}), "detailLevel");
  EXPECT_EQ(read({{"detailLevel", "hour"}}).spec.window, Window::hour);
  EXPECT_EQ(read({{"detailLevel", "month"}}).spec.window, Window::month);
  EXPECT_EQ(read({{"detailLevel", "summarized"}}).spec.window, Window::none);
}

TEST(Parameters, ReportsHaveNoHours) {
  EXPECT_EQ(fault({{"detailLevel", "hour"}}, true), "detailLevel");
  for (const char* level : {"summarized", "day", "month"}) EXPECT_EQ(fault({{"detailLevel", level}}, true), "none");
}

TEST(Parameters, GroupByAddsToTheDefault) {
  const UsageQuery query = read({{"groupBy", "appId, billingTag,project"}});
  EXPECT_TRUE(query.spec.by_app && query.spec.by_billing_tag && query.spec.by_project);
  EXPECT_EQ(query.group_by, "appId, billingTag,project");
  EXPECT_EQ(read({{"groupBy", "featureId,billingSubscriptionId"}}).spec, BilledUsageSpec{});
  for (const char* name : {"resource", "usageTypeCode", "name", "appid"})
    EXPECT_EQ(fault({{"groupBy", name}}), "groupBy");
}

TEST(Parameters, UsageFieldsComeInOneListOrSeveral) {
  const std::vector<std::string> wanted = {"realmId", "featureId", "category"};
  EXPECT_EQ(read({{"usageFields", "realmId,featureId,category"}}).spec.fields, wanted);
  EXPECT_EQ(read({{"usageFields", "realmId"}, {"usageFields", "featureId, category"}}).spec.fields, wanted);
  EXPECT_EQ(fault({{"usageFields", "realmId,appId"}}), "usageFields");
  EXPECT_EQ(fault({{"usageFields", "realmId,name,realmId"}}), "usageFields");
}

TEST(Parameters, PagesAreNumbered) {
  EXPECT_EQ(read_page_query(request_with({})).value().limit, 100U);
  EXPECT_EQ(read_page_query(request_with({})).value().offset, 0U);
  const auto page = read_page_query(request_with({{"limit", "5"}, {"offset", "7"}})).value();
  EXPECT_EQ(page.limit, 5U);
  EXPECT_EQ(page.offset, 7U);
  for (const char* limit : {"0", "101", "x", "-1", "", "5.0", "99999999999999999999"}) {
    EXPECT_EQ(read_page_query(request_with({{"limit", limit}})).error().field, "limit") << limit;
  }
  EXPECT_EQ(read_page_query(request_with({{"limit", "101"}})).error().text,
            "Limit value should not be greater than 100.");
  for (const char* offset : {"-1", "x", "", "99999999999999999999"}) {
    EXPECT_EQ(read_page_query(request_with({{"offset", offset}})).error().field, "offset") << offset;
  }
}

TEST(Parameters, ListsAreSortedDownUnlessAskedUp) {
  EXPECT_FALSE(read_sort(request_with({})).value());
  EXPECT_FALSE(read_sort(request_with({{"sort", "desc"}})).value());
  EXPECT_TRUE(read_sort(request_with({{"sort", "asc"}})).value());
  EXPECT_EQ(read_sort(request_with({{"sort", "up"}})).error().field, "sort");
}

TEST(Parameters, AReportIdIsANumberBehindItsPrefix) {
  EXPECT_EQ(read_report_id("REPORT-1001").value(), 1001U);
  for (const char* unknown : {"REPORT-abcd", "REPORT-01001", "REPORT-+1001", "report-1001",
                              "REPORT-99999999999999999999999", "REPORT-1001x"}) {
    EXPECT_EQ(read_report_id(unknown).value(), std::nullopt) << unknown;
  }
  for (const char* wrong : {"REPORT-1", "", "REPORT-999999999999999999999999"}) {
    EXPECT_EQ(read_report_id(wrong).error().field, "reportId") << wrong;
  }
}

}  // namespace
}  // namespace meterport::here
