// Private to exports: which orgs an export covers and who may ask for it or see it (informatica.md 6). Pure functions
// over catalogue snapshots.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/snapshot.h"
#include "exports/job_store.h"
#include "model/export_spec.h"
#include "queries/report_orgs.h"

namespace meterport::exports {

/// The requesting org first, on every day of the period; all-linked, then the others by printed id in byte order
/// (crosswalk 1.3), each on the days on which the tree links it with the requesting org, without the missing ones. Of
/// billed usage those the spec names, each once, on every day. Empty when the catalogue does not know one of them.
queries::ReportOrgs orgs_of_export(const catalog::Snapshot& catalogue, const ExportSpec& spec,
                                   const std::vector<std::string>& missing);

/// Rights as `now` gives them, over the orgs that `pinned` links on some day of the period: an org is readable to whom
/// the tree of today, or that of each of its linked days, gives the right. forbidden: no right to the requesting org
/// (also an unknown one), to one that the spec names, or to linked ones unless `has_partial_rights`; or a principal of
/// a project asks for more than its usage. Else what is missing.
Result<MissingOrgs> judge_rights(const catalog::Snapshot& now, const catalog::Snapshot& pinned,
                                 const Principal& principal, const ExportSpec& spec, bool has_partial_rights);

/// Who may see which jobs, for one caller and one picture of the catalogue. Not thread-safe.
class Visibility {
 public:
  Visibility(const catalog::Snapshot& now, const Principal& principal) : now_(now), principal_(principal) {}
  [[nodiscard]] bool may_see(const Job& job);
  /// All of them are orgs whose usage he may export.
  [[nodiscard]] bool reads_all(const std::vector<std::string>& orgs) const;
  /// Requesting orgs whose jobs can be visible; nothing = of every org.
  [[nodiscard]] std::optional<std::vector<std::string>> orgs() const;

 private:
  const catalog::Snapshot& now_;
  const Principal& principal_;
  [[nodiscard]] bool reads_all_linked(const ExportSpec& spec);

  /// By requesting org: days on which an org that is linked with it may not be read.
  std::map<std::string, std::vector<queries::DaySpan>> unreadable_days_;
};

}  // namespace meterport::exports
