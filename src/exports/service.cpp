#include "exports/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "exports/region_gaps.h"
#include "exports/spec_check.h"

namespace meterport::exports {
namespace {

constexpr int active_jobs_max_default = 100;
constexpr std::size_t page_size_max = 1000;
constexpr unsigned deflate_threads_max = 4;

std::unexpected<Error> unknown_job() {
  return fail(ErrorKind::not_found, "There is no such export job.");
}

/// The caller's own mistake; anything else means that the job can't be planned.
bool is_callers_mistake(const Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::malformed;
}

/// It can't be planned.
void give_up(Job& job, std::string_view reason, std::string_view detail) {
  job.state = JobState::failed;
  job.is_unplannable = true;
  job.error = reason;
  log::warning("export can't be planned", {{"org", job.spec.org}, {"reason", reason}, {"detail", detail}});
}

unsigned deflate_threads(unsigned runners) {
  return std::clamp(std::thread::hardware_concurrency() / std::max(runners, 1U), 2U, deflate_threads_max);
}

Status check_meter(const catalog::Snapshot& catalogue, const ExportSpec& spec) {
  if (spec.meter.empty()) return {};
  const Day first = day_of(spec.period.from), last = day_of(spec.period.to.plus_us(-1));
  const bool is_known = std::ranges::any_of(orgs_of_export(catalogue, spec, {}), [&](const queries::ReportOrg& one) {
    return catalogue.sees_meter(one.org->id, spec.meter, first, last);
  });
  if (is_known) return {};
  return fail(ErrorKind::invalid, fmt::format("meter: there is no meter \"{}\"", spec.meter), {}, "meter");
}

/// Known now, as the rights say; but maybe not yet at the snapshot.
Status check_orgs(const catalog::Snapshot& catalogue, const ExportSpec& spec) {
  std::vector<std::string> ids = spec.billed.orgs;
  ids.push_back(spec.org);
  for (const std::string& id : ids) {
    if (catalogue.org(id) != nullptr) continue;
    return fail(ErrorKind::invalid, fmt::format("as_of: there was no organization \"{}\" yet", id), {}, "as_of");
  }
  return {};
}

}  // namespace

JobState shown_state(const Job& job, Instant now) {
  const bool had_output = job.state == JobState::success || job.state == JobState::partial_success;
  return had_output && job.expires && *job.expires <= now ? JobState::expired : job.state;
}

bool is_healing(const Job& job, Instant now) {
  return job.state == JobState::partial_success && !job.gaps.empty() && job.heals_until && *job.heals_until > now;
}

ServiceOptions options_of(const Settings& settings, std::string folder) {
  constexpr std::int64_t second_ms = 1000;
  ServiceOptions options{.folder = std::move(folder),
                         .runners = static_cast<unsigned>(settings.number("exports.runners")),
                         .lease_s = settings.number("exports.lease"),
                         .retention_s = settings.number("exports.retention"),
                         .jobs_retention_s = settings.number("exports.jobs_retention"),
                         .reserve_bytes = static_cast<std::uint64_t>(settings.number("ledger.reserve_bytes")),
                         .reserve_percent = static_cast<unsigned>(settings.number("ledger.reserve_percent")),
                         .heals = settings.flag("exports.heal"),
                         .heal_time_s = settings.number("exports.heal_time")};
  options.region_times.budget = settings.number("regions.budget") * second_ms;
  options.region_times.probe = settings.number("regions.read_budget") * second_ms;
  options.region_times.stall = settings.number("regions.stall_timeout") * second_ms;
  return options;
}

Result<std::unique_ptr<Exports>> Exports::open(control::Store& control, queries::Queries& queries,
                                               catalog::Catalog& catalog, delivery::Outbox& outbox, FileSystem& files,
                                               Clock& clock, Random& random, const Settings& settings,
                                               metrics::Registry& metrics, std::string artifacts_folder) {
  auto service =
      std::make_unique<Service>(ServiceParts{control, queries, catalog, outbox, files, clock, random, metrics},
                                options_of(settings, std::move(artifacts_folder)));
  if (auto begun = service->begin(); !begun) return fail(std::move(begun));
  return service;
}

Service::Service(const ServiceParts& parts, ServiceOptions options)
    : parts_(parts),
      options_(std::move(options)),
      run_context_{.queries = parts.queries,
                   .files = parts.files,
                   .folder = options_.folder,
                   .deflate_threads = deflate_threads(options_.runners),
                   .catalog = &parts.catalog,
                   .clock = &parts.clock,
                   .region_times = options_.region_times,
                   .places = this},
      instance_(make_id22(parts.random)),
      store_(parts.control),
      space_(parts.files, options_.folder, options_.reserve_bytes, options_.reserve_percent),
      probe_(parts.metrics) {}

Service::~Service() {
  stop(0);
}

void Service::set_callback_text(std::string dialect, CallbackText text) {
  const std::lock_guard lock(mutex_);
  callback_texts_[std::move(dialect)] = std::move(text);
}

void Service::set_mail_text(std::string dialect, MailText text) {
  const std::lock_guard lock(mutex_);
  mail_texts_[std::move(dialect)] = std::move(text);
}

Result<Job> Service::create(const Principal& principal, const ExportSpec& spec, const DialectNote& note,
                            const CreateOptions& options) {
  if (auto checked = check_spec(spec); !checked) return fail(std::move(checked));
  StoredJob stored;
  stored.job.spec = spec;
  stored.job.note = note;
  stored.active_jobs_max = options.active_jobs_max > 0 ? options.active_jobs_max : active_jobs_max_default;
  stored.has_partial_rights = options.partial_rights;
  stored.is_numbered = options.is_numbered;
  stored.retention_s = options.retention_s;
  stored.heals_from_creation = options.heals_from_creation;
  return store_new(principal, std::move(stored), std::nullopt);
}

/// Pins the job's snapshot and returns its catalogue; marks the job FAILED where that can't be done or could lead to
/// nothing. An error is the caller's own mistake.
Result<catalog::SnapshotPtr> Service::pin(Job& job, const std::optional<Snapshot>& pinned) {
  const auto unplannable = [&](std::string_view reason, std::string_view detail) { give_up(job, reason, detail); };
  catalog::SnapshotPtr catalogue = parts_.catalog.current();
  auto snapshot = pinned ? Result<Snapshot>(*pinned) : parts_.queries.pin(job.spec.as_of_position, job.spec.as_of_time);
  if (!snapshot) {
    if (is_callers_mistake(snapshot.error())) return fail(std::move(snapshot));
    unplannable("The catalogue or the ledger cannot be read.", snapshot.error().detail);
    return catalogue;
  }
  job.snapshot = *snapshot;
  auto at_snapshot = parts_.queries.catalogue(job.snapshot);
  if (!at_snapshot) {
    unplannable("The catalogue cannot be read.", at_snapshot.error().detail);
    return catalogue;
  }
  if (!parts_.files.exists(options_.folder)) unplannable("The folder for its output is missing.", options_.folder);
  return std::move(*at_snapshot);
}

/// Marks the job FAILED where the requesting org's own usage is in a region that does not answer.
void Service::look_at_region(Job& job, const catalog::Snapshot& catalogue) {
  queries::PartSource* const source = parts_.queries.part_source();
  if (source == nullptr) return;
  const std::vector<std::string>& named = job.spec.billed.orgs;
  if (!named.empty() && std::ranges::find(named, job.spec.org) == named.end()) return;  // it is not read
  const std::string region(catalogue.region_of(job.spec.org));
  if (region.empty() || region == source->own_region()) return;
  const Status answered = source->probe(region, {.timeout_ms = options_.region_times.probe});
  if (answered) return;
  give_up(job, fmt::format("Region \"{}\", which keeps its usage, does not answer.", region), answered.error().text);
}

/// Rights, snapshot, limit, row. `pinned`: the snapshot of the job it repeats.
Result<Job> Service::store_new(const Principal& principal, StoredJob stored, const std::optional<Snapshot>& pinned) {
  Job& job = stored.job;
  const catalog::SnapshotPtr now = parts_.catalog.current();
  // The requesting org first: who may not ask for it learns nothing of what the rest would answer.
  ExportSpec own = job.spec;
  own.all_linked = false;
  own.billed.orgs.clear();
  if (auto judged = judge_rights(*now, *now, principal, own, false); !judged) return fail(std::move(judged));

  const auto catalogue = pin(job, pinned);
  if (!catalogue) return fail(catalogue);
  auto missing = judge_rights(*now, **catalogue, principal, job.spec, stored.has_partial_rights);
  if (!missing) return fail(std::move(missing));
  stored.missing = std::move(*missing);
  if (auto known = check_meter(**catalogue, job.spec); !known) return fail(std::move(known));
  if (auto known = check_orgs(**catalogue, job.spec); !known) return fail(std::move(known));
  if (!job.is_unplannable) look_at_region(job, **catalogue);

  job.id = make_id22(parts_.random);
  job.user_id = principal.id;
  const bool is_now = !job.is_unplannable && !pinned && !job.spec.as_of_position && !job.spec.as_of_time;
  job.created = job.updated = is_now ? job.snapshot.as_of : parts_.clock.now();
  if (is_final(job.state)) job.finished = job.created;
  if (auto inserted = store_.insert(stored); !inserted) return fail(std::move(inserted));
  probe_.job_created(job);
  if (is_final(job.state)) {
    probe_.job_ended(job);
    tell_end(stored);
  } else {
    job.progress.waiting_for = space_.is_low() ? "disk space" : has_idle_runner() ? "" : "a runner";
    wake_runners();
  }
  return job;
}

Job Service::shown(const StoredJob& stored) const {
  Job job = stored.job;
  if (is_final(job.state)) return with_outlook(std::move(job), parts_.clock.now());
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(job.id); found != running_.end()) {
      job.progress = found->second->watch.progress();
      return job;
    }
  }
  if (space_.is_low()) job.progress.waiting_for = "disk space";
  return job;
}

