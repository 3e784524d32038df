// The reader of billed usage: a slice's sums and, where a meter has a billing rule, its account's usage in order of
// time.
#include "queries/billed_usage.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "queries/billed_reader.h"
#include "queries/billed_rows.h"
#include "queries/utc_windows.h"
#include "rating/billing.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::SumQuery;
using warehouse::SumRow;

namespace {

/// A slice's accounts by their codes.
class AccountIndex {
 public:
  explicit AccountIndex(const std::vector<const Account*>& accounts) : accounts_(accounts) {
    std::ranges::sort(accounts_, {}, [](const Account* account) { return account->key; });
  }
  /// Null: another's usage.
  const Account* find(const warehouse::UsageKey& key) {
    if (last_ != nullptr && last_->key == key) return last_;
    const auto found =
        std::ranges::lower_bound(accounts_, key, {}, [](const Account* account) { return account->key; });
    if (found == accounts_.end() || (*found)->key != key) return nullptr;
    return last_ = *found;
  }

 private:
  std::vector<const Account*> accounts_;
  const Account* last_ = nullptr;
};

/// A record, or an hour's sum of an account.
struct Fed {
  const Account* account = nullptr;
  Instant time;
  std::uint64_t position = 0;
  BilledCodes codes;
  Total quantity;
};

class Reader final : public BilledUsage {
 public:
  explicit Reader(const BilledWork& work)
      : work_(work),
        needs_records_(work.spec.by_app || work.spec.by_project || work.spec.by_billing_tag || !work.spec.app.empty() ||
                       !work.spec.project.empty() || !work.spec.billing_tag.empty()) {}

  Status plan() {
    auto plan = plan_billed(work_);
    if (!plan) return fail(std::move(plan));
    plan_ = std::move(*plan);
    return {};
  }

  [[nodiscard]] std::size_t slices() const override { return plan_.slices.size(); }

  void set_look(std::function<Status()> look) override { look_ = std::move(look); }

  Status read_next(const std::function<Status(const BilledRow&)>& each) override {
    if (next_ == plan_.slices.size()) return fail(ErrorKind::internal, "all rows are read", "no slice left");
    if (auto loaded = require_loaded(work_.loader, work_.snapshot); !loaded) return loaded;
    const BilledSlice& slice = plan_.slices[next_++];
    std::vector<const Account*> plain, billed;
    for (std::size_t i = slice.first; i < slice.end; ++i) {
      const Account& account = plan_.accounts[i];
      (account.billing == nullptr ? plain : billed).push_back(&account);
    }
    BilledRows rows(work_);
    if (auto read = read_plain(plain, slice.period, rows); !read) return read;
    if (auto read = read_billed(billed, slice, rows); !read) return read;
    return rows.read(each);
  }

 private:
  /// Accounts without a billing rule: the store's sums are the rows.
  Status read_plain(const std::vector<const Account*>& accounts, Period period, BilledRows& rows) {
    if (accounts.empty()) return {};
    if (work_.spec.window != Window::month) return read_plain_sums(accounts, period, rows);
    for (Instant from = period.from; from < period.to;) {
      const std::int64_t month = utc_window_number(Window::month, from);
      const Instant to = std::min(period.to, utc_window_start(Window::month, month + 1));
      if (auto wanted = look_(); !wanted) return wanted;
      if (auto read = read_plain_sums(accounts, {.from = from, .to = to}, rows); !read) return read;
      rows.compact();
      from = to;
    }
    return {};
  }

  Status read_plain_sums(const std::vector<const Account*>& accounts, Period period, BilledRows& rows) {
    SumQuery query = query_of(work_, accounts, period);
    query.group_by = work_.dims.list();
    std::ranges::copy(work_.filter.only(), std::back_inserter(query.only));
    if (work_.spec.window == Window::hour) query.step_us = Instant::us_per_hour;
    if (work_.spec.window == Window::day) query.step_us = Instant::us_per_day;
    AccountIndex index(accounts);
    return work_.warehouse.sum(query, [&](const SumRow& row) {
      const BilledCodes codes = work_.dims.from(row.dims);
      const Account* account = index.find({.org = row.org, .meter = row.meter, .subscription = codes.subscription});
      if (account == nullptr || !work_.filter.matches(account->org, codes)) return;
      rows.add(*account, query.step_us > 0 ? row.step_start : period.from, codes, row.quantity, row.quantity);
    });
  }

  /// Accounts with a billing rule: all their usage goes through it, from the month's beginning on.
  Status read_billed(const std::vector<const Account*>& accounts, const BilledSlice& slice, BilledRows& rows) {
    if (accounts.empty()) return {};
    Period fed = slice.period;
    if (!slice.continues) {
      fed.from = rating::billing_start(slice.period.from);
      billers_.clear();
      for (const Account* account : accounts) billers_.emplace_back(*account->billing);
    }
    return read_pieces(accounts, fed, Instant::us_per_hour, slice.period.from, rows);
  }

