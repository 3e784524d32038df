#include "exports/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "exports/csv_rows.h"

namespace meterport::exports {
namespace {

bool may_read(const catalog::Snapshot& now, const Principal& principal, const std::string& org) {
  return now.org(org) != nullptr && now.allows(principal, Role::exporter, org);
}

/// Any role on it, or parent or sub-org of an org the principal can read.
bool may_be_named(const catalog::Snapshot& now, const Principal& principal, const Org& org) {
  if (now.may_know(principal, org.id)) return true;
  if (!org.parent.empty() && may_read(now, principal, org.parent)) return true;
  return std::ranges::any_of(now.children(org.id),
                             [&](const Org* child) { return may_read(now, principal, child->id); });
}

using queries::DaySpan;
using queries::ReportOrg;
using queries::ReportOrgs;

constexpr DaySpan every_day = {Day{std::numeric_limits<std::int32_t>::min()},
                               Day{std::numeric_limits<std::int32_t>::max()}};

DaySpan days_of(const Period& period) {
  return {day_of(period.from), day_of(period.to.plus_us(-1)).plus(1)};
}

ReportOrgs named_orgs(const catalog::Snapshot& catalogue, const ExportSpec& spec) {
  ReportOrgs orgs;
  for (const std::string& id : spec.billed.orgs) {
    const Org* org = catalogue.org(id);
    if (org == nullptr) return {};
    if (std::ranges::find(orgs, org, &ReportOrg::org) == orgs.end()) orgs.push_back({org, {days_of(spec.period)}});
  }
  return orgs;
}

/// Stretches of the days over which all that is above the org stays.
std::vector<DaySpan> stretches(const catalog::Snapshot& catalogue, const std::string& org, DaySpan days) {
  std::vector<DaySpan> out;
  for (const Day change : catalogue.tree_changes_above(org)) {
    if (change <= days.first || change >= days.end) continue;
    out.push_back({days.first, change});
    days.first = change;
  }
  out.push_back(days);
  return out;
}

/// Who is at the top of an org's tree, and when.
struct TopSpan {
  DaySpan days;
  const Org* top = nullptr;
};

std::vector<TopSpan> tops_of(const catalog::Snapshot& catalogue, const std::string& org, DaySpan days) {
  std::vector<TopSpan> tops;
  for (const DaySpan& stretch : stretches(catalogue, org, days)) {
    const Org* const top = catalogue.top_on(org, stretch.first);
    const bool goes_on = !tops.empty() && tops.back().top == top;
    goes_on ? void(tops.back().days.end = stretch.end) : tops.push_back({stretch, top});
  }
  return tops;
}

/// The days on which both have the same top; both cover the same days.
std::vector<DaySpan> common_days(const std::vector<TopSpan>& a, const std::vector<TopSpan>& b) {
  std::vector<DaySpan> common;
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    const DaySpan both = {std::max(left->days.first, right->days.first), std::min(left->days.end, right->days.end)};
    if (left->top == right->top) {
      const bool goes_on = !common.empty() && common.back().end == both.first;
      goes_on ? void(common.back().end = both.end) : common.push_back(both);
    }
    const bool left_ends = left->days.end == both.end, right_ends = right->days.end == both.end;
    if (left_ends) ++left;
    if (right_ends) ++right;
  }
  return common;
}

/// Every org that is linked with that one (itself too) on some of the days, by id.
ReportOrgs linked_orgs(const catalog::Snapshot& catalogue, const std::string& org, DaySpan days) {
  const auto tops = tops_of(catalogue, org, days);
  ReportOrgs linked;
  for (const Org* one : catalogue.orgs()) {
    auto common = common_days(tops, tops_of(catalogue, one->id, days));
    if (!common.empty()) linked.push_back({one, std::move(common)});
  }
  return linked;
}

/// Of the days on which the org is linked those on which no tree gives the right to it: neither that of today nor that
/// of the day.
std::vector<DaySpan> unreadable_days(const catalog::Snapshot& now, const Principal& principal,
                                     const ReportOrg& linked) {
  std::vector<DaySpan> days;
  if (may_read(now, principal, linked.org->id)) return days;
  for (const DaySpan& span : linked.days) {
    for (const DaySpan& stretch : stretches(now, linked.org->id, span)) {
      if (!now.allows_on(principal, Role::exporter, linked.org->id, stretch.first)) days.push_back(stretch);
    }
  }
  return days;
}

bool is_of_project(const ExportSpec& spec, const std::string& project) {
  return project.empty() || (spec.kind == ExportKind::billed_usage && spec.billed.project == project);
}

std::unexpected<Error> may_not_export(const std::string& org) {
  return fail(ErrorKind::forbidden,
              fmt::format("You may not export the usage of the organization \"{}\", or there is none.", org), {},
              "org");
}

std::string text_of(const std::vector<std::string>& named, std::size_t missing, std::size_t linked) {
  std::string text =
      fmt::format("{} of {} linked organizations are missing because they are not readable", missing, linked);
  if (named.empty()) return text + '.';
  text += fmt::format(": {}", fmt::join(named, ", "));
  if (missing > named.size()) text += fmt::format(" and {} more", missing - named.size());
  return text + '.';
}

}  // namespace