/// As it is stored, unless it is not for the principal.
Result<StoredJob> Service::visible(const Principal& principal, Result<StoredJob> stored) {
  if (!stored) return stored;
  const auto now = parts_.catalog.current();
  if (!Visibility(*now, principal).may_see(stored->job)) return unknown_job();
  const bool is_over = stored->retention_s == 0 && stored->job.finished &&
                       stored->job.finished->plus_seconds(options_.jobs_retention_s) <= parts_.clock.now();
  if (is_over) return unknown_job();
  return stored;
}

Result<Job> Service::get(const Principal& principal, std::string_view id) {
  auto stored = visible(principal, store_.get(id));
  if (!stored) return fail(std::move(stored));
  return shown(*stored);
}

Result<Job> Service::get_numbered(const Principal& principal, std::uint64_t number) {
  auto stored = visible(principal, store_.get_numbered(number));
  if (!stored) return fail(std::move(stored));
  return shown(*stored);
}

Result<NumberedJobs> Service::list_numbered(const Principal& principal, const NumberedRequest& request) {
  const auto now = parts_.catalog.current();
  ExportSpec own;
  own.org = request.org;
  own.kind = ExportKind::billed_usage;
  own.billed.project = principal.project;
  if (auto judged = judge_rights(*now, *now, principal, own, false); !judged) return fail(std::move(judged));
  const auto lists = store_.billed_org_lists(request.org, request.dialect);
  if (!lists) return fail(lists);
  NumberedScope scope{principal.id, principal.project};
  const Visibility visibility(*now, principal);
  for (const OrgList& list : *lists) {
    if (!visibility.reads_all(list)) scope.hidden_org_lists.push_back(list);
  }
  const auto page = store_.numbered(request, scope);
  if (!page) return fail(page);
  NumberedJobs out{page->total, {}};
  for (const StoredJob& stored : page->jobs) out.jobs.push_back(shown(stored));
  return out;
}

