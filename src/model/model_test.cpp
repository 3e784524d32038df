#include <gtest/gtest.h>

#include "model/export_spec.h"
#include "model/meter.h"
#include "model/organization.h"
#include "model/principal.h"
#include "model/usage_record.h"

namespace meterport {
namespace {

Day day(int year, unsigned month, unsigned date) {
  return day_from({year, month, date});
}

TEST(Names, EveryEnumerationReadsBackWhatItPrints) {
  for (int i = 0; i <= static_cast<int>(ExportKind::usage); ++i) {
    const auto kind = static_cast<ExportKind>(i);
    EXPECT_EQ(parse_export_kind(to_string(kind)), kind);
  }
  for (int i = 0; i <= static_cast<int>(JobState::expired); ++i) {
    const auto state = static_cast<JobState>(i);
    EXPECT_EQ(parse_job_state(to_string(state)), state);
  }
  for (int i = 0; i <= static_cast<int>(OrgKind::sub_org); ++i) {
    const auto kind = static_cast<OrgKind>(i);
    EXPECT_EQ(parse_org_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(parse_role("operator"), Role::operator_);
  EXPECT_EQ(parse_org_status("deleted"), OrgStatus::deleted);
  EXPECT_EQ(parse_file_split("per-meter"), FileSplit::per_meter);
  EXPECT_EQ(to_string(JobState::partial_success), "PARTIAL_SUCCESS");
  EXPECT_EQ(to_string(RecordErrorCode::no_billing_account), "no_billing_account");
  EXPECT_EQ(to_string(RecordErrorCode::internal), "internal");
}

TEST(Names, UnknownAndEmptyTextIsNoValue) {
  EXPECT_FALSE(parse_export_kind("SUMMARY"));
  EXPECT_FALSE(parse_role(""));
  EXPECT_FALSE(parse_job_state("created"));
}

TEST(Meter, ARenamedMeterShowsTheNameOfItsDay) {
  Meter meter;
  meter.id = "geocode";
  meter.names = {{std::nullopt, "Geocode"}, {day(2024, 10, 1), "Geocode & Reverse Geocode"}};
  EXPECT_EQ(meter.name_on(day(2024, 9, 30)), "Geocode");
  EXPECT_EQ(meter.name_on(day(2024, 10, 1)), "Geocode & Reverse Geocode");
}

TEST(Meter, ADayBeforeTheFirstDatedNameStillHasALabel) {
  Meter meter;
  meter.id = "m";
  EXPECT_EQ(meter.name_on(day(2024, 1, 1)), "m");
  meter.names = {{day(2024, 10, 1), "Later"}};
  EXPECT_EQ(meter.name_on(day(2024, 1, 1)), "Later");
}

TEST(Meter, KnownScalarsBringTheirDivisor) {
  EXPECT_EQ(divisor_of_scalar("MILLION_ROWS"), Decimal::from_integer(1'000'000));
  EXPECT_EQ(divisor_of_scalar("TENK_RECORDS"), Decimal::from_integer(10'000));
  EXPECT_EQ(divisor_of_scalar("HOURS"), Decimal::from_integer(1));
  EXPECT_FALSE(divisor_of_scalar("IPU"));
  EXPECT_FALSE(divisor_of_scalar("hours"));
}

TEST(Org, HistoryChangesOnlyTheFieldsItNames) {
  Org org;
  org.name = "Acme EU";
  org.parent = "acme";
  org.billing_anchor_day = 20;
  org.history.push_back({day(2024, 7, 1), "Acme Europe", {}, {}, {}});
  org.history.push_back({day(2024, 8, 1), {}, {}, OrgStatus::disabled, 1});
  EXPECT_EQ(org.name_on(day(2024, 6, 30)), "Acme EU");
  EXPECT_EQ(org.name_on(day(2024, 7, 1)), "Acme Europe");
  EXPECT_EQ(org.name_on(day(2024, 9, 1)), "Acme Europe");
  EXPECT_EQ(org.parent_on(day(2024, 9, 1)), "acme");
  EXPECT_EQ(org.status_on(day(2024, 7, 31)), OrgStatus::active);
  EXPECT_EQ(org.status_on(day(2024, 8, 1)), OrgStatus::disabled);
  EXPECT_EQ(org.billing_anchor_on(day(2024, 7, 31)), 20U);
  EXPECT_EQ(org.billing_anchor_on(day(2024, 8, 1)), 1U);
}

TEST(TextArena, KeptTextOutlivesItsSource) {
  TextArena arena;
  std::string_view kept;
  {
    const std::string gone(5'000, 'x');
    kept = arena.keep(gone);
  }
  EXPECT_EQ(kept, std::string(5'000, 'x'));
  EXPECT_TRUE(arena.keep("").empty());
}

TEST(TextArena, MovingABatchLeavesItsTextsInPlace) {
  RecordBatch batch;
  batch.items.resize(1);
  batch.items[0].record.id = batch.arena.keep("run-1");
  const RecordBatch moved = std::move(batch);
  EXPECT_EQ(moved.items[0].record.id, "run-1");
}

TEST(Sources, ThoseOfOtherWiresAreReserved) {
  for (const char* source : {"netsuite", "openmeter:", "openmeter:x"}) EXPECT_TRUE(is_reserved_source(source));
  for (const char* source : {"", "NetSuite", "netsuite2", "openmeter", "an openmeter:"}) {
    EXPECT_FALSE(is_reserved_source(source)) << source;
  }
}

TEST(Principal, TheServerItselfMayDoEverythingAndSaysSo) {
  EXPECT_TRUE(server_principal().is_server_itself);
  EXPECT_FALSE(server_principal().id.empty());
}

}  // namespace
}  // namespace meterport
