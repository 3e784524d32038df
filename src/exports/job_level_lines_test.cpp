// The lines of the kind job-level, from records to text.
#include "exports/job_level_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/test_folder.h"

namespace meterport::exports {
namespace {

constexpr std::string_view di = "a2nB20h1o0lc7k3P9xtWS8";

Instant at(std::string_view text) {
  return parse_instant(text).value();
}

UsageRecord full_record() {
  UsageRecord record;
  record.time = at("2024-09-03T10:30:00Z");
  record.quantity = Decimal::parse("7").value();
  record.project = "Sales, EU";
  record.folder = "Nightly";
  record.environment = {"01AB", "agents-eu", "Secure Agent Group"};
  record.task = {"000QML0Z0000000001J4", "mt_load_orders", "orders", "MTT"};
  record.run.id = "77812";
  record.run.start = at("2024-09-03T10:00:00.5Z");
  record.run.end = at("2024-09-03T10:30:00.5Z");
  record.run.status = "SUCCESS";
  record.run.cores = Decimal::from_integer(2);
  record.run.audit_time = at("2024-09-03T11:11:00.120Z");
  return record;
}

std::string line_of(const UsageRecord& record, JobLevelLayout layout) {
  std::string out;
  append_record_line(out, {17, at("2024-09-04T00:00:00.000001Z"), &record}, "org1", layout);
  return out;
}

TEST(JobLevelFiles, EachMeterHasItsNameAndColumns) {
  const auto columns = [](std::string_view meter) {
    const std::string_view header = job_level_header(job_level_layout(meter));
    return std::count(header.begin(), header.end(), ',') + 1;
  };
  EXPECT_EQ(job_level_file(di), "CDIMeteringAuditData.csv");
  EXPECT_EQ(columns(di), 17);
  EXPECT_EQ(job_level_file("dMN0VeTW4cThHyPovp4GEX"), "PDOMeteringAuditData.csv");
  EXPECT_EQ(columns("dMN0VeTW4cThHyPovp4GEX"), 15);
  EXPECT_EQ(job_level_file("cPnPIT3XYAziLqIoXtd0KC"), "DetailedReport_cPnPIT3XYAziLqIoXtd0KC.csv");
  EXPECT_EQ(columns("cPnPIT3XYAziLqIoXtd0KC"), 15);
  for (const std::string_view meter : {"3uIRkIV5Rt9lBbAPzeR5Kj", "bN6mes5n4GGciiMkuoDlCz"}) {
    EXPECT_EQ(job_level_file(meter), "DetailedReport_" + std::string(meter) + ".csv");
    EXPECT_EQ(columns(meter), 10);
  }
  EXPECT_EQ(job_level_header(JobLevelLayout::data_integration),
            "Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,"
            "Environment,Cores Used,Start Time,End Time,Status,Metered Value,Audit Time,OBM Task Time(s)");
  EXPECT_EQ(job_level_header(JobLevelLayout::plain),
            "Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,"
            "Environment,Start Time,End Time,Status,Metered Value,Audit Time");
  EXPECT_EQ(job_level_header(JobLevelLayout::application_integration),
            "Org ID,Execution type,Executed asset,Date (in UTC),Invoked by,Execution env,status,Execution count,"
            "Total Execution time (in hours),Average Execution time (in seconds)");
}

TEST(RecordLines, ARunOfDataIntegrationIsItsHours) {
  EXPECT_EQ(line_of(full_record(), JobLevelLayout::data_integration),
            "000QML0Z0000000001J4,mt_load_orders,orders,MTT,77812,\"Sales, EU\",Nightly,org1,01AB,agents-eu,2.0,"
            "2024-09-03 10:00:00.5,2024-09-03 10:30:00.5,SUCCESS,0.5,2024-09-03 11:11:00.12,0\n");
}

TEST(RecordLines, OtherMetersCountTheirQuantityAndHaveNoCores) {
  EXPECT_EQ(line_of(full_record(), JobLevelLayout::plain),
            "000QML0Z0000000001J4,mt_load_orders,orders,MTT,77812,\"Sales, EU\",Nightly,org1,01AB,agents-eu,"
            "2024-09-03 10:00:00.5,2024-09-03 10:30:00.5,SUCCESS,7.0,2024-09-03 11:11:00.12\n");
}

TEST(RecordLines, WhatIsMissingIsNullOrEmptyAndTimesHaveTheirStandIns) {
  UsageRecord record;
  record.time = at("2024-09-03T10:30:00Z");
  record.quantity = Decimal::parse("0.000833").value();
  EXPECT_EQ(line_of(record, JobLevelLayout::data_integration),
            "null,null,,null,null,null,,org1,null,null,null,null,2024-09-03 10:30:00.0,null,8.33E-4,"
            "2024-09-04 00:00:00.000001,0\n");
  record.run.end = at("2024-09-03T10:31:00Z");
  EXPECT_NE(line_of(record, JobLevelLayout::data_integration).find(",2024-09-03 10:31:00.0,null,8.33E-4,"),
            std::string::npos)
      << "a run without a start counts its quantity";
}

TEST(RecordLines, HoursAreRoundedHalfEvenToSixDecimals) {
  const auto hours = [](std::int64_t us) {
    UsageRecord record;
    record.run.start = Instant{0};
    record.run.end = Instant{us};
    const std::string text = line_of(record, JobLevelLayout::data_integration);
    const std::size_t begin = text.find(",null,", text.find("1970-01-01")) + 6;
    return text.substr(begin, text.find(',', begin) - begin);
  };
  EXPECT_EQ(hours(0), "0.0");
  EXPECT_EQ(hours(Instant::us_per_hour), "1.0");
  EXPECT_EQ(hours(3'000'000), "8.33E-4");
  EXPECT_EQ(hours(3'600), "1.0E-6");
  EXPECT_EQ(hours(1'800), "0.0") << "half of an even one";
  EXPECT_EQ(hours(1'801), "1.0E-6");
  EXPECT_EQ(hours(5'400), "2.0E-6") << "half of an odd one";
  EXPECT_EQ(hours(9'000), "2.0E-6");
  EXPECT_EQ(hours(9'001), "3.0E-6");
  EXPECT_EQ(hours(-1'800), "0.0");
  EXPECT_EQ(hours(-5'400), "-2.0E-6");
  EXPECT_EQ(hours(7'777'777'777), "2.160494");
}

class JobLevelLinesTest : public ::testing::Test {
 protected:
  std::unique_ptr<JobLevelLines> make(JobLevelLayout layout, std::size_t memory_bytes = 1 << 20,
                                      bool has_hours = true) {
    return std::make_unique<JobLevelLines>(
        system_files(), LineSorter::Options{.path = folder_ / "s", .memory_bytes = memory_bytes, .runs_merged_max = 4},
        JobLevelLines::Content{
            .layout = layout, .org_id = "o", .has_hours = has_hours, .sums_bytes_max = memory_bytes});
  }
  void add(JobLevelLines& lines, const UsageRecord& record) {
    ASSERT_TRUE(lines.add({++position_, at("2024-10-01T00:00:00Z"), &record}));
  }
  static std::string text_of(JobLevelLines& lines) {
    std::string out;
    const Status written = lines.write([&out](std::string_view line) -> Status {
      out += line;
      return {};
    });
    EXPECT_TRUE(written);
    return out;
  }

  TestFolder folder_;
  std::uint64_t position_ = 0;
};

TEST_F(JobLevelLinesTest, RecordsAreByAuditTimeTaskRunAndPosition) {
  const auto lines = make(JobLevelLayout::plain);
  EXPECT_TRUE(lines->is_empty());
  const auto add_one = [&](std::string_view name, std::string_view audit, std::string_view task, std::string_view run) {
    UsageRecord record;
    record.task.name = name;
    if (!audit.empty()) record.run.audit_time = at(audit);
    record.task.id = task;
    record.run.id = run;
    add(*lines, record);
  };
  add_one("9", "", "T1", "1");  // its arrival, later than all others
  add_one("7", "2024-09-02T00:00:00.000001Z", "T0", "1");
  add_one("5", "2024-09-02T00:00:00Z", "", "1");
  add_one("6", "2024-09-02T00:00:00Z", "", "");
  add_one("3", "2024-09-02T00:00:00Z", "T2", "1");
  add_one("2", "2024-09-02T00:00:00Z", "T1", "");
  add_one("1", "2024-09-02T00:00:00Z", "T1", "10");
  add_one("4", "2024-09-02T00:00:00Z", "T2", "1");
  add_one("8", "2024-09-30T00:00:00Z", "", "");
  const std::string text = text_of(*lines);
  EXPECT_EQ(lines->bytes_min(), text.size());
  std::string names;
  for (std::size_t from = 0; from < text.size(); from = text.find('\n', from) + 1) {
    const std::size_t comma = text.find(',', from);
    names += text[comma + 1];
  }
  EXPECT_EQ(names, "123456789");
}

TEST_F(JobLevelLinesTest, RunsOfApplicationIntegrationAreAddedUpByTheirKey) {
  const auto lines = make(JobLevelLayout::application_integration);
  UsageRecord timed;
  timed.time = at("2024-09-03T10:30:00Z");
  timed.quantity = Decimal::from_integer(99);
  timed.asset.name = "Get, order";
  timed.run.start = at("2024-09-03T10:29:50Z");
  timed.run.end = at("2024-09-03T10:30:00Z");
  timed.run.invoked_by = "anna";
  timed.run.status = "Completed";
  timed.environment.name = "cloud";
  add(*lines, timed);
  timed.run.count = 2;
  timed.run.execution_type = "Process";  // as if it were not said
  add(*lines, timed);

  UsageRecord plain;
  plain.time = at("2024-09-02T23:59:59.999999Z");
  plain.quantity = Decimal::parse("0.25").value();
  plain.task.name = "by task";
  plain.user = "bert";
  plain.run.count = 0;
  add(*lines, plain);
  plain.task.name = plain.user = "";
  plain.run.count = 3;
  plain.run.execution_type = "API";
  add(*lines, plain);
  EXPECT_EQ(text_of(*lines),
            "o,API,null,2024-09-02,null,null,null,3,0.2500000000,300.00000\n"
            "o,Process,by task,2024-09-02,bert,null,null,0,0.2500000000,0.00000\n"
            "o,Process,\"Get, order\",2024-09-03,anna,cloud,Completed,3,0.005555555555555556,6.666666666666666667\n");
  EXPECT_EQ(lines->quantity().to_text(), "198.5");
}

TEST_F(JobLevelLinesTest, WithoutHoursAQuantityIsNoTime) {
  const auto lines = make(JobLevelLayout::application_integration, 1 << 20, false);
  UsageRecord record;
  record.time = at("2024-09-02T00:00:00Z");
  record.quantity = Decimal::from_integer(5);
  add(*lines, record);
  EXPECT_EQ(text_of(*lines), "o,Process,null,2024-09-02,null,null,null,1,0.0000000000,0.00000\n");
}

TEST_F(JobLevelLinesTest, CountsBeyondAnyDecimalAreStillCounted) {
  const auto lines = make(JobLevelLayout::application_integration);
  UsageRecord record;
  record.time = at("2024-09-02T00:00:00Z");
  record.quantity = Decimal::parse("999999999999999999").value();
  record.run.count = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 1'000; ++i) add(*lines, record);
  EXPECT_EQ(text_of(*lines),
            "o,Process,null,2024-09-02,null,null,null,9223372036854775807000,999999999999999999000.0000000000,"
            "390.312782094781595895\n");
}

TEST_F(JobLevelLinesTest, MemoryDoesNotShowInTheLines) {
  for (const JobLevelLayout layout : {JobLevelLayout::data_integration, JobLevelLayout::application_integration}) {
    std::string whole;
    for (const std::size_t memory_bytes : {32UL << 20, 1UL, 3'000UL, 20'000UL}) {
      std::mt19937 random(5);
      const auto one_of = [&](std::vector<std::string_view> texts) { return texts[random() % texts.size()]; };
      const auto lines = make(layout, memory_bytes);
      position_ = 0;
      for (int i = 0; i < 1'000; ++i) {
        UsageRecord record;
        record.time = at("2024-09-02T00:00:00Z").plus_seconds(static_cast<std::int64_t>(random() % 300'000));
        record.quantity = Decimal::from_integer(static_cast<std::int64_t>(random() % 10));
        record.asset.name = one_of({"", "a", "b", "aa"});
        record.task.id = one_of({"", "1", "2"});
        record.run.status = one_of({"", "Completed", "Faulted"});
        record.run.audit_time = floor_to_hour(record.time);
        if (random() % 2 == 0) {
          record.run.start = record.time.plus_us(-static_cast<std::int64_t>(random() % 10'000'000));
          record.run.end = record.time;
        }
        add(*lines, record);
      }
      const std::string text = text_of(*lines);
      if (whole.empty()) whole = text;
      EXPECT_EQ(text, whole) << memory_bytes;
    }
    EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), layout == JobLevelLayout::data_integration ? 1'000 : 48);
  }
}

}  // namespace
}  // namespace meterport::exports
