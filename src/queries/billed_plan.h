// Private to queries: the accounts an answer of billed usage is made of, in the order of their rows, and the slices
// they are read in. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "queries/billed_filter.h"
#include "queries/queries.h"
#include "queries/slice_reader.h"

namespace meterport::queries {

/// Bounds of what is in memory at a time; tests make them small.
struct BilledLimits {
  std::uint64_t slice_records = 500'000;
  std::uint64_t piece_records = 500'000;  ///< facts fed to billing at a time
  std::size_t slice_accounts = 10'000;    ///< they are named in a query
};

/// What every part of the work needs.
struct BilledWork {
  warehouse::Warehouse& warehouse;
  const loading::Loader& loader;
  const Snapshot snapshot;
  const catalog::SnapshotPtr catalogue;
  const std::vector<const Org*> orgs;  ///< by realm, then id; none twice
  const Period period;
  const BilledUsageSpec spec;
  const BilledLimits limits;
  const BilledDims dims;
  const BilledFilter filter;
  const OrgCodes org_codes;  ///< ranks are places in `orgs`
  [[nodiscard]] const loading::Dictionaries& words() const { return loader.dictionaries(); }
};

/// One org's use of one meter through one subscription.
struct Account {
  warehouse::UsageKey key;
  std::uint32_t org = 0;    ///< place in the work's orgs
  std::uint32_t group = 0;  ///< ascending in the order of rows: equal subscription, category, name, feature id
  const ChargeItem* item = nullptr;
  std::string_view charge_number{};      ///< of the subscription; empty: none
  const BillingRule* billing = nullptr;  ///< none: all usage is billable
  std::uint64_t records = 0;             ///< that the answer shows
};

/// Accounts [first, end) over a part of the period.
struct BilledSlice {
  std::size_t first = 0, end = 0;
  Period period;
  bool continues = false;  ///< the same accounts as the slice before, later
};

struct BilledPlan {
  std::deque<ChargeItem> items;
  std::vector<Account> accounts;
  std::vector<BilledSlice> slices;
};

/// Asks the store for counts only.
Result<BilledPlan> plan_billed(const BilledWork& work);

/// The query for these accounts alone, by account, with quantities; more is up to the caller.
warehouse::SumQuery query_of(const BilledWork& work, const std::vector<const Account*>& accounts, Period period);

struct TimeCount {
  Instant start;
  std::uint64_t records = 0;
};
/// Counts by `step_us`, ascending, at whole multiples of it since 1970.
Result<std::vector<TimeCount>> count_steps(const BilledWork& work, warehouse::SumQuery query, std::int64_t step_us);
/// Cuts at starts of counts into pieces of at most `records_max`, a single count may hold more. Never empty.
std::vector<Period> cut_time(const std::vector<TimeCount>& counts, Period period, std::uint64_t records_max);

}  // namespace meterport::queries
