// Jobs of the job store whose gaps are filled in.
#include <fmt/format.h>

#include <utility>

#include "base/ids.h"
#include "exports/job_row.h"

namespace meterport::exports {
namespace {

/// Nobody works on it.
std::string is_free(Instant now) {
  return fmt::format("(runner = '' OR lease_until_us <= {})", now.us);
}

std::string is_due(Instant now) {
  return fmt::format("heal_next_us > 0 AND heal_next_us <= {0} AND heals_until_us > {0} AND state = 'PARTIAL_SUCCESS'",
                     now.us);
}

std::unexpected<Error> not_ours() {
  return fail(ErrorKind::conflict, "The export job is worked on by another runner, or no longer filled in.");
}

/// `change` holds no more than numbers; it must concern one job that the runner has.
Status change_leased(control::Store& control, std::string_view id, const std::string& runner,
                     const std::string& change) {
  const std::string key(id);
  return control.write([&](soci::session& session) -> Status {
    soci::statement statement =
        (session.prepare << fmt::format("UPDATE export_jobs SET {} WHERE id = :id AND runner = :runner AND runner <> "
                                        "'' AND state = 'PARTIAL_SUCCESS'",
                                        change),
         soci::use(key, "id"), soci::use(runner, "runner"));
    statement.execute(true);
    return statement.get_affected_rows() == 1 ? Status() : not_ours();
  });
}

}  // namespace

Result<std::optional<StoredJob>> JobStore::take_filling(const std::string& runner, Instant now, Instant lease_until,
                                                        const std::set<std::string, std::less<>>& without) {
  const std::string candidates =
      fmt::format("SELECT id FROM export_jobs WHERE {} AND {} ORDER BY heal_next_us LIMIT {}", is_due(now),
                  is_free(now), without.size() + 1);
  return lease_first(candidates, fmt::format("lease_until_us = {}", lease_until.us), runner, without);
}

Status JobStore::renew_filling(std::string_view id, const std::string& runner, Instant lease_until) {
  return change_leased(control_, id, runner, fmt::format("lease_until_us = {}", lease_until.us));
}

Status JobStore::put_off(const StoredJob& taken, const std::string& runner, Instant next, int tries) {
  const std::int64_t seen_us = taken.heal_next ? taken.heal_next->us : 0;
  return change_leased(control_, taken.job.id, runner,
                       fmt::format("runner = '', lease_until_us = 0, heal_next_us = CASE WHEN heal_next_us = {0} THEN "
                                   "{1} ELSE heal_next_us END, heal_tries = CASE WHEN heal_next_us = {0} THEN {2} ELSE "
                                   "heal_tries END",
                                   seen_us, next.us, tries));
}

Result<std::size_t> JobStore::heal_at(const std::string& region, Instant next) {
  if (!is_safe_id(region)) return std::size_t{0};
  long long changed = 0;
  auto done = control_.write([&](soci::session& session) -> Status {
    // As gaps_json() prints it. A name has no other wildcard than `_`: at worst a try too many. Another instant than
    // before in any case: who fills it in right now, and may have asked too early, sees that (put_off).
    soci::statement statement =
        (session.prepare << fmt::format("UPDATE export_jobs SET heal_next_us = CASE WHEN heal_next_us = {0} THEN {0} - "
                                        "1 ELSE {0} END, heal_tries = 0 WHERE heal_next_us > 0 AND gaps_json LIKE "
                                        "'%{{\"region\":\"{1}\",%'",
                                        next.us, region));
    statement.execute(true);
    changed = statement.get_affected_rows();
    return {};
  });
  if (!done) return fail(std::move(done));
  return static_cast<std::size_t>(changed);
}

Result<std::vector<StoredJob>> JobStore::healing_over(Instant now, bool all, std::size_t count_max) {
  std::vector<StoredJob> jobs;
  const std::string over = all ? std::string() : fmt::format("AND heals_until_us <= {}", now.us);
  auto done = control_.read([&](soci::session& session) -> Status {
    const soci::rowset<StoredJob> rows =
        (session.prepare << fmt::format("SELECT * FROM export_jobs WHERE heal_next_us > 0 {} AND {} LIMIT {}", over,
                                        is_free(now), count_max));
    for (const StoredJob& row : rows) jobs.push_back(row);
    return {};
  });
  if (!done) return fail(std::move(done));
  return jobs;
}

Status JobStore::end_healing(std::string_view id, Instant now, const QueueNotices& queue) {
  const std::string key(id);
  return control_.write([&](soci::session& session) -> Status {
    soci::statement statement =
        (session.prepare << fmt::format("UPDATE export_jobs SET heals_until_us = 0, heal_next_us = 0, runner = '', "
                                        "lease_until_us = 0 WHERE id = :id AND heal_next_us > 0 AND {}",
                                        is_free(now)),
         soci::use(key, "id"));
    statement.execute(true);
    if (statement.get_affected_rows() != 1) return not_ours();
    return queue ? queue(session) : Status();
  });
}

}  // namespace meterport::exports
