#include "exports/job_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ids.h"
#include "exports/job_row.h"

namespace meterport::exports {
namespace {

constexpr const char* is_active = "state IN ('CREATED', 'PROCESSING')";
/// It may be leased: it is active, or its gaps are filled in.
constexpr const char* is_workable = "state IN ('CREATED', 'PROCESSING', 'PARTIAL_SUCCESS')";

std::unexpected<Error> unknown_job() {
  return fail(ErrorKind::not_found, "There is no such export job.");
}

std::vector<StoredJob> select(soci::session& session, const std::string& tail) {
  std::vector<StoredJob> jobs;
  const soci::rowset<StoredJob> rows = (session.prepare << "SELECT * FROM export_jobs " + tail);
  for (const StoredJob& row : rows) jobs.push_back(row);
  return jobs;
}

std::optional<StoredJob> select_one(soci::session& session, const std::string& id) {
  StoredJob row;
  session << "SELECT * FROM export_jobs WHERE id = :id", soci::use(id), soci::into(row);
  return session.got_data() ? std::optional(std::move(row)) : std::nullopt;
}

/// Executes a statement that must change one row: the job is still leased to who says so.
Status change_one(soci::statement& statement) {
  statement.execute(true);
  if (statement.get_affected_rows() == 1) return {};
  return fail(ErrorKind::conflict, "The export job is worked on by another runner.");
}

Status settle(soci::session& session, const std::string& id, const JobStore::QueueNotices& queue) {
  soci::statement statement =
      (session.prepare << "UPDATE export_jobs SET is_callback_due = 0 WHERE id = :id AND is_callback_due = 1",
       soci::use(id, "id"));
  statement.execute(true);
  return statement.get_affected_rows() == 1 ? queue(session) : Status();
}

/// As an SQL list. Ids in the catalogue are safe ids; anything else can't have jobs.
std::string quoted_list(const std::vector<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) {
    if (!is_safe_id(id)) continue;
    if (!out.empty()) out += ", ";
    out += '\'' + id + '\'';
  }
  return out;
}

}  // namespace

bool tells_of_end(const Job& job) {
  return !job.note.callback_url.empty() || !job.note.mail_to.empty();
}

Status JobStore::insert(StoredJob& job) {
  return control_.write([&](soci::session& session) -> Status {
    if (!is_final(job.job.state)) {
      long long active = 0;
      session << "SELECT COUNT(*) FROM export_jobs WHERE org = :org AND dialect = :dialect AND " << is_active,
          soci::use(job.job.spec.org), soci::use(job.job.note.dialect), soci::into(active);
      if (active >= job.active_jobs_max) {
        return fail(ErrorKind::too_many_jobs,
                    fmt::format("{} export jobs of this organization are unfinished, and no more than {} may be: wait "
                                "for one to end",
                                active, job.active_jobs_max));
      }
    }
    long long newest = 0;
    session << "SELECT COALESCE(MAX(sequence), 0) FROM export_jobs", soci::into(newest);
    job.sequence = newest + 1;
    if (job.is_numbered) {
      long long number = 0;
      session << "UPDATE export_numbers SET last = last + 1";
      session << "SELECT last FROM export_numbers", soci::into(number);
      job.job.number = static_cast<std::uint64_t>(number);
    }
    session << insert_statement(), soci::use(job);
    return {};
  });
}

Result<StoredJob> JobStore::get(std::string_view id) {
  std::optional<StoredJob> found;
  const std::string key(id);
  auto done = control_.read([&](soci::session& session) -> Status {
    found = select_one(session, key);
    return {};
  });
  if (!done) return fail(std::move(done));
  if (!found) return unknown_job();
  return std::move(*found);
}

Result<std::vector<StoredJob>> JobStore::page(const std::optional<std::vector<std::string>>& orgs, std::int64_t before,
                                              std::size_t count_max) {
  std::string where = before > 0 ? fmt::format("WHERE sequence < {}", before) : std::string("WHERE sequence > 0");
  if (orgs && orgs->size() == 1 && is_safe_id(orgs->front())) {
    where += fmt::format(" AND org = '{}'", orgs->front());
  } else if (orgs) {
    // As an expression, so that the newest are found by walking back and not by sorting all jobs of these orgs.
    where += fmt::format(" AND org || '' IN ({})", quoted_list(*orgs));
  }
  std::vector<StoredJob> jobs;
  auto done = control_.read([&](soci::session& session) -> Status {
    jobs = select(session, fmt::format("{} ORDER BY sequence DESC LIMIT {}", where, count_max));
    return {};
  });
  if (!done) return fail(std::move(done));
  return jobs;
}