Result<JobPage> Service::list(const Principal& principal, const ListRequest& request) {
  if (request.page_size == 0 || request.page_size > page_size_max) {
    return fail(ErrorKind::invalid, fmt::format("page_size: must be from 1 to {}", page_size_max), {}, "page_size");
  }
  const auto now = parts_.catalog.current();
  Visibility visibility(*now, principal);
  std::optional<std::vector<std::string>> orgs = visibility.orgs();
  if (!request.org.empty()) {
    if (orgs && std::ranges::find(*orgs, request.org) == orgs->end()) return JobPage{};
    orgs = {request.org};
  }
  std::int64_t before = 0;
  if (!request.page_token.empty()) {
    const auto last = store_.get(request.page_token);
    if (!last || !visibility.may_see(last->job)) {
      return fail(ErrorKind::invalid, "page_token: is none of this list, or too old", {}, "page_token");
    }
    before = last->sequence;
  }
  JobPage page;
  // Single jobs may be hidden in an org whose jobs are visible, so a page may take several reads.
  for (bool is_end = false; !is_end && page.jobs.size() <= request.page_size;) {
    const auto rows = store_.page(orgs, before, request.page_size + 1);
    if (!rows) return fail(rows);
    is_end = rows->size() <= request.page_size;
    for (const StoredJob& stored : *rows) {
      before = stored.sequence;
      if (visibility.may_see(stored.job)) page.jobs.push_back(shown(stored));
    }
  }
  if (page.jobs.size() > request.page_size) {
    page.jobs.resize(request.page_size);
    page.next_page_token = page.jobs.back().id;
  }
  return page;
}