ReportOrgs orgs_of_export(const catalog::Snapshot& catalogue, const ExportSpec& spec,
                          const std::vector<std::string>& missing) {
  const Org* requesting = catalogue.org(spec.org);
  if (requesting == nullptr) return {};
  if (spec.kind == ExportKind::billed_usage && !spec.billed.orgs.empty()) return named_orgs(catalogue, spec);
  ReportOrgs orgs = {{requesting, {days_of(spec.period)}}};
  if (!spec.all_linked) return orgs;
  for (ReportOrg& linked : linked_orgs(catalogue, spec.org, days_of(spec.period))) {
    if (linked.org != requesting && !std::ranges::binary_search(missing, linked.org->id)) {
      orgs.push_back(std::move(linked));
    }
  }
  std::sort(orgs.begin() + 1, orgs.end(), [](const ReportOrg& a, const ReportOrg& b) {
    return informatica_id_or_id(*a.org) < informatica_id_or_id(*b.org);
  });
  return orgs;
}

Result<MissingOrgs> judge_rights(const catalog::Snapshot& now, const catalog::Snapshot& pinned,
                                 const Principal& principal, const ExportSpec& spec, bool has_partial_rights) {
  if (!may_read(now, principal, spec.org)) return may_not_export(spec.org);
  for (const std::string& org : spec.billed.orgs) {
    if (!may_read(now, principal, org)) return may_not_export(org);
  }
  if (!is_of_project(spec, principal.project)) {
    return fail(ErrorKind::forbidden, "Your token is for one project: you may export the usage of that project only.");
  }
  MissingOrgs missing;
  if (!spec.all_linked) return missing;
  const auto linked = linked_orgs(pinned, spec.org, days_of(spec.period));
  std::vector<std::string> named;
  for (const ReportOrg& one : linked) {
    if (unreadable_days(now, principal, one).empty()) continue;
    missing.ids.push_back(one.org->id);
    if (!may_be_named(now, principal, *one.org)) continue;
    missing.named.push_back(one.org->id);
    named.push_back(informatica_id_or_id(*one.org));
  }
  if (missing.ids.empty()) return missing;
  if (!has_partial_rights) {
    return fail(ErrorKind::forbidden,
                fmt::format("{} of {} linked organizations are not readable", missing.ids.size(), linked.size()));
  }
  std::ranges::sort(missing.ids);
  std::ranges::sort(named);
  missing.text = text_of(named, missing.ids.size(), linked.size());
  return missing;
}

bool Visibility::may_see(const Job& job) {
  if (!may_read(now_, principal_, job.spec.org) || !is_of_project(job.spec, principal_.project)) return false;
  // The right to the requesting org alone must not open the usage of the others.
  if (job.user_id == principal_.id) return true;
  if (!reads_all(job.spec.billed.orgs)) return false;
  return !job.spec.all_linked || reads_all_linked(job.spec);
}

bool Visibility::reads_all_linked(const ExportSpec& spec) {
  const auto [known, is_new] = unreadable_days_.try_emplace(spec.org);
  if (is_new) {
    for (const ReportOrg& linked : linked_orgs(now_, spec.org, every_day)) {
      std::ranges::copy(unreadable_days(now_, principal_, linked), std::back_inserter(known->second));
    }
  }
  const DaySpan days = days_of(spec.period);
  return std::ranges::none_of(known->second,
                              [&](const DaySpan& span) { return span.first < days.end && days.first < span.end; });
}

bool Visibility::reads_all(const std::vector<std::string>& orgs) const {
  return std::ranges::all_of(orgs, [this](const std::string& org) { return may_read(now_, principal_, org); });
}

std::optional<std::vector<std::string>> Visibility::orgs() const {
  std::vector<std::string> readable;
  const auto all = now_.orgs();
  for (const Org* org : all) {
    if (may_read(now_, principal_, org->id)) readable.push_back(org->id);
  }
  if (readable.size() == all.size()) return std::nullopt;
  return readable;
}

}  // namespace meterport::exports