Result<std::optional<StoredJob>> JobStore::take(const std::string& runner, Instant now, Instant lease_until,
                                                const std::set<std::string, std::less<>>& without) {
  const std::string free =
      fmt::format("j.state IN ('CREATED', 'PROCESSING') AND (j.runner = '' OR j.lease_until_us <= {})", now.us);
  const std::string candidates = fmt::format(
      "SELECT j.id FROM export_jobs j LEFT JOIN (SELECT org, COUNT(*) AS busy FROM export_jobs WHERE {} AND runner <> "
      "'' AND lease_until_us > {} GROUP BY org) r ON r.org = j.org WHERE {} ORDER BY COALESCE(r.busy, 0), j.sequence "
      "LIMIT {}",
      is_active, now.us, free, without.size() + 1);
  const std::string change = fmt::format(
      "lease_until_us = {1}, updated_us = CASE WHEN state = 'CREATED' THEN {0} ELSE updated_us END, state = "
      "'PROCESSING'",
      now.us, lease_until.us);
  return lease_first(candidates, change, runner, without);
}

Result<std::optional<StoredJob>> JobStore::lease_first(const std::string& candidates, const std::string& change,
                                                       const std::string& runner,
                                                       const std::set<std::string, std::less<>>& without) {
  const auto pick = [&](soci::session& session) {
    std::string picked;
    const soci::rowset<std::string> ids = (session.prepare << candidates);
    for (const std::string& id : ids) {
      if (picked.empty() && !without.contains(id)) picked = id;
    }
    return picked;
  };
  std::optional<StoredJob> taken;
  bool is_any = false;  // looked up without the writer's lock first: runners ask often, and mostly there is none
  auto looked = control_.read([&](soci::session& session) -> Status {
    is_any = !pick(session).empty();
    return {};
  });
  if (!looked) return fail(std::move(looked));
  if (!is_any) return taken;
  auto done = control_.write([&](soci::session& session) -> Status {
    const std::string id = pick(session);
    if (id.empty()) return {};
    session << "UPDATE export_jobs SET " + change + ", runner = :runner WHERE id = :id", soci::use(runner, "runner"),
        soci::use(id, "id");
    taken = select_one(session, id);
    return {};
  });
  if (!done) return fail(std::move(done));
  return taken;
}

Status JobStore::renew(std::string_view id, const std::string& runner, Instant lease_until, const Progress& progress) {
  const std::string key(id);
  const std::string sql = fmt::format(
      "UPDATE export_jobs SET lease_until_us = {}, slices_done = {}, slices = {}, progress_rows = {}, progress_bytes = "
      "{} WHERE id = :id AND runner = :runner AND {}",
      lease_until.us, progress.slices_done, progress.slices, progress.rows, progress.bytes, is_active);
  return control_.write([&](soci::session& session) -> Status {
    soci::statement statement = (session.prepare << sql, soci::use(key, "id"), soci::use(runner, "runner"));
    return change_one(statement);
  });
}

Status JobStore::finish(const StoredJob& job, const QueueNotices& queue) {
  static const std::string sql = fmt::format(
      "UPDATE export_jobs SET state = :state, error = :error, updated_us = :updated_us, finished_us = :finished_us, "
      "expires_us = :expires_us, runner = '', lease_until_us = 0, slices_done = :slices_done, slices = :slices, "
      "progress_rows = :progress_rows, progress_bytes = :progress_bytes, revision = :revision, artifact_path = "
      ":artifact_path, manifest_path = :manifest_path, artifact_bytes = :artifact_bytes, artifact_rows = "
      ":artifact_rows, artifact_sha256 = :artifact_sha256, gaps_json = :gaps_json, heals_until_us = :heals_until_us, "
      "heal_next_us = :heal_next_us, heal_tries = :heal_tries, is_callback_due = :is_callback_due WHERE id = :id AND "
      "runner = :runner AND runner <> '' AND {}",
      is_workable);
  return control_.write([&](soci::session& session) -> Status {
    soci::statement statement = (session.prepare << sql, soci::use(job));
    auto changed = change_one(statement);
    return changed && queue ? settle(session, job.job.id, queue) : changed;
  });
}

Status JobStore::put_back(std::string_view id, const std::string& runner) {
  const std::string key(id);
  return control_.write([&](soci::session& session) -> Status {
    session << "UPDATE export_jobs SET runner = '', lease_until_us = 0 WHERE id = :id AND runner = :runner AND "
            << is_active,
        soci::use(key, "id"), soci::use(runner, "runner");
    return {};
  });
}

