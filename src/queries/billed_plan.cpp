#include "queries/billed_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "queries/rate_book.h"
#include "queries/text_order.h"
#include "queries/utc_windows.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::SumQuery;
using warehouse::SumRow;

namespace {

/// What a meter is for an org.
struct Use {
  const ChargeItem* item = nullptr;  ///< null: not shown
  const BillingRule* billing = nullptr;
};

/// Looks meters up once per org.
class Uses {
 public:
  Uses(const BilledWork& work, std::deque<ChargeItem>& items)
      : work_(work), book_(*work.catalogue), last_(day_of(work.period.to.plus_us(-1))), items_(items) {}

  Result<Use> of(std::uint32_t org, Code meter_code) {
    const auto [place, is_new] = uses_.try_emplace((std::uint64_t{org} << 32) | meter_code);
    if (!is_new) return place->second;
    const Org& owner = *work_.orgs[org];
    const auto meter = book_.meter(owner, work_.words().text(Dimension::meter, meter_code));
    if (!meter) return fail(meter);
    if ((*meter)->is_made_by_server()) return place->second;
    ChargeItem item = charge_item_of(**meter, owner, last_);
    if (!work_.filter.matches(item)) return place->second;
    items_.push_back(std::move(item));
    place->second = {.item = &items_.back(), .billing = (*meter)->billing ? &*(*meter)->billing : nullptr};
    return place->second;
  }

 private:
  const BilledWork& work_;
  RateBook book_;
  Day last_;
  std::deque<ChargeItem>& items_;
  std::map<std::uint64_t, Use> uses_;
};

/// The accounts with a record to show, in no order.
Result<std::vector<Account>> find_accounts(const BilledWork& work, std::deque<ChargeItem>& items) {
  std::vector<Account> accounts;
  if (!work.filter.can_match() || work.org_codes.codes().empty()) return accounts;
  SumQuery query{.as_of_position = work.snapshot.ledger_position,
                 .orgs = work.org_codes.codes(),
                 .meters = {},
                 .from = work.period.from,
                 .to = work.period.to,
                 .group_by = {Dimension::subscription},
                 .by_day = false,
                 .only = work.filter.only(),
                 .with_quantity = false};
  if (work.filter.has_project()) query.group_by.push_back(Dimension::project);
  std::map<warehouse::UsageKey, std::uint64_t> counts;
  auto read = work.warehouse.sum(query, [&](const SumRow& row) {
    if (work.filter.has_project() && !work.filter.matches_project(work.org_codes.rank_of(row.org), row.dims[1])) return;
    counts[{.org = row.org, .meter = row.meter, .subscription = row.dims[0]}] += row.records;
  });
  if (!read) return fail(std::move(read));
  Uses uses(work, items);
  for (const auto& [key, records] : counts) {
    const std::uint32_t org = work.org_codes.rank_of(key.org);
    const auto use = uses.of(org, key.meter);
    if (!use) return fail(use);
    if (use->item == nullptr) continue;
    Account& account = accounts.emplace_back();
    account = {.key = key, .org = org, .item = use->item, .billing = use->billing, .records = records};
    if (key.subscription == 0) continue;
    const auto id = work.words().text(Dimension::subscription, key.subscription);
    if (const Subscription* subscription = work.catalogue->subscription_seen_by(work.orgs[org]->id, id)) {
      account.charge_number = subscription->charge_number;
    }
  }
  return accounts;
}

/// By subscription and charge item, then org; numbers the groups.
void put_in_order(const BilledWork& work, std::vector<Account>& accounts) {
  TextOrder subscriptions(work.words(), Dimension::subscription);
  for (const Account& account : accounts) subscriptions.see(account.key.subscription);
  subscriptions.rank();
  const auto group_of = [&](const Account& account) {
    return std::tuple(subscriptions.rank_of(account.key.subscription), std::string_view(account.item->category),
                      std::string_view(account.item->name), std::string_view(account.item->feature_id));
  };
  std::ranges::sort(accounts, [&](const Account& a, const Account& b) {
    if (const auto order = group_of(a) <=> group_of(b); order != 0) return order < 0;
    if (a.org != b.org) return a.org < b.org;
    return work.words().text(Dimension::meter, a.key.meter) < work.words().text(Dimension::meter, b.key.meter);
  });
  for (std::size_t i = 1; i < accounts.size(); ++i) {
    accounts[i].group = accounts[i - 1].group + (group_of(accounts[i - 1]) == group_of(accounts[i]) ? 0 : 1);
  }
}

/// Packs whole groups into slices; a group that is too large is cut by windows.
class Packer {
 public:
  Packer(const BilledWork& work, BilledPlan& plan) : work_(work), plan_(plan) {}

