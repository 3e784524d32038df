#include "intake/focus_plan.h"

#include <fmt/format.h>

#include "base/ids.h"

namespace meterport::intake {
namespace {

using formats::FocusFile;
using formats::FocusRow;

constexpr std::string_view unit_of_null = "1";

std::string_view sku_of(const FocusRow& row) {
  return row.sku_id.empty() ? row.sku_price_id : row.sku_id;
}
std::string_view unit_of(const FocusRow& row) {
  return row.consumed_unit.empty() ? unit_of_null : row.consumed_unit;
}

/// Null, or the billing account's own id: the row belongs to the billing account.
std::string_view sub_account_of(const FocusRow& row) {
  return row.sub_account_id == row.billing_account_id ? std::string_view() : row.sub_account_id;
}

void refuse(FocusRow& row, std::string_view column, const std::string& why) {
  row.error = RecordError{RecordErrorCode::id_taken, std::string(column), fmt::format("line {}: {}", row.line, why)};
}

}  // namespace

std::string_view Votes::winner() const {
  std::string_view best;
  std::size_t most = 0;
  for (const auto& [text, count] : counts_) {  // in byte order: the first of equals stays
    if (count <= most) continue;
    best = text;
    most = count;
  }
  return best;
}

FocusPlan::FocusPlan(const catalog::Snapshot& snapshot, const Org& top, Day today)
    : snapshot_(snapshot), top_(top), today_(today) {
  for (const Meter* meter : snapshot.meters()) {
    const Org* owner_top = meter->org.empty() ? nullptr : snapshot.top_of(meter->org);
    if (meter->org.empty() || (owner_top != nullptr && owner_top->id == top.id)) meter_ids_.insert(meter->id);
  }
}

void FocusPlan::place(FocusFile& file) {
  place_orgs(file);
  place_meters(file);
}

void FocusPlan::count_accounts(const FocusFile& file) {
  const auto account_of = [this](std::string_view billing, std::string_view sub) -> Account& {
    const auto [found, is_new] = account_index_.try_emplace({billing, sub}, accounts_.size());
    if (is_new) {
      Account& account = accounts_.emplace_back();
      account.original = sub.empty() ? billing : sub;
      account.parent_original = sub.empty() ? std::string_view() : billing;
    }
    return accounts_[found->second];
  };
  for (const FocusRow& row : file.rows) {
    if (row.billing_account_id.empty()) continue;
    const std::string_view sub = sub_account_of(row);
    Account& billing = account_of(row.billing_account_id, {});
    if (!row.billing_account_name.empty()) billing.names.add(row.billing_account_name);
    billing.is_needed = billing.is_needed || !row.error;
    if (sub.empty()) continue;
    Account& own = account_of(row.billing_account_id, sub);
    if (!row.sub_account_name.empty()) own.names.add(row.sub_account_name);
    own.is_needed = own.is_needed || !row.error;
  }
}

const Org* FocusPlan::find_org(const std::string& parent_id, std::string_view original) const {
  const Org* by_id = snapshot_.org(original);
  if (by_id != nullptr && by_id->parent_on(today_) == parent_id) return by_id;
  return snapshot_.org_by_alias(parent_id, original);
}

bool FocusPlan::is_org_taken(const std::string& id) const {
  return snapshot_.org(id) != nullptr || org_ids_.contains(id);
}

void FocusPlan::place_account(Account& account, const std::string& parent_id, OrgKind kind) {
  const std::string original(account.original);
  std::string_view name = account.names.winner();
  if (const Org* existing = find_org(parent_id, original)) {
    account.placed.id = existing->id;
    if (!name.empty() && existing->name_on(today_) != name) {
      notices.push_back(fmt::format("org {} is named \"{}\"; the file says \"{}\", which changes nothing", existing->id,
                                    existing->name_on(today_), name));
    }
    return;
  }
  std::string id = safe_id_of(original);
  if (is_org_taken(id)) {
    const std::string_view parent_given =
        account.parent_original.empty() ? std::string_view(top_.id) : account.parent_original;
    id = safe_id_of(fmt::format("{}/{}", parent_given, original));
  }
  if (is_org_taken(id)) {
    account.placed.problem = fmt::format("no org can be made for {}: the id {} is taken by another", original, id);
    return;
  }
  org_ids_.insert(id);
  Org org;
  org.id = id;
  org.kind = kind;
  org.parent = parent_id;
  org.name = name.empty() ? original : std::string(name);
  if (id != original) org.aliases.push_back(original);
  new_orgs.push_back(std::move(org));
  account.placed.id = std::move(id);
}

void FocusPlan::place_orgs(FocusFile& file) {
  count_accounts(file);
  for (Account& account : accounts_) {
    if (!account.is_needed) continue;
    if (account.parent_original.empty()) {
      place_account(account, top_.id, OrgKind::additional_production);
      continue;
    }
    const Placed& parent = accounts_[account_index_.at({account.parent_original, {}})].placed;
    if (parent.problem.empty()) {
      place_account(account, parent.id, OrgKind::sub_org);
    } else {
      account.placed.problem = parent.problem;
    }
  }
  for (FocusRow& row : file.rows) {
    if (row.error) continue;
    const std::string_view sub = sub_account_of(row);
    const Placed& placed = accounts_[account_index_.at({row.billing_account_id, sub})].placed;
    if (placed.problem.empty()) {
      row.record.org = file.arena.keep(placed.id);
    } else {
      refuse(row, sub.empty() ? "BillingAccountId" : "SubAccountId", placed.problem);
    }
  }
}

const Meter* FocusPlan::find_meter(std::string_view original) const {
  if (const Meter* by_id = snapshot_.meter(top_.id, original)) return by_id;
  return snapshot_.meter_by_alias(top_.id, original);
}

Placed FocusPlan::make_meter(const Sku& sku, const std::string& original, const std::string& unit) {
  Placed placed{safe_id_of(original), {}};
  if (!meter_ids_.insert(placed.id).second) {
    placed.problem = fmt::format("no meter can be made for {}: the id {} is taken by another", original, placed.id);
    return placed;
  }
  const std::string_view name = sku.names.winner();
  Meter meter;
  meter.id = placed.id;
  meter.names.push_back({std::nullopt, std::string(name.empty() ? sku.original : name)});
  meter.unit = unit;
  meter.category = sku.categories.winner();
  meter.org = top_.id;
  meter.rates.push_back({std::nullopt, {}, Decimal(), Decimal::from_integer(1)});
  if (placed.id != original) meter.aliases.push_back(original);
  new_meters.push_back(std::move(meter));
  return placed;
}

const Placed& FocusPlan::meter_of(Sku& sku, const std::string& unit) {
  if (const auto known = sku.by_unit.find(unit); known != sku.by_unit.end()) return known->second;
  const Meter* main = find_meter(sku.original);
  if (sku.main_unit.empty()) sku.main_unit = main != nullptr ? main->unit : std::string(sku.units.winner());
  const bool is_main = unit == sku.main_unit;
  const std::string original = is_main ? std::string(sku.original) : fmt::format("{}~{}", sku.original, unit);
  const Meter* existing = is_main ? main : find_meter(original);
  Placed placed;
  if (existing == nullptr) {
    placed = make_meter(sku, original, unit);
  } else if (existing->unit == unit) {
    placed.id = existing->id;
  } else {
    placed.problem =
        fmt::format("the meter {} for {} counts another unit ({})", existing->id, original, existing->unit);
  }
  return sku.by_unit.emplace(unit, std::move(placed)).first->second;
}

void FocusPlan::place_meters(FocusFile& file) {
  std::unordered_map<std::string_view, Sku> skus;
  for (const FocusRow& row : file.rows) {
    if (row.error) continue;
    Sku& sku = skus[sku_of(row)];
    sku.original = sku_of(row);
    if (!row.service_name.empty()) sku.names.add(row.service_name);
    if (!row.service_category.empty()) sku.categories.add(row.service_category);
    sku.units.add(unit_of(row));
  }
  for (FocusRow& row : file.rows) {
    if (row.error) continue;
    const Placed& meter = meter_of(skus[sku_of(row)], std::string(unit_of(row)));
    if (meter.problem.empty()) {
      row.record.meter = file.arena.keep(meter.id);
    } else {
      refuse(row, "SkuId", meter.problem);
    }
  }
}

}  // namespace meterport::intake
