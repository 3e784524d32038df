#include "intake/operations/service.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/ids.h"
#include "base/log.h"
#include "intake/operations/stored_items.h"

namespace meterport::intake {
namespace {

constexpr std::chrono::milliseconds pause{200};
constexpr std::chrono::milliseconds prune_interval{1'000};
constexpr std::size_t prune_rows_max = 200;
/// Operations that have their files open and take turns.
constexpr std::size_t open_max = 32;
/// A small one need not wait until one of so many large ones ends (N52): it is done in a turn or two.
constexpr std::size_t open_with_small_ones_max = 64;
constexpr std::uint64_t small_items_max = 4'000;
/// Of the waiting ones the smallest comes next, but every fourth time the oldest, so that none waits for ever.
constexpr std::uint64_t oldest_every = 4;

std::unexpected<Error> unknown_operation() {
  return fail(ErrorKind::not_found, "There is no such operation.");
}

/// "abc" of "abc.body" and "abc.results".
std::string_view stem_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

}  // namespace

OperationService::OperationService(const OperationParts& parts)
    : parts_(parts),
      store_(parts.control),
      probe_(parts.metrics),
      threads_(static_cast<std::size_t>(parts.settings.number("operations.runners"))),
      retention_s_(parts.settings.number("operations.retention")),
      unfinished_max_(static_cast<std::size_t>(parts.settings.number("operations.unfinished_max"))) {
  waker_->service = this;
}

Status OperationService::begin() {
  if (auto made = parts_.files.make_folders(parts_.folder); !made) return made;
  if (auto removed = remove_orphans(); !removed) return removed;
  auto unfinished = store_.unfinished();
  if (!unfinished) return fail(std::move(unfinished));
  if (!unfinished->empty()) {
    log::info("operations of an earlier process go on", {{"operations", std::uint64_t{unfinished->size()}}});
  }
  for (StoredOperation& stored : *unfinished) add_run(std::move(stored));
  return {};
}

/// A crash between the body and its row leaves a body that nobody was told of.
Status OperationService::remove_orphans() {
  const auto names = parts_.files.list(parts_.folder);
  if (!names) return fail(names);
  if (names->empty()) return {};
  const auto known = store_.files();
  if (!known) return fail(known);
  for (const std::string& name : *names) {
    if (!known->contains(stem_of(name))) remove_file(parts_.folder + "/" + name);
  }
  return {};
}

void OperationService::remove_file(const std::string& path) {
  const Status removed = parts_.files.remove(path);
  if (!removed && removed.error().kind != ErrorKind::not_found) {
    log::warning("a file of an operation stays behind", {{"path", path}, {"detail", removed.error().detail}});
  }
}

void OperationService::start() {
  const std::lock_guard lock(mutex_);
  if (is_started_) return;
  is_started_ = true;
  for (std::size_t n = 0; n < threads_; ++n) workers_.emplace_back([this] { work(); });
}

void OperationService::stop() {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  wake_.notify_all();
  std::vector<std::thread> workers = std::exchange(workers_, {});
  lock.unlock();
  for (std::thread& worker : workers) worker.join();
  // Answers of chunks that are still under way find nobody: they are in the ledger, and the next start finds them
  // there.
  const std::lock_guard waker_lock(waker_->mutex);
  waker_->service = nullptr;
}

void OperationService::add_run(StoredOperation stored) {
  const OperationId id = stored.operation.id;
  const std::uint64_t items = stored.operation.items;
  auto run = std::make_shared<Run>(parts_, std::move(stored), [waker = waker_, id] {
    const std::lock_guard lock(waker->mutex);
    if (waker->service != nullptr) waker->service->wake(id);
  });
  const std::lock_guard lock(mutex_);
  Turn& turn = turns_[id];
  turn.run = std::move(run);
  if (may_open(turn.run->stored().operation)) {
    open_locked(id, turn);
  } else {
    waiting_.emplace(items, id);
  }
}

bool OperationService::may_open(const Operation& operation) const {
  return open_ < (operation.items <= small_items_max ? open_with_small_ones_max : open_max);
}

void OperationService::open_locked(OperationId id, Turn& turn) {
  turn.is_open = true;
  ++open_;
  ask_for_step_locked(id, turn);
}

void OperationService::open_next_locked() {
  if (waiting_.empty() || open_ >= open_max) return;
  auto next = waiting_.begin();
  if (++opened_ % oldest_every == 0) {
    next = std::ranges::min_element(waiting_, {}, &std::pair<std::uint64_t, OperationId>::second);
  }
  const OperationId id = next->second;
  waiting_.erase(next);
  open_locked(id, turns_.at(id));
}

void OperationService::ask_for_step_locked(OperationId id, Turn& turn) {
  if (turn.is_stepping) {
    turn.is_woken = true;
  } else if (!std::exchange(turn.is_queued, true)) {
    queue_.push_back(id);
    wake_.notify_all();
  }
}

void OperationService::wake(OperationId id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = turns_.find(id); found != turns_.end()) ask_for_step_locked(id, found->second);
}

void OperationService::end_pauses_locked() {
  const auto now = Steady::now();
  while (!paused_.empty() && paused_.begin()->first <= now) {
    const OperationId id = paused_.begin()->second;
    paused_.erase(paused_.begin());
    const auto found = turns_.find(id);
    if (found == turns_.end()) continue;
    found->second.is_paused = false;
    ask_for_step_locked(id, found->second);
  }
}

void OperationService::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    end_pauses_locked();
    if (take_turn(lock)) continue;
    const auto now = Steady::now();
    if (now >= next_prune_) {
      next_prune_ = now + prune_interval;
      prune(lock);
      continue;
    }
    auto until = next_prune_;
    if (!paused_.empty()) until = std::min(until, paused_.begin()->first);
    wake_.wait_until(lock, until);
  }
}

