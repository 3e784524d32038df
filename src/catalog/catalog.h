// The catalogue: orgs, meters, rates, subscriptions as projections of ledger records, with history.
//
// Every change is checked whole against the current picture, written as one ledger batch of catalogue_change and
// org_change records, made durable, projected into the control store and then published. After a crash between ledger and
// projection, open() replays what is missing. Readers take current() and never wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/snapshot.h"
#include "control/store.h"
#include "ledger/log.h"
#include "model/principal.h"

namespace meterport::catalog {

/// The catalogue file's objects (crosswalk 2.2), parsed and checked for form. users_json is the text of its
/// `users` array for identity; other blocks are kept as JSON for their dialects.
struct CatalogueFile {
  std::vector<Org> orgs;
  std::vector<Meter> meters;
  std::vector<std::string> subscriptions_json;  ///< one object each
  std::vector<std::string> regions_json;
  std::string users_json;  ///< "[]" if none
};

/// `invalid` with the JSON pointer in Error::field and the rule in its text; `malformed` if it is no JSON.
Result<CatalogueFile> parse_catalogue(std::string_view json);

struct ChangeSummary {
  std::uint64_t position = 0;  ///< catalogue position after the change
  std::size_t orgs = 0, meters = 0, subscriptions = 0, regions = 0;  ///< objects made or changed
  std::vector<std::string> notices;
};

class Catalog {
 public:
  static Result<std::unique_ptr<Catalog>> open(ledger::Log& log, control::Store& control, Clock& clock,
                                               Random& random);
  virtual ~Catalog() = default;

  [[nodiscard]] virtual SnapshotPtr current() const = 0;
  /// The catalogue as recorded at a position; cached. not_found: beyond the current one.
  [[nodiscard]] virtual Result<SnapshotPtr> at(std::uint64_t position) = 0;

  /// Checks and applies all objects, or none. Needs admin on every org touched (a new production org: the server itself
  /// or an admin of the first tenant). Same id = update, objects not named stay. No change = no record.
  virtual Result<ChangeSummary> apply(const Principal& principal, const CatalogueFile& file) = 0;
  /// Checks only: what apply() would say.
  virtual Status check(const Principal& principal, const CatalogueFile& file) = 0;
  /// The catalogue as a file, without users: `{"regions":[...],"orgs":[...],"meters":[...],"subscriptions":[...]}`;
  /// `users_json` is put in if not empty. Objects outside the principal's scope are left out.
  [[nodiscard]] virtual Result<std::string> export_file(const Principal& principal, std::string_view users_json) = 0;
};

/// One object as in the catalogue file.
std::string org_to_json(const Org& org);
std::string meter_to_json(const Meter& meter);

}  // namespace meterport::catalog
