#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <list>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "catalog/change.h"
#include "catalog/export_text.h"
#include "catalog/feed.h"
#include "catalog/projection.h"
#include "catalog/snapshot_build.h"

namespace meterport::catalog {
namespace {

constexpr std::size_t past_pictures_max = 16;
/// How often, and beyond how many records, the projected position is moved, so that a start reads little of the log.
constexpr std::chrono::seconds advance_interval{2};
constexpr std::uint64_t advance_records = 250'000;

/// A picture of the catalogue and the days whose tree it shows: first <= day < end.
struct Picture {
  std::shared_ptr<const State> state;
  SnapshotPtr snapshot;
  Day first, end;

  [[nodiscard]] bool shows(Day day) const { return first <= day && day < end; }
};

Picture picture_of(std::shared_ptr<const State> state, Day day) {
  Day first{std::numeric_limits<std::int32_t>::min()};
  Day end{std::numeric_limits<std::int32_t>::max()};
  for (const auto& [id, org] : state->orgs) {
    for (const OrgChange& change : org->history) {
      if (!change.parent) continue;
      if (change.valid_from <= day) first = std::max(first, change.valid_from);
      if (change.valid_from > day) end = std::min(end, change.valid_from);
    }
  }
  SnapshotPtr snapshot = build_snapshot(state, day);
  return {std::move(state), std::move(snapshot), first, end};
}

class LedgerCatalog final : public Catalog {
 public:
  LedgerCatalog(ledger::Log& log, control::Store& control, Clock& clock, Random& random, std::string own_region)
      : log_(log), control_(control), clock_(clock), random_(random), own_region_(std::move(own_region)) {}

  const std::string& own_region() const override { return own_region_; }

  ~LedgerCatalog() override {
    if (!advancer_.joinable()) return;
    advancer_.request_stop();
    advancer_.join();
    if (const Status saved = advance(0); !saved) {
      log::warning("catalogue position not saved", {{"detail", saved.error().detail}});
    }
  }

  Status open() {
    auto projected = read_projected_position(control_);
    if (!projected) return fail(std::move(projected));
    if (*projected > log_.durable_position()) {
      return fail(ErrorKind::store_unavailable,
                  fmt::format("the control store has seen ledger position {}, but the ledger ends at {}: they are not "
                              "of one time; restore both from the same backup",
                              *projected, log_.durable_position()));
    }
    auto missing = replay(log_, *projected);
    if (!missing) return fail(std::move(missing));
    if (missing->read_to > *projected) {
      if (auto done = project(control_, missing->rows, missing->read_to); !done) return done;
    }
    projected_position_ = missing->read_to;
    auto ends = read_change_ends(control_);
    if (!ends) return fail(std::move(ends));
    change_ends_ = std::move(*ends);
    auto state = load_state(control_, std::numeric_limits<std::int64_t>::max());
    if (!state) return fail(std::move(state));
    publish(std::make_shared<const State>(std::move(*state)));
    advancer_ = std::jthread([this](const std::stop_token& stop) { advance_until(stop); });
    return {};
  }

  SnapshotPtr current() const override {
    const Day today = day_of(clock_.now());
    const std::lock_guard lock(published_mutex_);
    if (!published_.shows(today)) published_ = picture_of(published_.state, today);
    return published_.snapshot;
  }

  Result<SnapshotPtr> at(std::uint64_t position) override { return at(position, day_of(clock_.now())); }

  Result<SnapshotPtr> at(std::uint64_t position, Day day) override {
    Picture newest = published();
    if (position > newest.state->position) {
      // A change may be durable already and not yet published: wait for it.
      const std::lock_guard lock(change_mutex_);
      newest = published();
      if (position > log_.durable_position()) {
        return fail(ErrorKind::not_found,
                    fmt::format("position {} is beyond the ledger's end, {}", position, log_.durable_position()));
      }
    }
    if (position >= newest.state->position && newest.shows(day)) return newest.snapshot;
    return past_snapshot(newest.state, position, day);
  }

  Result<ChangeSummary> apply(const Principal& principal, const CatalogueFile& file) override {
    const std::lock_guard lock(change_mutex_);
    return apply_locked(principal, file, own_region_);
  }

