// Linked regions: other Meterport servers that own the ledgers of some orgs (DESIGN section 4). This server asks them
// for parts, answers theirs, keeps replicas of the tenants that are at home there, and knows who answers.
//
// A call is signed by the calling region's key and its answer by the answering one's (docs/formats/region-calls.md);
// keys are pinned in the catalogue's regions[]. What a region may have: parts and totals of orgs of tenants that are at
// home there, or under an org whose ledger is there, on some day of what it asks for; the catalogue of tenants at home
// here of which an org's ledger is there. Everything else answers like what does not exist.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "control/store.h"
#include "http/router.h"
#include "model/principal.h"
#include "queries/part.h"
#include "queries/queries.h"

namespace meterport::regions {

struct Parts {
  control::Store& control;
  catalog::Catalog& catalog;
  queries::Queries& queries;
  FileSystem& files;
  Clock& clock;
  Random& random;
  const Settings& settings;
  metrics::Registry& metrics;
};
struct Folders {
  std::string keys;   ///< DATA/keys: region-key
  std::string parts;  ///< DATA/parts: parts that others asked for, for a while
};

/// Of one region, as far as it is known.
struct RegionStatus {
  std::string name, url, key;  ///< of this server: its own key
  bool is_own = false;
  std::uint64_t orgs = 0;                   ///< whose ledgers are there
  bool is_reachable = false;                ///< at the last look
  std::string problem;                      ///< why not, or what is wrong with the replica; safe text
  std::optional<Instant> looked, answered;  ///< last look, last good answer
  std::int64_t clock_offset_us = 0;         ///< its clock less ours, at the last answer
  bool is_home = false;                     ///< some tenant known here is at home there
  std::uint64_t replica_position = 0;       ///< of the home's catalogue, as kept here; 0: none
  std::optional<Instant> replica_checked;   ///< when it was last known to be the newest
};

struct Reachability {
  std::string name;
  bool is_reachable = false;
};

class Regions : public queries::PartSource {
 public:
  /// Reads or makes the key.
  static Result<std::unique_ptr<Regions>> open(const Parts& parts, Folders folders);
  /// Starts looking at the others; before it, and on the command line's own services, nothing is asked by itself.
  virtual void start() = 0;
  virtual void stop() = 0;
  /// Before start(): called when a region that did not answer does again, from whichever thread finds that; must not
  /// wait for long.
  virtual void on_back(std::function<void(const std::string& region)> listener) = 0;
  /// The own region first, then by name. forbidden: neither operator nor admin.
  virtual Result<std::vector<RegionStatus>> list(const Principal& principal) = 0;
  /// Looks at all others now (or at one; not_found), replicas too.
  virtual Result<std::vector<RegionStatus>> check(const Principal& principal, std::string_view name) = 0;
  /// Without rights: for /readyz. Other regions that own orgs, by name, as of the last look.
  [[nodiscard]] virtual std::vector<Reachability> reachability() = 0;
  /// Routes under /peer/v1 that other regions call.
  virtual void add_routes(http::Router& router) = 0;
};

}  // namespace meterport::regions