bool OperationService::take_turn(std::unique_lock<std::mutex>& lock) {
  if (queue_.empty()) return false;
  const OperationId id = queue_.front();
  queue_.pop_front();
  Turn& turn = turns_.at(id);  // a queued one is neither being stepped nor gone
  turn.is_queued = false;
  turn.is_stepping = true;
  turn.is_woken = false;
  const RunPtr run = turn.run;
  lock.unlock();
  const auto kind = kinds_.find(run->stored().operation.kind);
  const Run::Next next = run->step(kind == kinds_.end() ? nullptr : &kind->second);
  lock.lock();
  after_step(id, next);
  return true;
}

void OperationService::after_step(OperationId id, Run::Next next) {
  Turn& turn = turns_.at(id);
  turn.is_stepping = false;
  if (next == Run::Next::finished || next == Run::Next::failed) {
    next == Run::Next::finished ? probe_.finished() : probe_.failed();
    turns_.erase(id);
    --open_;
    open_next_locked();
    return;
  }
  if (next == Run::Next::later && !std::exchange(turn.is_paused, true)) paused_.emplace(Steady::now() + pause, id);
  if (next == Run::Next::again || turn.is_woken) ask_for_step_locked(id, turn);
}

void OperationService::prune(std::unique_lock<std::mutex>& lock) {
  if (retention_s_ == 0) return;
  lock.unlock();
  if (const Status pruned = remove_old(); !pruned) {
    log::warning("old operations are not removed", {{"detail", pruned.error().detail}});
  }
  lock.lock();
}

Status OperationService::remove_old() {
  const auto ended = store_.ended_before(parts_.clock.now().plus_seconds(-retention_s_), prune_rows_max);
  if (!ended) return fail(ended);
  for (const StoredOperation& old : *ended) {
    if (auto removed = store_.remove(old.operation.id); !removed) return removed;
    remove_file(parts_.folder + "/" + old.file + ".body");
    remove_file(parts_.folder + "/" + old.file + ".results");
  }
  return {};
}

