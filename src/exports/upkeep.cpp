// The upkeep thread: leases, waiters, notices, retention.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "exports/region_gaps.h"
#include "exports/service.h"

namespace meterport::exports {
namespace {

constexpr std::chrono::milliseconds tick_length{1000};
constexpr std::size_t rows_per_tick = 200;

constexpr std::string_view part_mark = ".part-";
constexpr std::string_view store_mark = ".parts.";

/// The job's id in the name of an artifact, a manifest or a region's part; empty for another name.
std::string_view job_of(std::string_view name) {
  if (const std::size_t mark = name.find(part_mark); mark != std::string_view::npos) return name.substr(0, mark);
  const bool is_artifact = name.ends_with(suffix_of(Packing::zip)) || name.ends_with(suffix_of(Packing::gzip));
  if (!is_artifact && !name.ends_with(".manifest.json")) return {};
  return name.substr(0, std::min(name.find('-'), name.size()));
}

/// Written by a process that did not come to its end. A store of parts is a database, which has more files beside it; a
/// part that was on its way has one beside the temporary one.
bool is_half(std::string_view name) {
  return name.ends_with(".tmp") || name.ends_with(".tmp.coming") || name.ends_with(".new") ||
         name.find(store_mark) != std::string_view::npos;
}

/// What stores of parts had no room for in memory: folders, which a file system does not list.
void remove_spill_folders(const std::string& folder) {
  std::vector<std::filesystem::path> left;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().find(store_mark) != std::string::npos) left.push_back(at->path());
  }
  for (const std::filesystem::path& path : left) {
    std::filesystem::remove_all(path, error);
    if (error) log::warning("a file of an export stays behind", {{"path", path.string()}, {"detail", error.message()}});
  }
}

}  // namespace

Status Service::begin() {
  if (auto made = parts_.files.make_folders(options_.folder); !made) return made;
  const auto freed = store_.free_leases();
  if (!freed) return fail(freed);
  if (*freed > 0) log::info("export jobs of an earlier process are taken up again", {{"jobs", std::uint64_t{*freed}}});
  const auto names = parts_.files.list(options_.folder);
  if (!names) return fail(names);
  for (const std::string& name : *names) {
    if (is_half(name)) remove_file(options_.folder + "/" + name);
  }
  remove_spill_folders(options_.folder);
  upkeep_ = std::thread([this] { upkeep_loop(); });
  return {};
}

void Service::upkeep_loop() {
  using Steady = std::chrono::steady_clock;
  remove_orphans();
  auto next_tick = Steady::now();
  std::unique_lock lock(mutex_);
  while (!is_upkeep_over_) {
    is_upkeep_poked_ = false;
    lock.unlock();
    if (Steady::now() >= next_tick) {
      tick();
      next_tick = Steady::now() + tick_length;
    }
    answer(waiters_.take_due(Steady::now()));
    const auto until = std::min(next_tick, waiters_.next_deadline().value_or(next_tick));
    lock.lock();
    wake_.wait_until(lock, until, [this] { return is_upkeep_over_ || is_upkeep_poked_; });
  }
}

void Service::tick() {
  renew_leases();
  send_due_notices();
  end_healing();
  remove_expired();
  remove_replaced();
  if (const auto waiting = store_.waiting()) probe_.waiting(*waiting);
}

void Service::renew_leases() {
  std::map<std::string, RunningPtr, std::less<>> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
  }
  const Instant until = parts_.clock.now().plus_seconds(options_.lease_s);
  for (const auto& [id, run] : running) {
    const Status renewed = run->work == Work::run ? store_.renew(id, run->runner, until, run->watch.progress())
                                                  : store_.renew_filling(id, run->runner, until);
    if (!renewed && renewed.error().kind != ErrorKind::conflict) {
      log::warning("a lease was not renewed", {{"job", id}, {"detail", renewed.error().detail}});
    }
  }
}

void Service::answer(std::vector<Waiter> waiters) {
  for (Waiter& waiter : waiters) waiter.done(get(waiter.principal, waiter.job_id));
}

void Service::send_due_notices() {
  {
    const std::lock_guard lock(mutex_);
    if (!is_started_) return;  // dialects may not have said their texts yet
  }
  const auto due = store_.notices_due(rows_per_tick);
  if (!due) return;
  for (const StoredJob& stored : *due) send_notices(stored);
}

