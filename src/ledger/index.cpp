#include "ledger/index.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "ledger/index_filters.h"
#include "ledger/index_runs.h"
#include "ledger/index_shards.h"

namespace meterport::ledger {
namespace {

/// Full tables that may wait for the disk; beyond, claims are refused.
constexpr std::size_t waiting_tables_max = 3;
constexpr std::chrono::seconds retry_after{1};
constexpr unsigned collisions_max = 64;

struct FullTable {
  FrozenTables tables;
  Position covered = 0;
};

class RunIndex final : public Index {
 public:
  RunIndex(IndexOptions options, metrics::Registry& metrics)
      : options_(std::move(options)),
        shards_(options_.table_keys),
        files_(options_.folder),
        maybes_(metrics.counter("meterport_index_maybes_total",
                                "Look-ups in runs that the resident filter could not spare")),
        false_maybes_(metrics.counter("meterport_index_false_maybes_total", "Look-ups in runs that found nothing")) {
    // The gauges outlive the index in the registry: they read what `gauges_` says, which is emptied at the end.
    metrics.gauge("meterport_index_keys", "Keys held by the de-duplication index",
                  [gauges = gauges_] { return static_cast<double>(gauges->keys.load()); });
    metrics.gauge("meterport_index_filter_bytes", "Memory of the resident filters",
                  [gauges = gauges_] { return static_cast<double>(gauges->filter_bytes.load()); });
  }

  ~RunIndex() override {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_all();
    if (writer_.joinable()) writer_.join();
  }

  Status open(Log& log) {
    if (Status opened = open_stores(log); !opened) return opened;
    writer_ = std::thread([this] { write_runs(); });
    return replay(log);
  }

  Status claim_many(std::span<const ClaimRequest> requests, std::span<ClaimResult> results,
                    const OnEnd& on_end) override {
    if (waiting_tables_.load(std::memory_order_relaxed) > waiting_tables_max) {
      const std::lock_guard lock(mutex_);
      if (last_failure_) return std::unexpected(*last_failure_);
      return fail(ErrorKind::busy, "the de-duplication index is writing a run; try again shortly");
    }
    if (requests.empty()) return {};
    shards_.claim(requests, results, on_end);
    if (Status asked = ask_runs(requests, results); !asked) {
      std::vector<Hash128> claimed;
      for (std::size_t i = 0; i < requests.size(); ++i) {
        if (results[i].outcome == ClaimOutcome::claimed) claimed.push_back(requests[i].key);
      }
      release_many(claimed);
      return asked;
    }
    return {};
  }

  void settle_many(std::span<const KeyValue> settled) override {
    if (settled.empty()) return;
    {
      const std::lock_guard lock(settling_);
      for (const KeyValue& entry : settled) last_settled_ = std::max(last_settled_, entry.value.position);
    }
    shards_.end_claims(settled, true);
    cut_run_when_full();
  }

  void release_many(std::span<const Hash128> keys) override {
    if (keys.empty()) return;
    std::vector<KeyValue> ended;
    ended.reserve(keys.size());
    for (const Hash128& key : keys) ended.push_back({key, {}});
    shards_.end_claims(ended, false);
  }

  Result<std::optional<IndexValue>> find(const Hash128& key) override {
    if (const std::optional<IndexValue> held = shards_.find(key)) return held;
    for (const Maybe& maybe : filters()->find({key})) {
      Result<std::optional<IndexValue>> held = runs_->get(maybe.run, key);
      if (!held || *held) return held;
    }
    return std::optional<IndexValue>();
  }

  [[nodiscard]] Size size() const override {
    return {gauges_->keys.load() + shards_.active_keys(), filters()->bytes() + runs_->resident_bytes(),
            shards_.table_bytes()};
  }

  void wait_until_quiet() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return full_tables_.empty(); });
  }

 private:
  struct Gauges {
    std::atomic<std::uint64_t> keys{0};  ///< without the active tables
    std::atomic<std::uint64_t> filter_bytes{0};
  };

  [[nodiscard]] std::shared_ptr<const FilterSet> filters() const {
    const std::lock_guard lock(filters_mutex_);
    return filters_;
  }
  void publish(FilterSet set) {
    auto shared = std::make_shared<const FilterSet>(std::move(set));
    gauges_->filter_bytes = shared->bytes();
    const std::lock_guard lock(filters_mutex_);
    filters_ = std::move(shared);
  }

  Status open_stores(Log& log);
  Status replay(Log& log);
  Status replay_one(const StoredRecord& record);
  Status enter(IndexValue value, unsigned slots, const std::function<Hash128(unsigned)>& slot);
  Status ask_runs(std::span<const ClaimRequest> requests, std::span<ClaimResult> results);
  void cut_run_when_full();
  void write_runs();
  Status write_run(const FullTable& table);

  IndexOptions options_;
  IndexShards shards_;
  FilterFiles files_;
  std::unique_ptr<RunStore> runs_;
  std::uint64_t ledger_id_ = 0;

  mutable std::mutex filters_mutex_;
  std::shared_ptr<const FilterSet> filters_ = std::make_shared<FilterSet>();

  std::mutex settling_;
  Position last_settled_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FullTable> full_tables_;
  std::atomic<std::size_t> waiting_tables_{0};
  std::optional<Error> last_failure_;
  bool is_stopping_ = false;
  std::thread writer_;

  std::shared_ptr<Gauges> gauges_ = std::make_shared<Gauges>();
  metrics::Counter& maybes_;
  metrics::Counter& false_maybes_;
};