  Status pack() {
    const auto& accounts = plan_.accounts;
    for (std::size_t first = 0, end = 0; first < accounts.size(); first = end) {
      std::uint64_t records = 0;
      for (end = first; end < accounts.size() && accounts[end].group == accounts[first].group; ++end) {
        records += accounts[end].records;
      }
      if (records > work_.limits.slice_records) {
        close(first);
        if (auto cut = cut_group(first, end); !cut) return cut;
        open_first_ = end;
        continue;
      }
      if (open_records_ + records > work_.limits.slice_records || end - open_first_ > work_.limits.slice_accounts) {
        close(first);
      }
      open_records_ += records;
    }
    close(accounts.size());
    return {};
  }

 private:
  /// The open slice ends before account `end`.
  void close(std::size_t end) {
    if (end > open_first_) plan_.slices.push_back({.first = open_first_, .end = end, .period = work_.period});
    open_first_ = end;
    open_records_ = 0;
  }

  Status cut_group(std::size_t first, std::size_t end) {
    if (work_.spec.window == Window::none) {
      plan_.slices.push_back({.first = first, .end = end, .period = work_.period});
      return {};
    }
    std::vector<const Account*> accounts;
    for (std::size_t i = first; i < end; ++i) accounts.push_back(&plan_.accounts[i]);
    SumQuery query = query_of(work_, accounts, work_.period);
    std::ranges::copy(work_.filter.only(), std::back_inserter(query.only));
    auto counts = count_steps(work_, std::move(query),
                              work_.spec.window == Window::hour ? Instant::us_per_hour : Instant::us_per_day);
    if (!counts) return fail(std::move(counts));
    for (TimeCount& count : *counts) {
      count.start = utc_window_start(work_.spec.window, utc_window_number(work_.spec.window, count.start));
    }
    std::vector<TimeCount> windows;
    for (const TimeCount& count : *counts) {
      if (windows.empty() || windows.back().start != count.start) windows.push_back({.start = count.start});
      windows.back().records += count.records;
    }
    bool continues = false;
    for (const Period& part : cut_time(windows, work_.period, work_.limits.slice_records)) {
      plan_.slices.push_back({.first = first, .end = end, .period = part, .continues = continues});
      continues = true;
    }
    return {};
  }

  const BilledWork& work_;
  BilledPlan& plan_;
  std::size_t open_first_ = 0;
  std::uint64_t open_records_ = 0;
};

void make_distinct(std::vector<Code>& codes) {
  std::ranges::sort(codes);
  codes.erase(std::ranges::unique(codes).begin(), codes.end());
}

}  // namespace

SumQuery query_of(const BilledWork& work, const std::vector<const Account*>& accounts, Period period) {
  SumQuery query{.as_of_position = work.snapshot.ledger_position,
                 .orgs = {},
                 .meters = {},
                 .from = period.from,
                 .to = period.to,
                 .group_by = {},
                 .by_day = false};
  std::vector<Code> subscriptions;
  for (const Account* account : accounts) {
    query.orgs.push_back(account->key.org);
    query.meters.push_back(account->key.meter);
    subscriptions.push_back(account->key.subscription);
  }
  make_distinct(query.orgs);
  make_distinct(query.meters);
  make_distinct(subscriptions);
  // Where the three lists allow for other accounts too, the wanted ones are named.
  if (query.orgs.size() * query.meters.size() * subscriptions.size() != accounts.size()) {
    for (const Account* account : accounts) query.accounts.push_back(account->key);
  }
  query.only.push_back({.dimension = Dimension::subscription, .codes = std::move(subscriptions)});
  return query;
}

Result<std::vector<TimeCount>> count_steps(const BilledWork& work, SumQuery query, std::int64_t step_us) {
  query.by_org = query.by_meter = query.by_day = query.with_quantity = false;
  query.group_by.clear();
  query.step_us = step_us;
  std::vector<TimeCount> counts;
  auto read = work.warehouse.sum(
      query, [&](const SumRow& row) { counts.push_back({.start = row.step_start, .records = row.records}); });
  if (!read) return fail(std::move(read));
  std::ranges::sort(counts, {}, &TimeCount::start);
  return counts;
}

std::vector<Period> cut_time(const std::vector<TimeCount>& counts, Period period, std::uint64_t records_max) {
  std::vector<Period> pieces;
  Instant start = period.from;
  std::uint64_t records = 0;
  for (const TimeCount& count : counts) {
    if (records > 0 && records + count.records > records_max) {
      pieces.push_back({.from = start, .to = count.start});
      start = count.start;
      records = 0;
    }
    records += count.records;
  }
  pieces.push_back({.from = start, .to = period.to});
  return pieces;
}

Result<BilledPlan> plan_billed(const BilledWork& work) {
  BilledPlan plan;
  auto accounts = find_accounts(work, plan.items);
  if (!accounts) return fail(std::move(accounts));
  plan.accounts = std::move(*accounts);
  put_in_order(work, plan.accounts);
  if (auto packed = Packer(work, plan).pack(); !packed) return fail(std::move(packed));
  return plan;
}

}  // namespace meterport::queries
