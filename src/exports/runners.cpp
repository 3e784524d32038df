// Runner threads: lease a job, run it (or fill in its gaps, healing.cpp), store its end.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/log.h"
#include "exports/service.h"

namespace meterport::exports {
namespace {

constexpr std::chrono::seconds look_again{1};
constexpr std::chrono::milliseconds store_pause{200};
constexpr int store_attempts = 25;
constexpr std::chrono::milliseconds place_look{50};

std::set<std::string, std::less<>> keys_of(const auto& map) {
  std::set<std::string, std::less<>> keys;
  for (const auto& [key, value] : map) keys.insert(key);
  return keys;
}

}  // namespace

void Service::start() {
  const std::lock_guard lock(mutex_);
  if (is_started_ || is_stopping_) return;
  is_started_ = true;
  for (unsigned n = 0; n < threads_per_place * options_.runners; ++n) runners_.emplace_back([this, n] { run_loop(n); });
}

void Service::stop(std::int64_t wait_ms_max) {
  const std::lock_guard stopping(stop_mutex_);
  std::vector<std::thread> runners;
  {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    wake_.notify_all();
    wake_.wait_for(lock, std::chrono::milliseconds(wait_ms_max), [this] { return running_.empty(); });
    for (auto& [id, running] : running_) running->watch.must_stop = true;
    runners = std::exchange(runners_, {});
  }
  for (std::thread& runner : runners) runner.join();
  {
    const std::lock_guard lock(mutex_);
    is_upkeep_over_ = true;
    wake_.notify_all();
  }
  if (upkeep_.joinable()) upkeep_.join();
  answer(waiters_.close());
}

void Service::wake_runners() {
  const std::lock_guard lock(mutex_);
  ++work_;
  wake_.notify_all();
}

bool Service::has_idle_runner() const {
  const std::lock_guard lock(mutex_);
  return is_started_ && !is_stopping_ && places_taken() < options_.runners &&
         running_.size() < std::size_t{threads_per_place} * options_.runners;
}

std::size_t Service::places_taken() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(running_, [](const auto& run) { return run.second->watch.has_place.load(); }));
}

void Service::give(RunWatch& watch) {
  const std::lock_guard lock(mutex_);
  watch.has_place = false;
  ++work_;
  wake_.notify_all();
}

void Service::take_back(RunWatch& watch) {
  std::unique_lock lock(mutex_);
  ++coming_back_;
  while (!watch.is_interrupted() && places_taken() + (is_taking_ ? 1 : 0) >= options_.runners) {
    wake_.wait_for(lock, place_look);
  }
  --coming_back_;
  watch.has_place = true;
}

void Service::run_loop(unsigned number) {
  const std::string runner = fmt::format("{}/{}", instance_, number);
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
      seen = work_;
    }
    RunningPtr running;
    if (auto stored = take_next(runner, running)) {
      const std::string tag = fmt::format("r{}", number);
      running->work == Work::run ? run_one(std::move(*stored), tag, *running)
                                 : fill_one(std::move(*stored), tag, *running);
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, look_again, [&] { return is_stopping_ || work_ != seen; });
  }
}

std::optional<StoredJob> Service::take_next(const std::string& runner, RunningPtr& running) {
  if (space_.is_low()) return std::nullopt;
  const std::lock_guard taking(take_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || places_taken() + coming_back_ >= options_.runners) return std::nullopt;
    is_taking_ = true;
  }
  Work work = Work::run;
  auto taken = take_up(runner, work, parts_.clock.now());
  if (!taken) {
    const std::lock_guard lock(mutex_);
    is_taking_ = false;
    return std::nullopt;
  }
  running = std::make_shared<Running>();
  running->runner = runner;
  running->work = work;
  running->watch.is_cancelled = taken->is_cancel_asked && work == Work::run;
  const std::lock_guard lock(mutex_);
  is_taking_ = false;
  running->watch.must_stop = is_stopping_;  // a stop that came meanwhile has not told it
  running_[taken->job.id] = running;
  probe_.running(running_.size());
  return taken;
}