Result<Operation> OperationService::create(const Principal& sender, NewOperation given) {
  if (given.items.empty()) return fail(ErrorKind::invalid, "At least one item is required.");
  const auto snapshot = parts_.catalog.current();
  if (!snapshot->allows(sender, Role::ingester, given.org)) {
    return fail(ErrorKind::forbidden, "sending usage needs the role ingester or admin");
  }
  {
    const std::lock_guard lock(mutex_);
    if (turns_.size() >= unfinished_max_) {
      return fail(ErrorKind::busy, "too many operations are unfinished; send again when some have ended");
    }
  }
  if (auto can_store = parts_.intake.can_store(); !can_store) return fail(std::move(can_store));
  StoredOperation stored;
  stored.file = make_id22(parts_.random);
  stored.idempotency_key = std::move(given.idempotency_key);
  stored.body_sha256 = to_hex(sha256(given.body));
  Operation& operation = stored.operation;
  operation.kind = std::move(given.kind);
  operation.channel = std::move(given.channel);
  operation.org = std::move(given.org);
  operation.note = std::move(given.note);
  operation.items = given.items.size();
  operation.body_bytes = given.body.size();
  operation.sender = sender;
  operation.catalogue_position = snapshot->position();
  operation.created = parts_.clock.now();
  const std::string path = parts_.folder + "/" + stored.file + ".body";
  if (auto written = BodyFile::write(parts_.files, path, given.body, given.items); !written) {
    remove_file(path);
    return fail(std::move(written));
  }
  const auto is_new = store_.insert(stored);
  if (!is_new || !*is_new) remove_file(path);
  if (!is_new) return fail(is_new);
  if (!*is_new) return get(sender, stored.operation.id);
  probe_.taken();
  Operation made = stored.operation;
  add_run(std::move(stored));
  return made;
}

bool OperationService::show_progress(Operation& operation, std::uint64_t* result_bytes) {
  if (is_final(operation.state)) return true;
  RunPtr run;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = turns_.find(operation.id); found != turns_.end()) run = found->second.run;
  }
  if (!run) return false;
  const RunProgress progress = run->progress();
  if (!progress.has_begun) return true;
  operation.state = OperationState::processing;
  operation.counts = progress.counts;
  if (result_bytes != nullptr) *result_bytes = progress.result_bytes;
  return true;
}

Result<OperationService::Seen> OperationService::look(const Principal& caller, OperationId id) {
  Seen seen;
  auto stored = store_.get(id);
  if (!stored) return fail(std::move(stored));
  if (!parts_.catalog.current()->may_know(caller, stored->operation.org)) return unknown_operation();
  if (!show_progress(stored->operation, &seen.result_bytes)) {
    // Its end was stored between the two looks.
    stored = store_.get(id);
    if (!stored) return fail(std::move(stored));
  }
  seen.stored = std::move(*stored);
  return seen;
}

Result<Operation> OperationService::get(const Principal& caller, OperationId id) {
  auto seen = look(caller, id);
  if (!seen) return fail(std::move(seen));
  return std::move(seen->stored.operation);
}

Result<std::vector<Operation>> OperationService::page(const Principal& caller, OperationId before,
                                                      std::size_t count_max) {
  std::optional<std::vector<std::string>> orgs;
  if (!caller.is_server_itself) {
    const auto snapshot = parts_.catalog.current();
    orgs.emplace();
    for (const Org* org : snapshot->orgs()) {
      if (snapshot->may_know(caller, org->id)) orgs->push_back(org->id);
    }
  }
  auto rows = store_.page(orgs, before, count_max);
  if (!rows) return fail(std::move(rows));
  std::vector<Operation> out;
  for (StoredOperation& row : *rows) {
    if (!show_progress(row.operation, nullptr)) {
      auto again = store_.get(row.operation.id);
      if (!again) continue;  // old enough to be gone by now
      row = std::move(*again);
    }
    out.push_back(std::move(row.operation));
  }
  return out;
}

Result<std::unique_ptr<OperationItems>> OperationService::items(const Principal& caller, OperationId id) {
  auto seen = look(caller, id);
  if (!seen) return fail(std::move(seen));
  const std::string path = parts_.folder + "/" + seen->stored.file;
  if (is_final(seen->stored.operation.state) && seen->stored.operation.counts.all() > 0) {
    auto file = parts_.files.open(path + ".results", OpenMode::read);
    if (!file) return fail(std::move(file));
    const auto size = (*file)->size();
    if (!size) return fail(size);
    seen->result_bytes = *size;
  }
  return StoredItems::open(parts_.files, path, std::move(seen->stored.operation), seen->result_bytes);
}

Result<std::unique_ptr<Operations>> Operations::open(const OperationParts& parts) {
  auto service = std::make_unique<OperationService>(parts);
  if (auto begun = service->begin(); !begun) return fail(std::move(begun));
  return service;
}

}  // namespace meterport::intake
