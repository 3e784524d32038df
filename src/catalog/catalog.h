// The catalogue: orgs, meters, rates, subscriptions as projections of ledger records, with history.
//
// Every change is checked whole against the current picture, written as one ledger batch of catalogue_change and
// org_change records, made durable, projected into the control store and then published. After a crash between ledger
// and projection, open() replays what is missing. Readers take current() and never wait. Thread-safe; apply() takes
// some milliseconds (two syncs).
//
// Ledger payloads: {"kind":"org"|"meter"|"subscription"|"region","object":{...}}, the object's whole new state, orgs in
// org_change records, the others in catalogue_change records. Other kinds in catalogue_change records (those of intake)
// are not the catalogue's and are passed over.
#pragma once

#include <cstdint>
#include <functional>
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
  std::vector<Subscription> subscriptions;
  std::vector<std::string> regions_json;
  std::string users_json;  ///< "[]" if none
};

/// `invalid` with the JSON pointer in Error::field and the rule in its text; `malformed` if it is no JSON.
Result<CatalogueFile> parse_catalogue(std::string_view json);

struct ChangeSummary {
  std::uint64_t position = 0;                                        ///< catalogue position after the change
  std::size_t orgs = 0, meters = 0, subscriptions = 0, regions = 0;  ///< objects made or changed
  std::vector<std::string> org_ids;  ///< of CatalogueFile::orgs, in order, with the ids made for those without
  std::vector<std::string> notices;
};

struct CatalogueFeed {
  std::uint64_t position = 0;  ///< of the last change in it
  std::string file_json;       ///< a catalogue file without users; empty: nothing new
};

/// Says whether a meter (owner, id) has usage. Unit, scalar, divisor and category of one that has cannot change.
using UsageProbe = std::function<bool(std::string_view owner, std::string_view meter)>;

class Catalog {
 public:
  /// `store_unavailable` when the control store is ahead of the ledger: the two are not of one backup.
  /// `own_region`: the setting region.name.
  static Result<std::unique_ptr<Catalog>> open(ledger::Log& log, control::Store& control, Clock& clock, Random& random,
                                               std::string own_region = std::string(default_region));
  virtual ~Catalog() = default;

  [[nodiscard]] virtual SnapshotPtr current() const = 0;
  /// The catalogue as recorded at any ledger position; cached. not_found: beyond what is durable. A position inside a
  /// change counts as before it. With today's tree.
  [[nodiscard]] virtual Result<SnapshotPtr> at(std::uint64_t position) = 0;
  /// With the tree of that day (UTC): the same for ever, whatever the clock says. For all that must be repeatable.
  [[nodiscard]] virtual Result<SnapshotPtr> at(std::uint64_t position, Day day) = 0;

  /// The region that this server is.
  [[nodiscard]] virtual const std::string& own_region() const = 0;

  /// Checks and applies all objects, or none. An object of a tenant whose home is another region is refused (conflict,
  /// naming that region) unless it is as it is, or the server itself makes the tenant (the start). An org that moves is
  /// its old and its new tenant's, on every day that the move changes. Needs admin on every org touched (a new
  /// production org: the server itself or an admin of the first tenant). Same id = update, objects not named stay. No
  /// change = no record.
  virtual Result<ChangeSummary> apply(const Principal& principal, const CatalogueFile& file) = 0;
  /// Without one (the start), no meter counts as used. The probe may be slow; it is asked only when such a field
  /// changes.
  virtual void set_usage_probe(UsageProbe probe) = 0;
  /// What another region needs of this one's catalogue: the tenants at home here of which an org is in that region on
  /// any day of their trees, whole, the names of all regions, everyone's meters. No file: nothing changed since the
  /// position `after` (0 = ever).
  ///
  /// A tenant is all orgs that are under its production org on any day, with their meters and subscriptions: the days
  /// of one that left stay in the reports of the tenant. Where the history of such an org names one of a tenant that is
  /// not given, that org and those above it are given alone, for without them the tree has holes: of that tenant no
  /// other org, no meter, rate or subscription (and no line on one) leaves this region.
  [[nodiscard]] virtual Result<CatalogueFeed> feed(std::string_view region, std::uint64_t after) = 0;
  /// Applies what the home region gave, by the same rules as apply(). Objects of tenants whose home is another region
  /// are refused, all with them (conflict). Regions are added by name alone; everyone's meters where their id, feature
  /// id, aliases and slug are free here; what is here of these stays as it is. No change = no record.
  virtual Result<ChangeSummary> apply_feed(std::string_view home, std::string_view file_json) = 0;
  /// Checks only: what apply() would say.
  virtual Status check(const Principal& principal, const CatalogueFile& file) = 0;
  /// The catalogue as a file, without users: `{"regions":[...],"orgs":[...],"meters":[...],"subscriptions":[...]}`;
  /// `users_json` is put in if not empty. Objects outside the principal's scope are left out.
  [[nodiscard]] virtual Result<std::string> export_file(const Principal& principal, std::string_view users_json) = 0;
};

/// The org with a change from a day on: merged into the history entry of that day (crosswalk 2.1 "versioned by date").
Org with_change(Org org, const OrgChange& change);

/// One object as in the catalogue file.
std::string org_to_json(const Org& org);
std::string meter_to_json(const Meter& meter);
std::string subscription_to_json(const Subscription& subscription);

}  // namespace meterport::catalog