Status RunIndex::open_stores(Log& log) {
  // Under another secret the same records have other keys: such a folder is of no use.
  ledger_id_ = siphash128(options_.secret, "meterport index").low;
  for (const bool is_second_try : {false, true}) {
    Result<std::unique_ptr<RunStore>> opened = RunStore::open(options_.folder + "/runs");
    std::string why;
    if (opened) {
      const RunFacts& facts = (*opened)->facts();
      if (facts.runs == 0 || (facts.ledger_id == ledger_id_ && facts.covered <= log.durable_position())) {
        runs_ = std::move(*opened);
        Result<FilterSet> filters = files_.load(*runs_);
        if (filters) {
          gauges_->keys = facts.keys;
          publish(std::move(*filters));
          return {};
        }
        why = filters.error().detail;
        runs_.reset();
      } else {
        why = "it belongs to another ledger";
      }
    } else if (opened.error().kind != ErrorKind::internal) {
      return fail(std::move(opened));
    } else {
      why = opened.error().detail;
    }
    if (is_second_try) return fail(ErrorKind::internal, "the de-duplication index cannot be rebuilt", why);
    log::warning("index: cannot be used, building it again from the log", {{"why", why}});
    opened = fail(ErrorKind::internal, "closed");
    std::error_code ignored;
    std::filesystem::remove_all(options_.folder, ignored);
  }
  return {};
}

Status RunIndex::replay(Log& log) {
  last_settled_ = runs_->facts().covered;
  const std::unique_ptr<LogReader> reader = log.read_from(last_settled_ + 1);
  StoredRecord record;
  for (;;) {
    const Result<bool> more = reader->next(record);
    if (!more) return fail(more);
    if (!*more) return {};
    if (Status entered = replay_one(record); !entered) return entered;
    last_settled_ = record.position;
    if (shards_.active_keys() < options_.table_keys) continue;
    cut_run_when_full();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return full_tables_.size() <= 1 || last_failure_; });
    if (last_failure_) return std::unexpected(*last_failure_);
  }
}

Status RunIndex::replay_one(const StoredRecord& record) {
  if (record.kind == RecordKind::evidence && !record.erased) {
    const Result<UsageRecord> offered = decode_usage(record.payload);
    if (!offered) return fail(offered);
    const Hash128 key = record_key(options_.secret, offered->org, offered->source, offered->id);
    const IndexValue value{record.position, fingerprint(options_.secret, *offered)};
    return enter(value, evidence_per_key_max, [&](unsigned n) { return evidence_slot(key, n); });
  }
  if (record.kind == RecordKind::catalogue_change) {
    const std::optional<ClaimRequest> slot = slot_of_document(record.payload);
    if (!slot) return {};
    return enter({record.position, slot->fingerprint}, 1, [&](unsigned) { return slot->key; });
  }
  const Result<std::optional<OwnedKey>> owned = owned_key(options_.secret, record);
  if (!owned) return fail(owned);
  if (!*owned) return {};
  // A key that another position holds is a hash collision: no record enters the log twice.
  Hash128 key = (*owned)->key;
  return enter({record.position, (*owned)->fingerprint}, collisions_max,
               [&](unsigned n) { return n == 0 ? key : key = next_slot(key); });
}

Status RunIndex::enter(IndexValue value, unsigned slots, const std::function<Hash128(unsigned)>& slot) {
  for (unsigned n = 0; n < slots; ++n) {
    const Hash128 key = slot(n);
    const Result<std::optional<IndexValue>> held = find(key);
    if (!held) return fail(held);
    if (!*held) {
      shards_.insert({key, value});
      return {};
    }
    if ((*held)->position == value.position) return {};
  }
  return {};
}