/// A job to run, if there is one; else one to fill in.
std::optional<StoredJob> Service::take_up(const std::string& runner, Work& work, Instant now) {
  std::set<std::string, std::less<>> own;
  {
    const std::lock_guard lock(mutex_);
    own = keys_of(running_);
  }
  const Instant until = now.plus_seconds(options_.lease_s);
  auto taken = store_.take(runner, now, until, own);
  if (taken && !*taken && may_fill()) {
    work = Work::filling;
    taken = store_.take_filling(runner, now, until, own);
  }
  if (taken) return std::move(*taken);
  log::warning("no export job can be taken up", {{"detail", taken.error().detail}});
  return std::nullopt;
}

void Service::run_one(StoredJob stored, const std::string& tag, Running& running) {
  const std::string id = stored.job.id;
  Status result;
  try {
    result = JobRun(run_context_, stored, tag, running.watch).run();
  } catch (const std::exception& error) {
    result = fail(ErrorKind::internal, "The export could not be made: internal error.", error.what());
  }
  const bool is_left_over = !result && running.watch.must_stop && !running.watch.is_cancelled;
  stored.job.progress = running.watch.progress();
  const bool are_notices_queued = !is_left_over && end_job(stored, result, running);
  leave(id, running, is_left_over);
  if (is_left_over || !is_final(stored.job.state)) return;
  tell_end(stored, are_notices_queued);
  if (running.watch.has_parts && !stored.heal_next) remove_parts(id);
}

/// It is nobody's any more; what is left over waits for a later runner.
void Service::leave(const std::string& id, const Running& running, bool is_left_over) {
  const std::lock_guard taking(take_mutex_);
  if (is_left_over) {
    const Status freed = store_.put_back(id, running.runner);
    if (!freed) log::warning("an export job keeps its lease", {{"job", id}, {"detail", freed.error().detail}});
  }
  const std::lock_guard lock(mutex_);
  running_.erase(id);
  probe_.running(running_.size());
  wake_.notify_all();
}

bool Service::end_job(StoredJob& stored, const Status& result, const Running& running) {
  Job& job = stored.job;
  if (!result) {
    const bool is_cancelled = running.watch.is_cancelled;
    job.state = is_cancelled ? JobState::cancelled : JobState::failed;
    job.error = is_cancelled ? cancelled_text : result.error().text;
    if (!is_cancelled) {
      log::warning("export failed",
                   {{"job", job.id}, {"text", result.error().text}, {"detail", result.error().detail}});
    }
  }
  job.finished = job.updated = parts_.clock.now();
  const std::int64_t retention_s = stored.retention_s > 0 ? stored.retention_s : options_.retention_s;
  if (result) job.expires = job.finished->plus_seconds(retention_s);
  set_healing(stored);
  return store_end(stored, Work::run);
}

/// Tries for a while: what was made is worth more than a moment's trouble of the store.
bool Service::store_end(StoredJob& stored, Work work) {
  Job& job = stored.job;
  const Notices notices = notices_of(job);
  // Callback and mail go with the end. Should the outbox not take them, the end is stored without, and they stay due.
  JobStore::QueueNotices queue;
  if (tells_of_end(job) && !notices.is_too_early) {
    queue = [&](soci::session& session) { return queue_notices(session, job, notices); };
  }
  for (int attempt = 1;; ++attempt) {
    const Status stored_end = store_.finish(stored, queue);
    if (stored_end) {
      work == Work::run ? probe_.job_ended(job) : probe_.job_filled(job);
      log::info("export ended", {{"job", job.id},
                                 {"state", to_string(job.state)},
                                 {"rows", job.rows},
                                 {"revision", std::int64_t{job.revision}}});
      return queue != nullptr;
    }
    const bool is_lost = stored_end.error().kind == ErrorKind::conflict;
    if (is_lost || attempt == store_attempts) {
      // Another runner has it, or will when the lease is over.
      log::warning("an export's end was not stored", {{"job", job.id}, {"detail", stored_end.error().detail}});
      job.state = JobState::processing;
      return false;
    }
    if (!std::exchange(queue, nullptr)) std::this_thread::sleep_for(store_pause);
  }
}

void Service::tell_end(const StoredJob& stored, bool are_notices_queued) {
  answer(waiters_.take_of(stored.job.id));
  if (are_notices_queued) {
    parts_.outbox.wake();
  } else {
    send_notices(stored);
  }
}

}  // namespace meterport::exports
