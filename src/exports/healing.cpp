// Gaps that are filled in: when, by whom, and how that ends.
#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "exports/service.h"

namespace meterport::exports {
namespace {

constexpr std::int64_t pause_first_s = 5;
constexpr std::int64_t pause_longest_s = 300;
constexpr std::size_t rows_per_tick = 200;
/// A download may be about to open what was just replaced.
constexpr std::chrono::seconds replaced_for{3};

std::int64_t pause_after(int tries) {
  std::int64_t pause_s = pause_first_s;
  for (int n = 0; n < tries && pause_s < pause_longest_s; ++n) pause_s *= 2;
  return std::min(pause_s, pause_longest_s);
}

}  // namespace

/// Regions that stay away must not keep all runners from jobs that can be run, nor one that is slow the others' usage
/// from what waits for it.
bool Service::may_fill() const {
  if (!options_.heals) return false;
  const std::lock_guard lock(mutex_);
  std::size_t fillings = 0, places = 0;
  for (const auto& [id, run] : running_) {
    if (run->work != Work::filling) continue;
    ++fillings;
    if (run->watch.has_place) ++places;
  }
  return places < std::max(options_.runners / 2, 1U) &&
         fillings < std::size_t{threads_per_place} / 2 * options_.runners;
}

void Service::set_healing(StoredJob& stored) const {
  Job& job = stored.job;
  stored.heal_next.reset();
  stored.heal_tries = 0;
  job.heals_until.reset();
  if (job.state != JobState::partial_success || job.gaps.empty() || !options_.heals) return;
  const Instant until = stored.heals_from_creation ? job.created.plus_seconds(options_.heal_time_s) : *job.expires;
  if (until <= job.updated) return;
  job.heals_until = until;
  stored.heal_next = job.updated.plus_seconds(pause_first_s);
}

void Service::fill_one(StoredJob stored, const std::string& tag, Running& running) {
  const StoredJob before = stored;
  Result<bool> filled;
  try {
    filled = JobRun(run_context_, stored, tag, running.watch).fill();
  } catch (const std::exception& error) {
    filled = fail(ErrorKind::internal, "The export could not be filled in: internal error.", error.what());
  }
  const bool is_new = filled && *filled;
  bool are_notices_queued = false;
  if (is_new) {
    Job& job = stored.job;
    stored.job.progress = running.watch.progress();
    job.finished = job.updated = parts_.clock.now();
    const std::int64_t retention_s = stored.retention_s > 0 ? stored.retention_s : options_.retention_s;
    job.expires = job.updated.plus_seconds(retention_s);
    set_healing(stored);
    are_notices_queued = store_end(stored, Work::filling);
  } else {
    const bool is_trouble = !filled && !running.watch.is_interrupted();
    if (is_trouble) {
      log::warning("an export was not filled in",
                   {{"job", before.job.id}, {"text", filled.error().text}, {"detail", filled.error().detail}});
    }
    put_off(before, running);
  }
  leave(before.job.id, running, false);
  if (!is_new || !is_final(stored.job.state)) return;
  tell_end(stored, are_notices_queued);
  remove_soon(before.job.artifact_path);
  remove_soon(before.job.manifest_path);
  if (!stored.heal_next) remove_parts(stored.job.id);
}

void Service::put_off(const StoredJob& stored, const Running& running) {
  const Instant now = parts_.clock.now();
  const bool is_left_over = running.watch.must_stop;
  const int tries = is_left_over ? stored.heal_tries : stored.heal_tries + 1;
  const Instant next = is_left_over ? now : now.plus_seconds(pause_after(tries));
  const Status done = store_.put_off(stored, running.runner, next, tries);
  if (!done) {
    log::warning("an export job keeps its lease", {{"job", stored.job.id}, {"detail", done.error().detail}});
  }
}

void Service::region_is_back(const std::string& region) {
  const auto due = store_.heal_at(region, parts_.clock.now());
  if (!due) {
    log::warning("exports are not filled in at once", {{"region", region}, {"detail", due.error().detail}});
  } else if (*due > 0) {
    log::info("exports can be filled in", {{"region", region}, {"jobs", std::uint64_t{*due}}});
    wake_runners();
  }
}

/// Jobs whose time for it is over (or all, where nothing is filled in any more): their gaps stay. A mail may have
/// waited for that; the callback was sent with the end.
void Service::end_healing() {
  {
    const std::lock_guard lock(mutex_);
    if (!is_started_) return;  // dialects may not have said their texts yet
  }
  const Instant now = parts_.clock.now();
  const auto over = store_.healing_over(now, !options_.heals, rows_per_tick);
  if (!over) return;
  for (const StoredJob& stored : *over) {
    Job job = stored.job;
    job.heals_until.reset();
    Notices notices = notices_of(job);
    notices.callback.clear();
    const Status ended =
        store_.end_healing(job.id, now, [&](soci::session& session) { return queue_notices(session, job, notices); });
    if (ended) {
      parts_.outbox.wake();
      remove_parts(job.id);
    } else if (ended.error().kind != ErrorKind::conflict) {
      log::warning("an export is still to be filled in", {{"job", job.id}, {"detail", ended.error().detail}});
    }
  }
}

/// Parts of regions that the job no longer needs.
void Service::remove_parts(const std::string& id) {
  const auto names = parts_.files.list(options_.folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (name.starts_with(id + ".part-")) remove_file(options_.folder + "/" + name);
  }
}

void Service::remove_soon(std::string path) {
  if (path.empty()) return;
  const std::lock_guard lock(mutex_);
  replaced_.emplace_back(std::chrono::steady_clock::now() + replaced_for, std::move(path));
}

void Service::remove_replaced() {
  std::vector<std::string> due;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [when, path] : replaced_) {
      if (when <= now) due.push_back(path);
    }
    std::erase_if(replaced_, [&](const auto& one) { return one.first <= now; });
  }
  for (const std::string& path : due) remove_file(path);
}

}  // namespace meterport::exports
