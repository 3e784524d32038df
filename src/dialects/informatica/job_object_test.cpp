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
                       "https://MyExportJobStatus.com", true, false}),
              ""};
  return job;
}

TEST(JobObject, AJobThatCannotBePlannedReadsLikeTheVendorsErrorSample) {
  exports::Job job = job_in(JobState::failed);
  job.is_unplannable = true;
  job.error = "The catalogue cannot be read.";
  const auto json = nlohmann::ordered_json::parse(job_json(job, true));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"jobId", "status", "errorMessage", "orgId", "userId", "selectedOrgId",
                                            "startDate", "endDate", "callbackUrl", "createTime", "updateTime",
                                            "combinedMeterUsage"}));
  EXPECT_EQ(json["status"], "FAILED");
  EXPECT_EQ(
      json["errorMessage"],
      "Exception occurred while processing request for org: 4wMFqGlxAKVlIFTixlTSOY. The catalogue cannot be read.");
  EXPECT_EQ(nlohmann::json::parse(job_json(job, false))["errorMessage"], json["errorMessage"]) << "GET shows the same";
}

TEST(JobObject, ACancelledJobReadsFailedAndSaysSo) {
  const auto json = nlohmann::json::parse(job_json(job_in(JobState::cancelled), false));
  EXPECT_EQ(json["status"], "FAILED");
  EXPECT_NE(json["errorMessage"].get<std::string>().find("cancelled"), std::string::npos);
}

TEST(JobObject, OnlyFailedAndPartialJobsCarryAnErrorMessage) {
  for (const JobState state : {JobState::created, JobState::processing, JobState::success, JobState::expired}) {
    exports::Job job = job_in(state);
    job.error = "left over";
    EXPECT_FALSE(nlohmann::json::parse(job_json(job, false)).contains("errorMessage"));
  }
  exports::Job partial = job_in(JobState::partial_success);
  partial.error = "acme-us: not readable";
  EXPECT_EQ(nlohmann::json::parse(job_json(partial, false))["errorMessage"], "acme-us: not readable");
}

TEST(JobObject, ACallbackUrlOfAnyBytesIsEchoed) {
  exports::Job job = job_in(JobState::success);
  job.note.json = to_json({"o", "s", "e", "x\"\\\n\xff", false, false});
  EXPECT_TRUE(nlohmann::json::accept(job_json(job, false)));
}

TEST(JobObject, TheCallbackIsTheVendorsSentence) {
  EXPECT_EQ(callback_text(job_in(JobState::partial_success)),
            "Job with jobID: cYjwJNEF7OckWEmkSC1tSI has completed and the Job Status is PARTIAL_SUCCESS.");
}

}  // namespace
}  // namespace meterport::informatica
