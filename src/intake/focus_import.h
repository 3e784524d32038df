// FOCUS import (crosswalk 5): makes the orgs and meters a file names, then hands its rows to intake.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/settings.h"
#include "intake/intake.h"

namespace meterport::intake {

struct RejectedRow {
  std::size_t line = 0;
  std::string id, charge_category, billed_cost, currency;
  RecordError error;
  std::string row;  ///< the row's bytes as they came, for the file that can be mended
};

struct ImportReport {
  std::uint64_t rows = 0, stored = 0, duplicates = 0, conflicts = 0, rejected = 0;
  std::uint64_t orgs_made = 0, meters_made = 0;
  ledger::Position last_position = 0;
  std::vector<RejectedRow> rejected_rows;
  std::map<std::string, std::string> rejected_billed_cost;  ///< currency -> exact sum
  std::vector<std::string> notices;
  std::string header;  ///< of the file, for the rejects file
};

/// rows done, rows in all.
using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

/// `into`: id of the production org; empty: the only one (invalid otherwise, naming them).
Result<ImportReport> import_focus(Intake& intake, catalog::Catalog& catalog, const Principal& principal,
                                  const Settings& settings, std::string bytes, const std::string& into,
                                  const Progress& progress);
/// Usage records as NDJSON, in batches.
Result<ImportReport> import_ndjson(Intake& intake, const Principal& principal, const Settings& settings,
                                   std::string bytes, const Progress& progress);

}  // namespace meterport::intake