Status RunIndex::ask_runs(std::span<const ClaimRequest> requests, std::span<ClaimResult> results) {
  const std::shared_ptr<const FilterSet> set = filters();  // after the claims: holds all that left the RAM table
  if (set->filters.empty()) return {};
  std::vector<Hash128> keys;
  std::vector<std::uint32_t> places;
  keys.reserve(requests.size());
  places.reserve(requests.size());
  for (std::uint32_t i = 0; i < requests.size(); ++i) {
    if (results[i].outcome != ClaimOutcome::claimed) continue;
    keys.push_back(requests[i].key);
    places.push_back(i);
  }
  Status asked;
  std::vector<KeyValue> not_new;
  for (const Maybe& maybe : set->find(keys)) {
    ClaimResult& result = results[places[maybe.key]];
    if (result.outcome != ClaimOutcome::claimed) continue;  // found in another run
    maybes_.add();
    Result<std::optional<IndexValue>> held = runs_->get(maybe.run, keys[maybe.key]);
    if (!held) {
      asked = fail(std::move(held));
      break;
    }
    if (!*held) {
      false_maybes_.add();
      continue;
    }
    result = {ClaimOutcome::present, **held};
    not_new.push_back({keys[maybe.key], {}});
  }
  // These were claimed only until the runs were asked; whoever waits for them finds them now. After an error too: the
  // caller gives back only what is still said to be claimed.
  if (!not_new.empty()) shards_.end_claims(not_new, true);
  return asked;
}

void RunIndex::cut_run_when_full() {
  if (shards_.active_keys() < options_.table_keys) return;
  const std::lock_guard settling(settling_);
  const std::size_t keys = shards_.active_keys();
  if (keys < options_.table_keys) return;
  FullTable table{shards_.freeze(), last_settled_};
  gauges_->keys += keys;
  {
    const std::lock_guard lock(mutex_);
    full_tables_.push_back(std::move(table));
    ++waiting_tables_;
  }
  changed_.notify_all();
}

void RunIndex::write_runs() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !full_tables_.empty(); });
    if (is_stopping_) return;  // what is not in a run is replayed from the log
    const FullTable table = full_tables_.front();
    lock.unlock();
    const Status written = write_run(table);
    lock.lock();
    if (written) {
      full_tables_.pop_front();
      --waiting_tables_;
      last_failure_.reset();
      changed_.notify_all();
      continue;
    }
    last_failure_ = written.error();
    changed_.notify_all();
    log::error("index: a run could not be written; trying again", {{"why", written.error().detail}});
    changed_.wait_for(lock, retry_after, [this] { return is_stopping_; });
  }
}

Status RunIndex::write_run(const FullTable& table) {
  std::vector<KeyValue> entries;
  std::size_t keys = 0;
  for (const auto& shard : table.tables) keys += shard->size();
  entries.reserve(keys);
  for (const auto& shard : table.tables) shard->append_sorted(entries);

  RunFacts facts = runs_->facts();
  facts.covered = table.covered;
  facts.runs += 1;
  facts.keys += keys;
  facts.ledger_id = ledger_id_;
  Result<std::shared_ptr<const RunFilter>> filter = files_.make(facts.runs, entries);
  if (!filter) return fail(std::move(filter));
  if (Status ingested = runs_->ingest(entries, facts); !ingested) return ingested;

  FilterSet set = *filters();
  set.filters.push_back(*filter);
  publish(set);
  shards_.drop_oldest_frozen();
  shards_.prepare_spares();
  for (;;) {
    const Result<bool> merged = files_.merge_newest(set);
    if (!merged) {
      // The run is in; only the number of filters stays higher until the next one.
      log::warning("index: filters could not be merged", {{"why", merged.error().detail}});
      break;
    }
    if (!*merged) break;
    publish(set);
  }
  files_.remove_stale(set);
  return {};
}

}  // namespace

Result<std::unique_ptr<Index>> Index::open(IndexOptions options, Log& log, metrics::Registry& metrics) {
  auto index = std::make_unique<RunIndex>(std::move(options), metrics);
  if (Status opened = index->open(log); !opened) return fail(std::move(opened));
  return index;
}

Result<ClaimResult> Index::claim(const Hash128& key, std::uint64_t fingerprint,
                                 std::function<void(bool settled)> on_end) {
  const ClaimRequest request{key, fingerprint};
  ClaimResult result;
  const Status claimed = claim_many(std::span(&request, 1), std::span(&result, 1),
                                    [on_end = std::move(on_end)](std::size_t, bool settled) { on_end(settled); });
  if (!claimed) return fail(claimed);
  return result;
}

void Index::settle(const Hash128& key, IndexValue value) {
  const KeyValue entry{key, value};
  settle_many(std::span(&entry, 1));
}

void Index::release(const Hash128& key) {
  release_many(std::span(&key, 1));
}

}  // namespace meterport::ledger
