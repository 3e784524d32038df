// Replicas of catalogues that are at home in other regions: how far each is, in the control store (0130_regions.sql),
// so that it is known after a restart and on the command line. Thread-safe.
#pragma once

#include <map>
#include <string>

#include "base/instant.h"
#include "control/store.h"

namespace meterport::regions {

struct Replica {
  std::uint64_t position = 0;  ///< of the home's catalogue; 0: none
  Instant checked{};           ///< when it was last known to be the newest; 0: never
  std::string problem;         ///< why the last look did not bring it up to date; safe text
};

Result<std::map<std::string, Replica>> load_replicas(control::Store& store);
Status save_replica(control::Store& store, const std::string& region, const Replica& replica);

}  // namespace meterport::regions
