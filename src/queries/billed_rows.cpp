#include "queries/billed_rows.h"

#include <algorithm>
#include <tuple>

#include "queries/utc_windows.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;

namespace {

std::uint64_t pair_of(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 32) | low;
}

}  // namespace

std::uint32_t PrintedProjects::number_of(std::uint32_t org, Code project) {
  if (project == 0) return 0;
  const auto [place, is_new] = numbers_by_code_.try_emplace(pair_of(org, project));
  if (is_new) {
    std::string text = project_hrn(realm_of(*work_.orgs[org]), work_.words().text(Dimension::project, project));
    const auto [number, is_new_text] = numbers_.try_emplace(std::move(text), static_cast<std::uint32_t>(texts_.size()));
    if (is_new_text) texts_.push_back(number->first);
    place->second = number->second;
  }
  return place->second;
}

void PrintedProjects::rank() {
  std::vector<std::uint32_t> order(texts_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::uint32_t number) { return texts_[number]; });
  ranks_.resize(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) ranks_[order[i]] = i;
}

BilledRows::BilledRows(const BilledWork& work)
    : work_(work),
      first_window_(utc_window_number(work.spec.window, work.period.from)),
      shows_app_(work.spec.by_app || !work.spec.app.empty()),
      compact_at_(2 * work.limits.piece_records),
      apps_(work.words(), Dimension::app_id),
      tags_(work.words(), Dimension::billing_tag),
      projects_(work),
      no_tag_(work.words().find(Dimension::billing_tag, no_billing_tag)) {}

void BilledRows::add(const Account& account, Instant time, const BilledCodes& codes, const Total& quantity,
                     const Total& billable) {
  Part& part = parts_.emplace_back();
  part.account = &account;
  part.window = static_cast<std::uint32_t>(utc_window_number(work_.spec.window, time) - first_window_);
  if (shows_app_) {
    part.app_id = codes.app_id;
    part.app_name = codes.app_name;
    part.app_hrn = codes.app_hrn;
    apps_.see(codes.app_id);
  }
  if (work_.spec.by_project) part.project = projects_.number_of(account.org, codes.project);
  if (work_.spec.by_billing_tag) {
    part.billing_tag = codes.billing_tag == no_tag_ ? 0 : codes.billing_tag;
    tags_.see(part.billing_tag);
  }
  part.quantity = quantity;
  part.billable = billable;
}

template <class AppNumber, class ProjectNumber, class TagNumber>
std::vector<BilledRows::Key> BilledRows::sorted_keys(AppNumber app, ProjectNumber project, TagNumber tag) const {
  std::vector<Key> keys;
  keys.reserve(parts_.size());
  for (const Part& part : parts_) {
    keys.push_back({.group_window = pair_of(part.account->group, part.window),
                    .app_project = pair_of(app(part.app_id), project(part.project)),
                    .tag_org = pair_of(tag(part.billing_tag), part.account->org),
                    .place = static_cast<std::uint32_t>(keys.size())});
  }
  std::ranges::sort(keys, {}, [](const Key& key) { return std::tie(key.group_window, key.app_project, key.tag_org); });
  return keys;
}

Code BilledRows::first_text(Dimension dimension, Code a, Code b) const {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  return work_.words().text(dimension, a) < work_.words().text(dimension, b) ? a : b;
}

BilledRows::Part BilledRows::merged(const std::vector<Key>& keys, std::size_t first, std::size_t end) const {
  Part sum = parts_[keys[first].place];
  for (std::size_t i = first + 1; i < end; ++i) {
    const Part& part = parts_[keys[i].place];
    // The parts of a row come in no order: what is shown of them must not depend on it.
    sum.account = std::min(sum.account, part.account);
    sum.app_name = first_text(Dimension::app_name, sum.app_name, part.app_name);
    sum.app_hrn = first_text(Dimension::app_hrn, sum.app_hrn, part.app_hrn);
    sum.quantity += part.quantity;
    sum.billable += part.billable;
  }
  return sum;
}

template <class Each>
Status BilledRows::each_merged(const std::vector<Key>& keys, Each each) const {
  for (std::size_t first = 0, end = 0; first < keys.size(); first = end) {
    for (end = first + 1; end < keys.size() && keys[end].same_row(keys[first]);) ++end;
    if (auto taken = each(merged(keys, first, end)); !taken) return taken;
  }
  return {};
}

void BilledRows::compact() {
  if (parts_.size() < compact_at_) return;
  const auto as_it_is = [](std::uint32_t code) { return code; };
  const std::vector<Key> keys = sorted_keys(as_it_is, as_it_is, as_it_is);
  std::vector<Part> sums;
  (void)each_merged(keys, [&](const Part& sum) -> Status {
    sums.push_back(sum);
    return {};
  });
  parts_ = std::move(sums);
  compact_at_ = std::max<std::size_t>(compact_at_, 2 * parts_.size());
}

Status BilledRows::read(const std::function<Status(const BilledRow&)>& each) {
  apps_.rank();
  tags_.rank();
  projects_.rank();
  const std::vector<Key> keys =
      sorted_keys([&](Code code) { return shows_app_ ? apps_.rank_of(code) : 0; },
                  [&](std::uint32_t number) { return projects_.rank_of(number); },
                  [&](Code code) { return work_.spec.by_billing_tag ? tags_.rank_of(code) : 0; });
  return each_merged(keys, [&](const Part& part) -> Status {
    if (!is_wanted(part)) return {};
    return each(row_of(part));
  });
}

bool BilledRows::is_wanted(const Part& part) const {
  const bool is_billable = !part.billable.is_negative() && !part.billable.is_zero();
  switch (work_.spec.charge_type) {
    case ChargeType::all:
      return true;
    case ChargeType::billable:
      return is_billable;
    case ChargeType::non_billable:
      return !is_billable;
  }
  return true;
}

BilledRow BilledRows::row_of(const Part& part) const {
  const auto& words = work_.words();
  BilledRow row;
  row.org = work_.orgs[part.account->org];
  row.item = part.account->item;
  row.subscription = words.text(Dimension::subscription, part.account->key.subscription);
  row.charge_number = part.account->charge_number;
  if (work_.spec.window != Window::none) {
    row.start = utc_window_start(work_.spec.window, first_window_ + part.window);
  }
  row.app_id = words.text(Dimension::app_id, part.app_id);
  row.app_name = words.text(Dimension::app_name, part.app_name);
  row.app_hrn = words.text(Dimension::app_hrn, part.app_hrn);
  row.project = projects_.text(part.project);
  row.billing_tag = words.text(Dimension::billing_tag, part.billing_tag);
  row.quantity = part.quantity;
  row.billable = part.billable;
  return row;
}

}  // namespace meterport::queries