  Status check(const Principal& principal, const CatalogueFile& file) override {
    const std::lock_guard lock(change_mutex_);
    auto plan = plan_locked(principal, file, own_region_);
    if (!plan) return fail(std::move(plan));
    return {};
  }

  Result<CatalogueFeed> feed(std::string_view region, std::uint64_t after) override {
    const Picture newest = published();
    CatalogueFeed feed{newest.state->position, {}};
    if (feed.position <= after) return feed;
    feed.file_json = feed_text(*newest.state, *newest.snapshot, own_region_, region, day_of(clock_.now()));
    return feed;
  }

  Result<ChangeSummary> apply_feed(std::string_view home, std::string_view file_json) override {
    if (home == own_region_) return fail(ErrorKind::invalid, "a region takes no feed of its own");
    auto file = parse_catalogue(file_json);
    if (!file) return fail(std::move(file));
    Principal giver = server_principal();
    giver.id = giver.name = fmt::format("region:{}", home);
    const std::lock_guard lock(change_mutex_);
    if (auto fine = reduce_feed(*current_state(), *file); !fine) return fail(std::move(fine));
    return apply_locked(giver, *file, home);
  }

  void set_usage_probe(UsageProbe probe) override {
    const std::lock_guard lock(change_mutex_);
    has_usage_ = std::move(probe);
  }

  Result<std::string> export_file(const Principal& principal, std::string_view users_json) override {
    return export_text(*current_state(), *current(), principal, users_json);
  }

 private:
  Result<Plan> plan_locked(const Principal& principal, const CatalogueFile& file, std::string_view home) {
    const auto state = current_state();
    const SnapshotPtr now = current();
    return plan_change({.before = *state,
                        .now = *now,
                        .principal = principal,
                        .random = random_,
                        .today = day_of(clock_.now()),
                        .has_usage = has_usage_,
                        .own_region = own_region_,
                        .home = home},
                       file);
  }

  Result<ChangeSummary> apply_locked(const Principal& principal, const CatalogueFile& file, std::string_view home) {
    auto plan = plan_locked(principal, file, home);
    if (!plan) return fail(std::move(plan));
    plan->summary.position = current_state()->position;
    if (plan->changes.empty()) return std::move(plan->summary);
    return commit(principal, std::move(*plan));
  }

  /// Ledger first; from there on the change counts, whatever becomes of the projection.
  Result<ChangeSummary> commit(const Principal& principal, Plan plan) {
    ledger::NewBatch batch;
    batch.info = {make_id22(random_), principal.id, "catalog", clock_.now()};
    std::vector<std::size_t> lengths;
    for (const ObjectChange& change : plan.changes) {
      const std::string payload = payload_of(change);
      lengths.push_back(payload.size());
      batch.payloads += payload;
    }
    std::string_view rest = batch.payloads;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      batch.records.push_back({plan.changes[i].record_kind, rest.substr(0, lengths[i])});
      rest.remove_prefix(lengths[i]);
    }
    auto appended = log_.append_and_wait(std::move(batch));
    if (!appended) return fail(std::move(appended));
    std::uint64_t position = appended->batch_position;
    for (ObjectChange& change : plan.changes) {
      unprojected_.push_back({std::move(change), ++position, appended->commit_time});
    }
    if (const Status done = project_missing(position); !done) {
      log::warning("catalogue change is in the ledger, its projection waits", {{"detail", done.error().detail}});
    }
    plan.after.position = position;
    plan.summary.position = position;
    publish(std::make_shared<const State>(std::move(plan.after)));
    {
      const std::lock_guard lock(past_mutex_);
      change_ends_.push_back(position);
    }
    return std::move(plan.summary);
  }

  /// With change_mutex_ held.
  Status project_missing(std::uint64_t position) {
    if (auto done = project(control_, unprojected_, position); !done) return done;
    unprojected_.clear();
    projected_position_ = position;
    return {};
  }