Result<Job> Service::cancel(const Principal& principal, std::string_view id) {
  if (auto seen = visible(principal, store_.get(id)); !seen) return fail(std::move(seen));
  Result<StoredJob> stored;
  {
    const std::lock_guard taking(take_mutex_);
    stored = store_.cancel(id, parts_.clock.now(), cancelled_text);
    if (!stored) return fail(std::move(stored));
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) found->second->watch.is_cancelled = true;
  }
  if (is_final(stored->job.state)) {
    probe_.job_ended(stored->job);
    tell_end(*stored);
    remove_parts(stored->job.id);  // of a run that was put back
  }
  return shown(*stored);
}

Result<Job> Service::retry(const Principal& principal, std::string_view id) {
  auto old = visible(principal, store_.get(id));
  if (!old) return fail(std::move(old));
  if (old->job.state != JobState::failed && old->job.state != JobState::cancelled) {
    return fail(ErrorKind::conflict,
                fmt::format("Only a FAILED or CANCELLED export can be tried again; this one is {}.",
                            to_string(old->job.state)));
  }
  StoredJob stored;
  stored.job.spec = old->job.spec;
  stored.job.note = old->job.note;
  stored.active_jobs_max = old->active_jobs_max;
  stored.has_partial_rights = old->has_partial_rights;
  stored.is_numbered = old->is_numbered;
  stored.retention_s = old->retention_s;
  stored.heals_from_creation = old->heals_from_creation;
  // One that could not be planned may have no snapshot yet.
  const bool has_snapshot = !old->job.is_unplannable || old->job.snapshot.as_of.us > 0;
  return store_new(principal, std::move(stored), has_snapshot ? std::optional(old->job.snapshot) : std::nullopt);
}

void Service::when_final(const Principal& principal, std::string_view id, std::int64_t wait_ms_max,
                         std::move_only_function<void(Result<Job>)> done) {
  auto job = get(principal, id);
  if (!job || is_final(job->state) || wait_ms_max <= 0) return done(std::move(job));
  Waiter waiter{principal, std::string(id), std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms_max),
                std::move(done)};
  const auto added = waiters_.add(waiter);
  if (added == Waiters::Added::is_closed) return waiter.done(std::move(job));
  if (added == Waiters::Added::is_next) {
    const std::lock_guard lock(mutex_);
    is_upkeep_poked_ = true;
    wake_.notify_all();
  }
  // It may have ended between the look and the list.
  if (auto again = store_.get(id); !again || is_final(again->job.state)) answer(waiters_.take_of(id));
}

Result<Job> Service::artifact(const Principal& principal, std::string_view id) {
  auto job = get(principal, id);
  if (!job) return job;
  if (!is_final(job->state)) return fail(ErrorKind::not_ready, "The export is not finished yet.");
  if (job->state == JobState::failed || job->state == JobState::cancelled) {
    return fail(ErrorKind::gone, fmt::format("The export has no output: it is {}.", to_string(job->state)));
  }
  const bool is_expired = shown_state(*job, parts_.clock.now()) == JobState::expired;
  if (is_expired || job->artifact_path.empty()) {
    return fail(ErrorKind::gone, fmt::format("The export's output was kept until {} and is removed.",
                                             format_seconds_z(job->expires.value_or(job->updated))));
  }
  return job;
}

}  // namespace meterport::exports
