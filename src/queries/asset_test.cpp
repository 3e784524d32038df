// ASSET rows against the model that walks unit by unit.
#include <algorithm>

#include "queries/test_tier_model.h"

namespace meterport::queries {
namespace {

class AssetTest : public TierModelTest {
 protected:
  [[nodiscard]] std::vector<std::string> rows_by_hand(const std::string& only_meter = {}) const {
    std::vector<ModelPart> parts = model();
    std::erase_if(parts, [&](const ModelPart& part) {
      return !is_reported(part) || (!only_meter.empty() && part.meter != only_meter);
    });
    std::ranges::sort(parts, {}, [](const ModelPart& p) {
      return std::tuple(p.meter, -std::stoi(p.day.substr(8)), rank_of(p.org), p.asset_name, p.asset_type, p.project,
                        p.folder, p.environment_name, p.environment_type, p.tier);
    });
    std::vector<std::string> lines;
    for (const ModelPart& p : parts) {
      const auto bound = [&](std::size_t tier) {
        if (tier >= p.tiers.size()) return std::string("none");
        return Decimal::from_scaled(Decimal::from_integer(p.tiers[tier].from).scaled() / model_divisor(p.meter))
            .to_text();
      };
      lines.push_back(fmt::format("{} {} {} {}/{} {}/{} {}/{} {}-{} {} {} {}", p.meter, p.day, p.org, p.asset_name.text,
                                  p.asset_type.text, p.project.text, p.folder.text, p.environment_name.text,
                                  p.environment_type.text, bound(p.tier), bound(p.tier + 1), p.tiers[p.tier].rate,
                                  p.units, p.consumption().to_text()));
    }
    return lines;
  }
  std::vector<std::string> rows_of(const Snapshot& snapshot, const Slice& slice) {
    const auto catalogue = take(queries_->catalogue(snapshot));
    std::vector<std::string> lines;
    check(queries_->asset_rows(snapshot, *catalogue, report(*catalogue), slice, [&](const AssetRow& r) -> Status {
      lines.push_back(fmt::format("{} {} {} {}/{} {}/{} {}/{} {}-{} {} {} {}", r.meter->id, format_day(r.day),
                                  r.org->id, r.asset_name, r.asset_type, r.project, r.folder, r.environment_name,
                                  r.environment_type, r.part.tier_from.to_text(),
                                  r.part.tier_to ? r.part.tier_to->to_text() : "none", r.part.rate.to_text(),
                                  r.part.quantity.to_text(), r.part.consumption.to_text()));
      return {};
    }));
    return lines;
  }
};

TEST_F(AssetTest, OneSliceHoldsAllMetersByMeterNewestDayFirst) {
  ingest_random(2'000, 1);
  const auto expected = rows_by_hand();
  ASSERT_GT(expected.size(), 200u);
  const Slice all{.first = september(1), .last = september(14), .org_first = 0, .org_end = 2, .meter = {}};
  EXPECT_EQ(rows_of(pin(), all), expected);
}

TEST_F(AssetTest, RowsOfAMeterAreTheSameHoweverTheyAreSliced) {
  std::string seen;
  for (const unsigned seed : {2u, 3u, 4u}) {
    ingest_random(700, seed);
    const Snapshot snapshot = pin();
    const auto catalogue = take(queries_->catalogue(snapshot));
    for (const std::string meter : {"steps", "flat", "free"}) {
      const auto expected = rows_by_hand(meter);
      ASSERT_FALSE(expected.empty());
      for (const std::string& line : expected) seen += line + "\n";
      for (const std::uint64_t records_max : {1u, 60u, 1'000'000u}) {
        const auto slices = take(queries_->plan_slices(snapshot, report(*catalogue), september(1), september(14), meter,
                                                       {.days_major = true, .days_descending = true}, records_max));
        std::vector<std::string> lines;
        for (const Slice& slice : slices) std::ranges::copy(rows_of(snapshot, slice), std::back_inserter(lines));
        EXPECT_EQ(lines, expected) << seed << " " << meter << " " << records_max;
      }
    }
  }
  for (const std::string_view tier :
       {" 0-6 7", " 6-12 3", " 12-none 1", " 0-4.5 9", " 4.5-none 2", " 0-5 8", " 5-none 4"}) {
    EXPECT_TRUE(seen.contains(tier)) << tier;
  }
}

TEST_F(AssetTest, UsageThatCancelsOutIsARowInTheTierOfTheNextUnit) {
  entries_ = {
      {.org = "top", .meter = "steps", .time = "2024-08-30T00:00:00Z", .quantity = "60", .project = "", .folder = ""},
      {.org = "top", .meter = "steps", .time = "2024-09-01T00:00:00Z", .quantity = "7", .project = "", .folder = ""},
      {.org = "top", .meter = "steps", .time = "2024-09-01T09:00:00Z", .quantity = "-7", .project = "", .folder = ""}};
  ingest(entries_);
  const Slice day{.first = september(1), .last = september(1), .org_first = 0, .org_end = 1, .meter = {}};
  EXPECT_EQ(rows_of(pin(), day), std::vector<std::string>{"steps 2024-09-01 top / / / 6-12 3 0 0"});
}

TEST_F(AssetTest, ARefusedRowEndsTheReading) {
  ingest_random(100, 5);
  const Snapshot snapshot = pin();
  const auto catalogue = take(queries_->catalogue(snapshot));
  const Slice all{.first = september(1), .last = september(14), .org_first = 0, .org_end = 2, .meter = {}};
  int rows = 0;
  const auto status =
      queries_->asset_rows(snapshot, *catalogue, report(*catalogue), all, [&](const AssetRow&) -> Status {
        if (++rows == 2) return fail(ErrorKind::gone, "cancelled");
        return {};
      });
  EXPECT_EQ(status.error().kind, ErrorKind::gone);
  EXPECT_EQ(rows, 2);
}

}  // namespace
}  // namespace meterport::queries
