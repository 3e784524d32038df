#include "regions/replicas.h"

#include <soci/soci.h>

namespace meterport::regions {

Result<std::map<std::string, Replica>> load_replicas(control::Store& store) {
  std::map<std::string, Replica> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    std::string region, problem;
    long long position = 0, checked = 0;
    soci::statement rows = (sql.prepare << "SELECT region, position, checked_us, problem FROM region_replicas",
                            soci::into(region), soci::into(position), soci::into(checked), soci::into(problem));
    rows.execute();
    while (rows.fetch()) {
      out[region] = {.position = static_cast<std::uint64_t>(position), .checked = Instant{checked}, .problem = problem};
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status save_replica(control::Store& store, const std::string& region, const Replica& replica) {
  return store.write([&](soci::session& sql) -> Status {
    const auto position = static_cast<long long>(replica.position);
    const long long checked = replica.checked.us;
    sql << "INSERT INTO region_replicas (region, position, checked_us, problem) VALUES (:region, :position, :checked, "
           ":problem) ON CONFLICT (region) DO UPDATE SET position = excluded.position, "
           "checked_us = excluded.checked_us, problem = excluded.problem",
        soci::use(region), soci::use(position), soci::use(checked), soci::use(replica.problem);
    return {};
  });
}

}  // namespace meterport::regions