Result<StoredJob> JobStore::cancel(std::string_view id, Instant now, const std::string& text) {
  std::optional<StoredJob> found;
  const std::string key(id);
  auto done = control_.write([&](soci::session& session) -> Status {
    found = select_one(session, key);
    if (!found) return unknown_job();
    if (is_final(found->job.state)) {
      return fail(ErrorKind::conflict, fmt::format("The export job has ended: it is {}.", to_string(found->job.state)));
    }
    const bool is_worked_on = !found->runner.empty() && found->lease_until > now;
    if (is_worked_on) {
      session << "UPDATE export_jobs SET is_cancel_asked = 1 WHERE id = :id", soci::use(key, "id");
    } else {
      const int is_notice_due = tells_of_end(found->job) ? 1 : 0;
      session << fmt::format(
          "UPDATE export_jobs SET state = 'CANCELLED', is_cancel_asked = 1, error = :text, updated_us = {0}, "
          "finished_us = {0}, runner = '', lease_until_us = 0, is_callback_due = {1} WHERE id = :id",
          now.us, is_notice_due),
          soci::use(text, "text"), soci::use(key, "id");
    }
    found = select_one(session, key);
    return {};
  });
  if (!done) return fail(std::move(done));
  return std::move(*found);
}

Result<std::size_t> JobStore::free_leases() {
  long long leased = 0;
  auto done = control_.write([&](soci::session& session) -> Status {
    session << "SELECT COUNT(*) FROM export_jobs WHERE runner <> '' AND " << is_workable, soci::into(leased);
    session << "UPDATE export_jobs SET runner = '', lease_until_us = 0 WHERE runner <> '' AND " << is_workable;
    return {};
  });
  if (!done) return fail(std::move(done));
  return static_cast<std::size_t>(leased);
}

namespace {

Result<std::vector<StoredJob>> select_where(control::Store& control, const std::string& tail) {
  std::vector<StoredJob> jobs;
  auto done = control.read([&](soci::session& session) -> Status {
    jobs = select(session, tail);
    return {};
  });
  if (!done) return fail(std::move(done));
  return jobs;
}

Status change_by_id(control::Store& control, const char* change, std::string_view id) {
  const std::string key(id);
  return control.write([&](soci::session& session) -> Status {
    session << change << " WHERE id = :id", soci::use(key, "id");
    return {};
  });
}

}  // namespace

Result<std::vector<StoredJob>> JobStore::notices_due(std::size_t count_max) {
  return select_where(control_, fmt::format("WHERE is_callback_due = 1 ORDER BY sequence LIMIT {}", count_max));
}

Status JobStore::settle_notices(std::string_view id, const QueueNotices& queue) {
  const std::string key(id);
  return control_.write([&](soci::session& session) { return settle(session, key, queue); });
}

Result<std::vector<StoredJob>> JobStore::expired_artifacts(Instant now, std::size_t count_max) {
  return select_where(
      control_,
      // Not while it is filled in: what comes out of that is kept anew.
      fmt::format("WHERE artifact_path <> '' AND expires_us > 0 AND expires_us <= {0} AND (runner = '' OR "
                  "lease_until_us <= {0}) LIMIT {1}",
                  now.us, count_max));
}

Status JobStore::forget_artifact(std::string_view id) {
  return change_by_id(control_, "UPDATE export_jobs SET artifact_path = ''", id);
}

Result<std::vector<StoredJob>> JobStore::ended_before(Instant instant, std::size_t count_max) {
  return select_where(control_, fmt::format("WHERE finished_us > 0 AND finished_us <= {} AND retention_s = 0 LIMIT {}",
                                            instant.us, count_max));
}

Status JobStore::remove(std::string_view id, const std::function<Status(soci::session&)>& forget) {
  const std::string key(id);
  return control_.write([&](soci::session& session) -> Status {
    session << "DELETE FROM export_jobs WHERE id = :id", soci::use(key, "id");
    return forget(session);
  });
}

Result<std::uint64_t> JobStore::waiting() {
  long long count = 0;
  auto done = control_.read([&](soci::session& session) -> Status {
    session << "SELECT COUNT(*) FROM export_jobs WHERE runner = '' AND " << is_active, soci::into(count);
    return {};
  });
  if (!done) return fail(std::move(done));
  return static_cast<std::uint64_t>(count);
}

}  // namespace meterport::exports