  /// In order of time. Of one step no more is in memory than it must: hours with many records are cut finer.
  Status read_pieces(const std::vector<const Account*>& accounts, Period fed, std::int64_t step_us, Instant shown_from,
                     BilledRows& rows) {
    constexpr std::int64_t finer = 1'000;
    const auto counts = count_steps(work_, query_of(work_, accounts, fed), step_us);
    if (!counts) return fail(counts);
    auto count = counts->begin();
    for (const Period& piece : cut_time(*counts, fed, work_.limits.piece_records)) {
      if (auto wanted = look_(); !wanted) return wanted;
      std::uint64_t records = 0;
      for (; count != counts->end() && count->start < piece.to; ++count) records += count->records;
      const bool is_cut = needs_records_ && records > work_.limits.piece_records && step_us >= finer;
      auto read = is_cut ? read_pieces(accounts, piece, step_us / finer, shown_from, rows)
                         : read_piece(accounts, piece, shown_from, rows);
      if (!read) return read;
    }
    return {};
  }

  Status read_piece(const std::vector<const Account*>& accounts, Period piece, Instant shown_from, BilledRows& rows) {
    auto usage = needs_records_ ? read_records(accounts, piece) : read_hours(accounts, piece);
    if (!usage) return fail(std::move(usage));
    feed(*usage, accounts, shown_from, rows);
    rows.compact();
    return {};
  }

  Result<std::vector<Fed>> read_hours(const std::vector<const Account*>& accounts, Period piece) {
    SumQuery query = query_of(work_, accounts, piece);
    query.group_by = {Dimension::subscription};
    query.step_us = Instant::us_per_hour;
    std::vector<Fed> usage;
    AccountIndex index(accounts);
    auto read = work_.warehouse.sum(query, [&](const SumRow& row) {
      const Account* account = index.find({.org = row.org, .meter = row.meter, .subscription = row.dims[0]});
      if (account != nullptr) {
        usage.push_back({.account = account, .time = row.step_start, .codes = {}, .quantity = row.quantity});
      }
    });
    if (!read) return fail(std::move(read));
    return usage;
  }

  Result<std::vector<Fed>> read_records(const std::vector<const Account*>& accounts, Period piece) {
    SumQuery same = query_of(work_, accounts, piece);
    const warehouse::ScanQuery query{.as_of_position = same.as_of_position,
                                     .orgs = std::move(same.orgs),
                                     .meters = std::move(same.meters),
                                     .from = piece.from,
                                     .to = piece.to,
                                     .dims = work_.dims.list(),
                                     .only = std::move(same.only),
                                     .accounts = std::move(same.accounts)};
    std::vector<Fed> usage;
    AccountIndex index(accounts);
    auto read = work_.warehouse.scan(query, [&](const warehouse::FactRow& row) {
      const BilledCodes codes = work_.dims.from(row.dims);
      const Account* account = index.find({.org = row.org, .meter = row.meter, .subscription = codes.subscription});
      if (account == nullptr) return;
      usage.push_back({.account = account,
                       .time = row.time,
                       .position = row.position,
                       .codes = codes,
                       .quantity = Total(row.quantity)});
    });
    if (!read) return fail(std::move(read));
    return usage;
  }

  /// In order of time, then position; shows what lies at or after `shown_from`.
  void feed(std::vector<Fed>& usage, const std::vector<const Account*>& accounts, Instant shown_from,
            BilledRows& rows) {
    std::vector<std::uint32_t> order(usage.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {},
                      [&](std::uint32_t i) { return std::tie(usage[i].account, usage[i].time, usage[i].position); });
    // Accounts ascend in memory as they do in the list.
    std::size_t at = 0;
    for (const std::uint32_t i : order) {
      const Fed& part = usage[i];
      while (accounts[at] != part.account) ++at;
      const Total billable = billers_[at].add(part.time, part.quantity);
      if (part.time < shown_from || !work_.filter.matches(part.account->org, part.codes)) continue;
      rows.add(*part.account, part.time, part.codes, part.quantity, billable);
    }
  }

  const BilledWork work_;
  const bool needs_records_;  ///< what is billable of a part of an account's usage depends on their order
  BilledPlan plan_;
  std::size_t next_ = 0;
  std::function<Status()> look_ = [] { return Status(); };
  std::vector<rating::Biller> billers_;  ///< of the slice's accounts with a billing rule, in order
};

/// By realm, then id; none twice.
std::vector<const Org*> in_row_order(std::vector<const Org*> orgs) {
  std::ranges::sort(orgs, {}, [](const Org* org) { return std::pair(realm_of(*org), std::string_view(org->id)); });
  orgs.erase(std::ranges::unique(orgs).begin(), orgs.end());
  return orgs;
}

}  // namespace

Result<std::unique_ptr<BilledUsage>> open_billed_usage(warehouse::Warehouse& warehouse, const loading::Loader& loader,
                                                       const BilledRequest& request, const BilledLimits& limits) {
  if (auto loaded = require_loaded(loader, request.snapshot); !loaded) return fail(std::move(loaded));
  const auto orgs = in_row_order(request.orgs);
  auto reader = std::make_unique<Reader>(BilledWork{.warehouse = warehouse,
                                                    .loader = loader,
                                                    .snapshot = request.snapshot,
                                                    .catalogue = request.catalogue,
                                                    .orgs = orgs,
                                                    .period = request.period,
                                                    .spec = request.spec,
                                                    .limits = limits,
                                                    .dims = BilledDims(request.spec),
                                                    .filter = BilledFilter(request.spec, loader.dictionaries(), orgs),
                                                    .org_codes = OrgCodes(loader.dictionaries(), orgs)});
  if (auto planned = reader->plan(); !planned) return fail(std::move(planned));
  return std::unique_ptr<BilledUsage>(std::move(reader));
}

}  // namespace meterport::queries
