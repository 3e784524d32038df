// Jobs over linked orgs whose tree has a history: who sees them, and how much of their rows is held at once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

class ExportsOfATree : public ExportsTest {
 protected:
  ExportSpec linked(std::string org, std::string_view first, std::string_view end) {
    ExportSpec spec = september(std::move(org));
    spec.all_linked = true;
    spec.period = {start_of(parse_day(first).value()), start_of(parse_day(end).value())};
    return spec;
  }
};

TEST_F(ExportsOfATree, AJobIsSeenByWhomTheTreeGivesEachOrgOnItsDays) {
  apply(R"({"orgs":[{"id":"c-sub","kind":"sub-org","name":"C","parent":"a-box","history":[
      {"valid_from":"2024-09-10","parent":"alone"},{"valid_from":"2024-09-20","parent":"top"},
      {"valid_from":"2024-09-25","parent":"alone"}]}]})");
  const Principal both = user("both", {{Role::exporter, "top"}, {Role::exporter, "alone"}});
  const Principal lone = user("lone", {{Role::exporter, "alone"}});
  const Principal top = user("top", {{Role::exporter, "top"}, {Role::exporter, "c-sub"}});
  const auto seen = [&](std::string_view first, std::string_view end) {
    const auto job = exports_->create(both, linked("c-sub", first, end), note(), {});
    if (!job) return job.error().text;
    std::string by;
    for (const Principal& one : {lone, top}) {
      const auto jobs = exports_->list(one, {})->jobs;
      const bool is_listed = std::ranges::find(jobs, job->id, &Job::id) != jobs.end();
      EXPECT_EQ(exports_->get(one, job->id).has_value(), is_listed);
      if (is_listed) by += one.id + ' ';
    }
    EXPECT_TRUE(exports_->cancel(both, job->id));
    return by;
  };
  EXPECT_EQ(seen("2024-09-01", "2024-09-10"), "top ");
  EXPECT_EQ(seen("2024-09-10", "2024-09-20"), "lone ");
  EXPECT_EQ(seen("2024-09-12", "2024-09-13"), "lone ");
  EXPECT_EQ(seen("2024-09-20", "2024-09-25"), "top ");
  EXPECT_EQ(seen("2024-09-25", "2024-10-01"), "lone ");
  EXPECT_EQ(seen("2024-09-09", "2024-09-11"), "");
  EXPECT_EQ(seen("2024-09-01", "2024-10-01"), "");
}

// 300 meters with a row every day: 54,000 rows of usage 0 an org.
TEST_F(ExportsOfATree, RowsOfUsage0OfManyOrgsAreNotGatheredAtOnce) {
  std::string meters;
  for (int i = 0; i < 300; ++i) {
    meters += fmt::format(R"({}{{"id":"m{}","name":"M","category":"RECORDS_STORED"}})", i == 0 ? "" : ",", i);
  }
  apply(fmt::format(R"({{"meters":[{}]}})", meters));
  std::vector<queries::Entry> entries;
  for (const char* org : {"top", "b-sub", "c-sub", "a-box"}) {
    entries.push_back({org, "m7", "2024-03-02T10:00:00Z", "1", "", ""});
  }
  ingest(entries);
  exports_->start();
  ExportSpec spec = linked("top", "2024-03-01", "2024-08-28");
  spec.split = FileSplit::per_org;
  const Job job = run(spec);
  ASSERT_EQ(job.state, JobState::success) << job.error;
  EXPECT_EQ(job.progress.slices, 2U) << "3 orgs and 1";
  EXPECT_EQ(job.rows, 4U * 179);
  for (const auto& [name, text] : unzip(take(read_file(system_files(), job.artifact_path)))) {
    EXPECT_EQ(std::ranges::count(text, '\n'), 1 + 179) << name;
  }
}

}  // namespace
}  // namespace meterport::exports
