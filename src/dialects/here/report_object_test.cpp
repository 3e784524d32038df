#include "dialects/here/report_object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/here/here_error.h"
#include "dialects/here/report_echo.h"

namespace meterport::here {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr Instant now = {1'700'000'000'000'000};

ReportEcho full_echo() {
  ReportEcho echo;
  echo.origin = "https://usage.example.com";
  echo.asked_realm = echo.realm = "org123456789";
  echo.start_date = "2021-07-01T10:39:51";
  echo.end_date = "2021-07-31T23:59:59";
  echo.email = "ana@acme.example";
  echo.user_name = "ana";
  echo.feature_id = "f";
  echo.app_id = "a";
  echo.channel_id = "cold";
  echo.charge_type = "all";
  echo.project_id = "hrn:p";
  echo.billing_tag = "tagA tagB";
  echo.category = "Location Services";
  echo.detail = "day";
  echo.group_by = "appId, project";
  echo.usage_fields = {"realmId", "category"};
  echo.sub_accounts = {"org112135", "org124566"};
  return echo;
}

exports::Job job_in(JobState state, const ReportEcho& echo = full_echo()) {
  exports::Job job;
  job.id = "cYjwJNEF7OckWEmkSC1tSI";
  job.number = 1007;
  job.state = state;
  job.spec.org = "acme";
  job.created = parse_instant("2021-08-01T09:00:00.5Z").value();
  job.note = {"here", to_note(echo), {}, echo.email};
  return job;
}

constexpr ReportForm form = {"http://here.test:8080", "org123456789", now, false};

TEST(ReportEcho, ComesBackFromItsNote) {
  EXPECT_EQ(echo_of(job_in(JobState::created)), full_echo());
  ReportEcho least;
  least.sub_accounts = std::vector<std::string>();
  EXPECT_EQ(echo_of(job_in(JobState::created, least)), least);
  exports::Job broken;
  broken.note.json = "[";
  EXPECT_EQ(echo_of(broken), ReportEcho{});
}

TEST(ReportObject, ParametersHaveTheNamesOfTheReply) {
  const auto parameters = ordered_json::parse(report_json(job_in(JobState::created), form))["parameters"];
  std::vector<std::string> keys;
  for (const auto& item : parameters.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"realm", "startDate", "endDate", "emailId", "username", "featureId",
                                            "appId", "channelId", "chargeType", "projectId", "billingTag", "category",
                                            "detail", "groupBy", "usageFields", "subAccounts"}));
  EXPECT_EQ(parameters["groupBy"], "appId, project");
  EXPECT_EQ(parameters["usageFields"], (json{"realmId", "category"}));
  ReportEcho least;
  least.realm = "org123456789";
  const auto few = json::parse(report_json(job_in(JobState::created, least), form))["parameters"];
  EXPECT_EQ(few, json::parse(R"({"realm":"org123456789","startDate":"","endDate":"","emailId":"","username":""})"));
}

TEST(ReportObject, OnlyACompletedReportHasALink) {
  const auto shown = [](JobState state) { return json::parse(report_json(job_in(state), form)); };
  for (const auto& [state, word] :
       {std::pair(JobState::created, "pending"), std::pair(JobState::processing, "inProgress"),
        std::pair(JobState::failed, "failed"), std::pair(JobState::cancelled, "failed"),
        std::pair(JobState::partial_success, "failed"), std::pair(JobState::expired, "archived")}) {
    EXPECT_EQ(shown(state)["status"], word);
    EXPECT_FALSE(shown(state).contains("resultHref")) << word;
  }
  const json completed = shown(JobState::success);
  EXPECT_EQ(completed["id"], "REPORT-1007");
  EXPECT_EQ(completed["status"], "completed");
  EXPECT_EQ(completed["created"], "2021-08-01T09:00:00");
  EXPECT_EQ(completed["resultHref"], "http://here.test:8080/v2/usage/realms/org123456789/reports/REPORT-1007/output");
  exports::Job old = job_in(JobState::success);
  old.expires = now;
  const json archived = json::parse(report_json(old, form));
  EXPECT_EQ(archived["status"], "archived");
  EXPECT_FALSE(archived.contains("resultHref"));
}

