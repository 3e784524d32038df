// Private to catalog: from a catalogue file to the records to write. Nothing is stored here.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/rules.h"
#include "ledger/record.h"

namespace meterport::catalog {

/// The new state of one object.
struct ObjectChange {
  ledger::RecordKind record_kind = ledger::RecordKind::catalogue_change;
  std::string kind;  ///< "org", "meter", "subscription", "region"
  std::string owner, id, body;
};

/// The ledger payload of a change.
std::string payload_of(const ObjectChange& change);
struct RecordedObject {
  ObjectChange change;
  std::uint64_t position = 0;
  Instant recorded_at;
};

/// Puts an object, as it was recorded, into the state. `internal` when this version cannot read it.
Status put_recorded(State& state, const std::string& kind, std::string_view body, std::uint64_t position);

struct Plan {
  State after;  ///< its position is still that of before
  std::vector<ObjectChange> changes;
  ChangeSummary summary;
};

struct PlanContext {
  const State& before;
  const Snapshot& now;
  const Principal& principal;
  Random& random;
  Day today;
  const UsageProbe& has_usage;
  std::string_view own_region;
  /// Whose tenants may be changed: the own region's; of a feed, those of the region that gave it.
  std::string_view home;
};

/// Checks form, rights, rules and homes, in this order.
Result<Plan> plan_change(const PlanContext& context, const CatalogueFile& file);

/// Checks that the principal may make these changes; `places` and `after` are those of the file.
Status authorize(const PlanContext& context, const State& after, const Places& places);

/// conflict, with the pointer of the object, for a change of a tenant whose home is another region than context.home.
/// The server itself may make such tenants where that is its own. The trees of both states are sound.
Status check_homes(const PlanContext& context, const State& after, const std::vector<ObjectChange>& changes,
                   const Places& places);

}  // namespace meterport::catalog
