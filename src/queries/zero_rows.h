// Private to queries: the rows of usage 0 of SUMMARY (crosswalk 1.3). An org has a row of a meter of category
// RECORDS_STORED on every day from that of its first record on, up to the snapshot's day, but where it is deleted. They
// are counted out one by one, in order, and never held together. One thread; lives as long as one slice is read.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "queries/rate_book.h"
#include "queries/slice_reader.h"
#include "queries/sources.h"
#include "queries/text_order.h"

namespace meterport::queries {

/// Where a row of usage stands in its slice: by day, org, meter.
struct RowKey {
  std::uint64_t day_and_org = 0;  ///< day's number in the slice, org's rank
  std::uint32_t meter = 0;        ///< rank by id
  RowKey(std::uint64_t day_with_org, std::uint32_t meter_rank) : day_and_org(day_with_org), meter(meter_rank) {}
  RowKey(std::int32_t day, std::uint32_t org, std::uint32_t meter_rank)
      : day_and_org((static_cast<std::uint64_t>(day) << 32) | org), meter(meter_rank) {}
  [[nodiscard]] std::uint32_t org() const { return static_cast<std::uint32_t>(day_and_org); }
  [[nodiscard]] std::int32_t day() const { return static_cast<std::int32_t>(day_and_org >> 32); }
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

class ZeroRows {
 public:
  ZeroRows(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const Slice& slice)
      : book_(catalogue), orgs_(orgs), slice_(slice) {}

  /// Reads from when on each org of `codes` has such rows, and lets `meters` see their meters.
  Status find(const Sources& sources, const OrgCodes& codes, TextOrder& meters);
  /// To the first row; `meters` is ranked.
  void start(const TextOrder& meters);
  [[nodiscard]] bool is_done() const { return day_ > last_; }
  [[nodiscard]] RowKey key() const {
    return {day_.days - slice_.first.days, accounts_[place_].org, accounts_[place_].meter};
  }
  void next();

 private:
  struct Account {
    std::uint32_t org = 0, meter = 0;  ///< org's rank, meter's code, later its rank
    Day first;
    std::string_view id;  ///< the meter's
    MeterSpan span;       ///< around the day looked at last
  };
  bool has_row();
  bool has_row_every_day(Account& account);
  void skip_days_without();

  RateBook book_;
  const ReportOrgs& orgs_;
  const Slice& slice_;
  std::vector<Account> accounts_;
  Day day_, last_;
  std::size_t place_ = 0;
};

}  // namespace meterport::queries
