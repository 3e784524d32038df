#include "exports/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

std::vector<const Org*> named_orgs(const catalog::Snapshot& catalogue, const BilledUsageSpec& spec) {
  std::vector<const Org*> orgs;
  for (const std::string& id : spec.orgs) {
    const Org* org = catalogue.org(id);
    if (org == nullptr) return {};
    if (std::ranges::find(orgs, org) == orgs.end()) orgs.push_back(org);
  }
  return orgs;
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

std::vector<const Org*> orgs_of_export(const catalog::Snapshot& catalogue, const ExportSpec& spec,
                                       const std::vector<std::string>& missing) {
  const Org* requesting = catalogue.org(spec.org);
  if (requesting == nullptr) return {};
  if (spec.kind == ExportKind::billed_usage && !spec.billed.orgs.empty()) return named_orgs(catalogue, spec.billed);
  std::vector<const Org*> orgs = {requesting};
  if (!spec.all_linked) return orgs;
  for (const Org* org : catalogue.linked(spec.org)) {
    if (org->id != spec.org && !std::ranges::binary_search(missing, org->id)) orgs.push_back(org);
  }
  std::sort(orgs.begin() + 1, orgs.end(),
            [](const Org* a, const Org* b) { return informatica_id_or_id(*a) < informatica_id_or_id(*b); });
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
  const auto linked = pinned.linked(spec.org);
  std::vector<std::string> named;
  for (const Org* org : linked) {
    if (may_read(now, principal, org->id)) continue;
    missing.ids.push_back(org->id);
    if (!may_be_named(now, principal, *org)) continue;
    missing.named.push_back(org->id);
    named.push_back(informatica_id_or_id(*org));
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
  if (!job.spec.all_linked) return true;
  const auto [known, is_new] = reads_all_linked_.try_emplace(job.spec.org, false);
  if (is_new) {
    known->second = std::ranges::all_of(now_.linked(job.spec.org),
                                        [&](const Org* org) { return may_read(now_, principal_, org->id); });
  }
  return known->second;
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
