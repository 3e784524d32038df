// Private to exports: what the service is made from.
#pragma once

#include <cstdint>
#include <string>

#include "exports/region_parts.h"

namespace meterport::exports {

struct ServiceParts {
  control::Store& control;
  queries::Queries& queries;
  catalog::Catalog& catalog;
  delivery::Outbox& outbox;
  FileSystem& files;
  Clock& clock;
  Random& random;
  metrics::Registry& metrics;
};

struct ServiceOptions {
  std::string folder;
  unsigned runners = 2;  ///< places of jobs that run; as many again, threefold, may wait for other regions
  std::int64_t lease_s = 60;
  std::int64_t retention_s = 0;
  std::int64_t jobs_retention_s = 0;
  std::uint64_t reserve_bytes = 0;  ///< of the ledger, kept free on the volume of the folder as well
  unsigned reserve_percent = 0;     ///< the smaller of both holds
  bool heals = true;                ///< gaps are filled in
  std::int64_t heal_time_s = 0;     ///< of jobs that heal from their creation
  RegionTimes region_times{};
};

/// From the settings.
ServiceOptions options_of(const Settings& settings, std::string folder);

}  // namespace meterport::exports