Service::Notices Service::notices_of(const Job& job) {
  CallbackText callback;
  MailText mail;
  Notices notices;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = callback_texts_.find(job.note.dialect); found != callback_texts_.end()) {
      callback = found->second;
    }
    if (const auto found = mail_texts_.find(job.note.dialect); found != mail_texts_.end()) mail = found->second;
    const bool lacks_text = (!job.note.callback_url.empty() && !callback) || (!job.note.mail_to.empty() && !mail);
    notices.is_too_early = lacks_text && !is_started_;
  }
  if (notices.is_too_early) return notices;
  // As of its end: the text follows from the job alone.
  const Job told = with_outlook(job, job.updated);
  if (!job.note.callback_url.empty() && callback) notices.callback = callback(told);
  if (!job.note.mail_to.empty() && mail) notices.mail = mail(told);
  return notices;
}

Status Service::queue_notices(soci::session& session, const Job& job, const Notices& notices) {
  if (!notices.callback.empty()) {
    const char* type = notices.callback.starts_with('{') ? "application/json" : "text/plain";
    auto queued =
        parts_.outbox.enqueue_within(session, {job.id, job.spec.org, job.note.callback_url, type, notices.callback});
    if (!queued) return queued;
  }
  if (!notices.mail) return {};
  delivery::NewMail mail = *notices.mail;
  mail.job_id = job.id;
  mail.org = job.spec.org;
  mail.to = job.note.mail_to;
  return parts_.outbox.enqueue_mail_within(session, mail);
}

/// Hands callback and mail that did not go with the job's end to the outbox, together with the note that it has them:
/// those of a job that nobody ran, or that ended before dialects had said their texts. What fails here is tried again
/// with the next tick, or after a restart.
void Service::send_notices(const StoredJob& stored) {
  const Job& job = stored.job;
  if (!tells_of_end(job)) return;
  const Notices notices = notices_of(job);
  if (notices.is_too_early) return;
  const Status settled =
      store_.settle_notices(job.id, [&](soci::session& session) { return queue_notices(session, job, notices); });
  if (settled) {
    parts_.outbox.wake();
  } else {
    log::warning("a notice of an export's end is not queued yet",
                 {{"job", job.id}, {"detail", settled.error().detail}});
  }
}

void Service::remove_file(const std::string& path) {
  if (path.empty()) return;
  const Status removed = parts_.files.remove(path);
  if (!removed && removed.error().kind != ErrorKind::not_found) {
    log::warning("a file of an export stays behind", {{"path", path}, {"detail", removed.error().detail}});
  }
}

void Service::remove_expired() {
  const Instant now = parts_.clock.now();
  if (const auto expired = store_.expired_artifacts(now, rows_per_tick)) {
    for (const StoredJob& stored : *expired) {
      remove_file(stored.job.artifact_path);
      const Status noted = store_.forget_artifact(stored.job.id);
      if (!noted) log::warning("an expired export stays listed", {{"detail", noted.error().detail}});
    }
  }
  const Instant ended_until = now.plus_seconds(-options_.jobs_retention_s);
  if (const auto ended = store_.ended_before(ended_until, rows_per_tick)) {
    for (const StoredJob& stored : *ended) {
      remove_file(stored.job.artifact_path);
      remove_file(stored.job.manifest_path);
      if (!stored.job.gaps.empty()) remove_parts(stored.job.id);
      const Status removed = store_.remove(stored.job.id, [&](soci::session& session) {
        return parts_.outbox.forget_job_within(session, stored.job.id);
      });
      if (!removed) log::warning("an old export stays listed", {{"detail", removed.error().detail}});
    }
  }
}

/// Files whose job's end was never stored, and which no job will write again; parts that are no longer needed.
void Service::remove_orphans() {
  const auto names = parts_.files.list(options_.folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::string_view id = job_of(name);
    if (id.empty()) continue;
    {
      // What a runner writes meanwhile is not judged by what the job was before.
      const std::lock_guard taking(take_mutex_);
      if (is_orphan(name, id)) remove_file(options_.folder + "/" + name);
    }
    const std::lock_guard lock(mutex_);
    if (is_upkeep_over_) return;
  }
}

bool Service::is_orphan(const std::string& name, std::string_view id) {
  {
    const std::lock_guard lock(mutex_);
    if (running_.contains(id)) return false;
  }
  const auto stored = store_.get(id);
  if (!stored) return stored.error().kind == ErrorKind::not_found;
  if (!is_final(stored->job.state)) return false;
  if (name.find(part_mark) != std::string::npos) return !stored->heal_next;
  const std::string path = options_.folder + "/" + name;
  return stored->job.artifact_path != path && stored->job.manifest_path != path;
}

}  // namespace meterport::exports