  /// Moves the projected position to the ledger's end, if that is at least `records` away.
  Status advance(std::uint64_t records) {
    const std::lock_guard lock(change_mutex_);
    // All catalogue records up to here are ours, and projected or in unprojected_, for we hold the mutex.
    const std::uint64_t durable = log_.durable_position();
    if (unprojected_.empty() && durable <= projected_position_ + records) return {};
    return project_missing(std::max(durable, projected_position_));
  }

  void advance_until(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, advance_interval, [&] { return stop.stop_requested(); })) {
      if (const Status done = advance(advance_records); !done) {
        log::warning("catalogue position not saved", {{"detail", done.error().detail}});
      }
      if (stop.stop_requested()) return;
    }
  }

  void publish(std::shared_ptr<const State> state) {
    const Day today = day_of(clock_.now());
    const std::lock_guard lock(published_mutex_);
    published_ = picture_of(std::move(state), today);
  }
  Picture published() const {
    const std::lock_guard lock(published_mutex_);
    return published_;
  }
  std::shared_ptr<const State> current_state() const { return published().state; }

  /// Another position than the newest one's, or another day than its.
  Result<SnapshotPtr> past_snapshot(const std::shared_ptr<const State>& newest, std::uint64_t position, Day day) {
    const std::lock_guard lock(past_mutex_);
    std::uint64_t end = newest->position;
    if (position < end) {
      const auto after = std::ranges::upper_bound(change_ends_, position);
      end = after == change_ends_.begin() ? 0 : *std::prev(after);
    }
    const auto known =
        std::ranges::find_if(past_, [&](const Picture& p) { return p.state->position == end && p.shows(day); });
    if (known != past_.end()) {
      past_.splice(past_.begin(), past_, known);
      return past_.front().snapshot;
    }
    auto state = end == newest->position ? Result<std::shared_ptr<const State>>(newest) : past_state(end);
    if (!state) return fail(std::move(state));
    past_.push_front(picture_of(std::move(*state), day));
    if (past_.size() > past_pictures_max) past_.pop_back();
    return past_.front().snapshot;
  }
  /// With past_mutex_ held.
  Result<std::shared_ptr<const State>> past_state(std::uint64_t end) {
    const auto known = std::ranges::find(past_, end, [](const Picture& p) { return p.state->position; });
    if (known != past_.end()) return known->state;
    auto state = load_state(control_, end);
    if (!state) return fail(std::move(state));
    if (state->position != end) {
      return fail(ErrorKind::store_unavailable, "the catalogue's history is being written, try again",
                  fmt::format("wanted {}, projected {}", end, state->position));
    }
    return std::make_shared<const State>(std::move(*state));
  }

  ledger::Log& log_;
  control::Store& control_;
  Clock& clock_;
  Random& random_;
  const std::string own_region_;

  std::mutex change_mutex_;  ///< one change at a time; taken before the others
  UsageProbe has_usage_;
  std::vector<RecordedObject> unprojected_;  ///< in the ledger, not yet in the control store
  std::uint64_t projected_position_ = 0;

  mutable std::mutex published_mutex_;
  mutable Picture published_;  ///< the newest state, with the tree of the day it was last asked for

  std::mutex past_mutex_;
  std::vector<std::uint64_t> change_ends_;
  std::list<Picture> past_;  ///< newest use first

  std::jthread advancer_;  ///< last: stops before what it uses goes
};

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(ledger::Log& log, control::Store& control, Clock& clock, Random& random,
                                               std::string own_region) {
  auto catalog = std::make_unique<LedgerCatalog>(log, control, clock, random, std::move(own_region));
  if (auto opened = catalog->open(); !opened) return fail(std::move(opened));
  return catalog;
}

Org with_change(Org org, const OrgChange& change) {
  auto at = std::ranges::lower_bound(org.history, change.valid_from, {}, &OrgChange::valid_from);
  if (at == org.history.end() || at->valid_from != change.valid_from) {
    org.history.insert(at, change);
    return org;
  }
  if (change.name) at->name = change.name;
  if (change.parent) at->parent = change.parent;
  if (change.status) at->status = change.status;
  if (change.billing_anchor_day) at->billing_anchor_day = change.billing_anchor_day;
  return org;
}

}  // namespace meterport::catalog
