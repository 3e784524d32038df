// What readers ask the warehouse for, and what comes back. Plain values.
//
// Codes are dictionary codes, 0 = no value; they say nothing of text order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"

namespace meterport::warehouse {

using Code = std::uint32_t;

/// The dictionary-coded columns of a fact, in column order.
enum class Dimension : std::uint8_t {
  org,
  meter,
  project,
  folder,
  asset_name,
  asset_type,
  environment_id,
  environment_name,
  environment_type,
  subscription,
  app_id,
  app_name,
  app_hrn,
  billing_tag,
  channel,
  category,
};
inline constexpr std::size_t dimension_count = 16;
std::string_view column_name(Dimension dimension);

/// Facts whose code is one of these; must not be empty.
struct CodeFilter {
  Dimension dimension;
  std::vector<Code> codes;
};

/// One org's use of one meter through one subscription (0 = none).
struct UsageKey {
  Code org = 0, meter = 0, subscription = 0;
  friend auto operator<=>(const UsageKey&, const UsageKey&) = default;
};

struct SumQuery {
  std::uint64_t as_of_position = 0;  ///< only facts at or before it
  std::vector<Code> orgs;            ///< must not be empty
  std::vector<Code> meters;          ///< empty = all
  Instant from, to;                  ///< half-open event time
  std::vector<Dimension> group_by;   ///< besides; org, meter and UTC day only if named below
  bool by_org = true, by_meter = true, by_day = true;
  std::int64_t step_us = 0;          ///< > 0: by steps of this length, one of which begins at step_origin, too
  Instant step_origin{};             ///< may lie anywhere
  std::vector<CodeFilter> only{};    ///< all must hold
  std::vector<UsageKey> accounts{};  ///< empty = all; none twice
  bool with_quantity = true;         ///< else records are counted only
};

/// Facts as they are.
struct ScanQuery {
  std::uint64_t as_of_position = 0;  ///< only facts at or before it
  std::vector<Code> orgs;            ///< must not be empty
  std::vector<Code> meters;          ///< empty = all
  Instant from, to;                  ///< half-open event time
  std::vector<Dimension> dims;       ///< besides org and meter
  std::vector<CodeFilter> only{};    ///< all must hold
  std::vector<UsageKey> accounts{};  ///< empty = all; none twice
  std::uint64_t after_position = 0;  ///< only facts after it
};

/// `dims` follows ScanQuery::dims.
struct FactRow {
  Code org = 0, meter = 0;
  std::uint64_t position = 0;
  Instant time;
  Decimal quantity;
  std::vector<Code> dims;
};

/// One group. `dims` follows SumQuery::group_by. Codes not grouped by are 0.
struct SumRow {
  Code org = 0, meter = 0;
  Day day;
  Instant step_start;  ///< when by steps
  std::vector<Code> dims;
  Total quantity;
  std::uint64_t records = 0;
};

/// The day of the earliest fact of an org and meter.
struct FirstDay {
  Code org = 0, meter = 0;
  Day day;
};

/// How many facts a (day, org) or (day) holds: for cutting work into slices.
struct DayCount {
  Day day;
  Code org = 0;
  std::uint64_t records = 0;
};

}  // namespace meterport::warehouse
