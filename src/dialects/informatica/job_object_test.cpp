#include "dialects/informatica/job_object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meterport::informatica {
namespace {

exports::Job job_in(JobState state) {
  exports::Job job;
  job.id = "cYjwJNEF7OckWEmkSC1tSI";
  job.state = state;
  job.user_id = "aMxRLnYzdWtlkJvDbtPZOr";
  job.spec.org = "acme";
  job.note = {"informatica",
              to_json({"4wMFqGlxAKVlIFTixlTSOY", "2020-01-01T10:00:00Z", "2022-12-31T00:00:00Z",
                       "https://MyExportJobStatus.com", true, false, "", std::nullopt, CallbackFormat::text}),
              ""};
  return job;
}

TEST(JobObject, AJobThatCannotBePlannedReadsLikeTheVendorsErrorSample) {
  exports::Job job = job_in(JobState::failed);
  job.is_unplannable = true;
  job.error = "The catalogue cannot be read.";
  const auto json = nlohmann::ordered_json::parse(job_json(job, Answer::post));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"jobId", "status", "errorMessage", "orgId", "userId", "selectedOrgId",
                                            "startDate", "endDate", "callbackUrl", "createTime", "updateTime",
                                            "combinedMeterUsage"}));
  EXPECT_EQ(json["status"], "FAILED");
  EXPECT_EQ(
      json["errorMessage"],
      "Exception occurred while processing request for org: 4wMFqGlxAKVlIFTixlTSOY. The catalogue cannot be read.");
  EXPECT_EQ(nlohmann::json::parse(job_json(job, Answer::status))["errorMessage"], json["errorMessage"])
      << "GET shows the same";
}

TEST(JobObject, ACancelledJobReadsFailedAndSaysSo) {
  const auto json = nlohmann::json::parse(job_json(job_in(JobState::cancelled), Answer::status));
  EXPECT_EQ(json["status"], "FAILED");
  EXPECT_NE(json["errorMessage"].get<std::string>().find("cancelled"), std::string::npos);
}

TEST(JobObject, OnlyFailedAndPartialJobsCarryAnErrorMessage) {
  for (const JobState state : {JobState::created, JobState::processing, JobState::success, JobState::expired}) {
    exports::Job job = job_in(state);
    job.error = "left over";
    EXPECT_FALSE(nlohmann::json::parse(job_json(job, Answer::status)).contains("errorMessage"));
  }
  exports::Job partial = job_in(JobState::partial_success);
  partial.error = "acme-us: not readable";
  EXPECT_EQ(nlohmann::json::parse(job_json(partial, Answer::status))["errorMessage"], "acme-us: not readable");
}

/// The keys of a JSON object, in order.
std::vector<std::string> keys_of(const std::string& text) {
  std::vector<std::string> keys;
  const auto json = nlohmann::ordered_json::parse(text);
  for (const auto& item : json.items()) keys.push_back(item.key());
  return keys;
}

TEST(JobObject, OfJobLevelEchoesTheMeterAlwaysAndAllMetersInThePostAlone) {
  exports::Job job = job_in(JobState::created);
  Echo echo{"o", "s", "e", std::nullopt, false, false, "", true, CallbackFormat::text};
  job.note.json = to_json(echo);
  const auto posted = nlohmann::json::parse(job_json(job, Answer::post));
  EXPECT_EQ(posted["allMeters"], "TRUE");
  EXPECT_TRUE(posted["meterId"].is_null());
  EXPECT_EQ(keys_of(job_json(job, Answer::post)),
            (std::vector<std::string>{"jobId", "status", "orgId", "userId", "selectedOrgId", "meterId", "allMeters",
                                      "startDate", "endDate", "callbackUrl", "createTime", "updateTime"}));
  EXPECT_FALSE(nlohmann::json::parse(job_json(job, Answer::status)).contains("allMeters"));

  echo.meter = "a2nB20h1o0lc7k3P9xtWS8";
  echo.all_meters.reset();
  job.note.json = to_json(echo);
  EXPECT_FALSE(nlohmann::json::parse(job_json(job, Answer::post)).contains("allMeters"));
  EXPECT_EQ(nlohmann::json::parse(job_json(job, Answer::status))["meterId"], "a2nB20h1o0lc7k3P9xtWS8");
}

TEST(JobObject, TheJsonCallbackHoldsTheObjectOfTheStatus) {
  exports::Job job = job_in(JobState::success);
  job.finished = parse_instant("2024-09-03T10:30:00.5Z").value();
  job.note.json = to_json({"o", "s", "e", "https://x.example", false, false, "", std::nullopt, CallbackFormat::json});
  EXPECT_EQ(callback_text(job), R"({"type":"export.finished","timestamp":"2024-09-03T10:30:00.5Z","data":)" +
                                    job_json(job, Answer::status) + "}");
}

TEST(JobObject, ACallbackUrlOfAnyBytesIsEchoed) {
  exports::Job job = job_in(JobState::success);
  job.note.json = to_json({"o", "s", "e", "x\"\\\n\xff", false, false, "", std::nullopt, CallbackFormat::text});
  EXPECT_TRUE(nlohmann::json::accept(job_json(job, Answer::status)));
}

TEST(JobObject, TheCallbackIsTheVendorsSentence) {
  EXPECT_EQ(callback_text(job_in(JobState::partial_success)),
            "Job with jobID: cYjwJNEF7OckWEmkSC1tSI has completed and the Job Status is PARTIAL_SUCCESS.");
}

}  // namespace
}  // namespace meterport::informatica
