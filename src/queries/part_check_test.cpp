// A part is taken for what was asked for, or not at all.
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "ledger/record.h"
#include "queries/part_file.h"

namespace meterport::queries {
namespace {

using warehouse::Dimension;
using warehouse::Fact;

Instant at(std::string_view text) {
  return parse_instant(text).value();
}

class PartCheckTest : public ::testing::Test {
 protected:
  PartCheckTest() {
    request_.orgs = {"a", "b"};
    request_.period = {at("2024-09-01T00:00:00Z"), at("2024-10-01T00:00:00Z")};
    request_.shown = request_.period;
  }

  /// Of a part with that one row; its reason, empty if it is fine.
  std::string judged(const std::string& org, const std::string& meter, std::string_view time, std::int64_t whole = 1,
                     std::string_view payload = {}) {
    const std::string path = folder_ / ("part-" + std::to_string(files_++));
    auto writer = PartFileWriter::create(system_files(), path, grain_, {}).value();
    EXPECT_TRUE(writer->word(Dimension::org, 7, org));
    EXPECT_TRUE(writer->word(Dimension::meter, 9, meter));
    Fact fact{.time_us = at(time).us, .whole = whole};
    fact.codes[static_cast<std::size_t>(Dimension::org)] = 7;
    fact.codes[static_cast<std::size_t>(Dimension::meter)] = 9;
    EXPECT_TRUE(writer->fact(fact, payload, {}));
    EXPECT_TRUE(writer->finish());
    const auto fits = check_part_of(system_files(), path, request_);
    if (!fits) EXPECT_EQ(fits.error().kind, ErrorKind::malformed);
    return fits ? std::string() : fits.error().detail;
  }

  TestFolder folder_;
  PartRequest request_;
  PartGrain grain_ = PartGrain::day_sums;
  int files_ = 0;
};

TEST_F(PartCheckTest, ARegionSpeaksForTheOrgsThatItWasAskedForAlone) {
  EXPECT_EQ(judged("a", "m", "2024-09-01T00:00:00Z"), "");
  EXPECT_EQ(judged("c", "m", "2024-09-01T00:00:00Z"), "usage of another org");
  request_.meter = "m";
  EXPECT_EQ(judged("b", "m", "2024-09-30T00:00:00Z"), "");
  EXPECT_EQ(judged("b", "n", "2024-09-30T00:00:00Z"), "usage of another meter");
}

TEST_F(PartCheckTest, AndForTheTimeThatItWasAskedFor) {
  EXPECT_EQ(judged("a", "m", "2024-10-01T00:00:00Z"), "usage of another time");
  EXPECT_EQ(judged("a", "m", "2024-08-31T00:00:00Z"), "usage of another time");
  EXPECT_EQ(judged("a", "m", "2024-08-31T00:00:00Z", 0), "usage of another time");
  request_.with_first_days = true;
  EXPECT_EQ(judged("a", "m", "2024-08-31T00:00:00Z", 0), "");
  EXPECT_EQ(judged("a", "m", "2024-08-31T00:00:00Z", 1), "usage of another time");
  request_.grain = PartGrain::facts;
  EXPECT_EQ(judged("a", "m", "2024-09-01T00:00:00Z"), "another grain");
}

TEST_F(PartCheckTest, ARecordSaysWhatItsRowSays) {
  request_.grain = grain_ = PartGrain::records;
  UsageRecord record;
  record.org = "a";
  record.meter = "m";
  record.time = at("2024-09-03T10:00:00Z");
  record.quantity = Decimal::from_parts(2, 0);
  std::string payload;
  ledger::encode_usage(payload, record);
  EXPECT_EQ(judged("a", "m", "2024-09-03T10:00:00Z", 2, payload), "");
  EXPECT_EQ(judged("b", "m", "2024-09-03T10:00:00Z", 2, payload), "a record of something else");
  EXPECT_EQ(judged("a", "n", "2024-09-03T10:00:00Z", 2, payload), "a record of something else");
  EXPECT_EQ(judged("a", "m", "2024-09-03T11:00:00Z", 2, payload), "a record of something else");
  EXPECT_EQ(judged("a", "m", "2024-09-03T10:00:00Z", 3, payload), "a record of something else");
  EXPECT_EQ(judged("a", "m", "2024-09-03T10:00:00Z", 2, "?"), "a record that can't be read");
}

}  // namespace
}  // namespace meterport::queries