TEST(ReportObject, AReportWithAGapIsInProgressWhileTheGapMayBeFilledInThenFailed) {
  exports::Job job = job_in(JobState::partial_success);
  job.gaps = {{"us", {"acme-us"}, "refused the connection"}};
  job.updated = now.plus_seconds(-60);
  job.heals_until = now.plus_seconds(60);
  const auto shown = [&] { return json::parse(report_json(job, form)); };
  EXPECT_EQ(shown()["status"], "inProgress");
  EXPECT_FALSE(shown().contains("resultHref"));
  EXPECT_FALSE(report_mail(job)) << "it is not over yet";
  job.expires = now.plus_seconds(-1);
  EXPECT_EQ(shown()["status"], "inProgress");
  job.heals_until = now;
  EXPECT_EQ(shown()["status"], "failed") << "what never was an output is not archived";
  job.heals_until.reset();
  EXPECT_EQ(shown()["status"], "failed");
  ASSERT_TRUE(report_mail(job));
  EXPECT_EQ(report_mail(job)->subject, "Usage report REPORT-1007 has failed");
}

TEST(ReportObject, DatesAreQuotedOnlyWhenAskedFor) {
  ReportForm quoted = form;
  quoted.has_quoted_dates = true;
  const json report = json::parse(report_json(job_in(JobState::created), quoted));
  EXPECT_EQ(report["created"], "2021-08-01'T'09:00:00");
  EXPECT_EQ(report["parameters"]["startDate"], "2021-07-01'T'10:39:51");
  EXPECT_EQ(report["parameters"]["endDate"], "2021-07-31'T'23:59:59");
}

TEST(ReportObject, AListCountsWhatItHolds) {
  exports::NumberedJobs reports;
  reports.total = 18;
  reports.jobs = {job_in(JobState::created), job_in(JobState::failed)};
  const auto list = ordered_json::parse(report_list_json(reports, {5, 0}, form));
  std::vector<std::string> keys;
  for (const auto& item : list.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"total", "limit", "count", "nextOffset", "lastOffset", "items"}));
  EXPECT_EQ(list["count"], 2);
  EXPECT_EQ(list["nextOffset"], 1);
  EXPECT_EQ(list["lastOffset"], 3);
}

TEST(SubAccounts, AreAnArrayOfTextsOrNothing) {
  EXPECT_EQ(read_sub_accounts("").value(), std::nullopt);
  EXPECT_EQ(read_sub_accounts(" \r\n").value(), std::nullopt);
  EXPECT_EQ(read_sub_accounts(R"({"subAccounts":["org112135"],"more":1})").value(),
            std::vector<std::string>{"org112135"});
  EXPECT_EQ(read_sub_accounts(R"({"subAccounts":[]})").value(), std::vector<std::string>());
  for (const char* wrong : {"{", "[]", "{}", R"({"subAccounts":{"org112135":1}})", R"({"subAccounts":null})",
                            R"({"subAccounts":[1]})", R"({"subAccounts":"org112135"})"}) {
    EXPECT_EQ(read_sub_accounts(wrong).error().field, body_field) << wrong;
  }
}

TEST(ReportMail, HasTheLink) {
  const auto mail = report_mail(job_in(JobState::success)).value();
  EXPECT_EQ(mail.subject, "Usage report REPORT-1007 is completed");
  const std::string link = "https://usage.example.com/v2/usage/realms/org123456789/reports/REPORT-1007/output";
  EXPECT_NE(mail.text.find(link + "\n"), std::string::npos) << mail.text;
  EXPECT_NE(mail.html.find("<a href=\"" + link + "\">"), std::string::npos) << mail.html;
}

TEST(ReportMail, OfAFailedReportSaysWhy) {
  exports::Job job = job_in(JobState::failed);
  job.error = "more than 1,000,000 rows & <more>";
  const auto mail = report_mail(job).value();
  EXPECT_EQ(mail.subject, "Usage report REPORT-1007 has failed");
  EXPECT_NE(mail.text.find(job.error), std::string::npos);
  EXPECT_NE(mail.html.find("rows &amp; &lt;more&gt;"), std::string::npos);
}

}  // namespace
}  // namespace meterport::here
