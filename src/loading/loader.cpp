#include "loading/loader.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "loading/batch_builder.h"

namespace meterport::loading {

namespace {

using ledger::Position;
using Clock = std::chrono::steady_clock;

constexpr int loader_niceness = 5;

/// What the loader, those who wait for it and the committer tell each other. Outlives the loader: the log keeps its
/// listener.
struct Board {
  std::mutex mutex;
  std::condition_variable work;      ///< for the loader: more is durable, someone pokes, stop
  std::condition_variable progress;  ///< for those who wait: loaded moved, loading stopped
  Position durable = 0;
  Position wanted = 0;  ///< someone waits for it
  std::atomic<Position> loaded{0};
  std::optional<Error> failure;      ///< of the batch being tried again
  std::optional<Error> stop_reason;  ///< loading stopped for good
  bool stopping = false;
};

struct Probe {
  Probe(metrics::Registry& registry, const std::shared_ptr<Board>& board)
      : facts(registry.counter("meterport_loaded_facts_total", "Usage records put into the warehouse")),
        batches(
            registry.histogram_seconds("meterport_load_batch_seconds", "Time to put one batch into the warehouse")) {
    registry.gauge("meterport_loaded_position", "Position up to which the ledger is in the warehouse",
                   [board] { return static_cast<double>(board->loaded.load()); });
  }
  metrics::Counter& facts;
  metrics::Histogram& batches;
};

class ThreadLoader final : public Loader {
 public:
  ThreadLoader(ledger::Log& log, warehouse::Warehouse& warehouse, metrics::Registry& metrics, LoaderOptions options)
      : log_(log), warehouse_(warehouse), options_(options), probe_(metrics, board_), builder_(dictionaries_) {}
  ~ThreadLoader() override {
    {
      const std::lock_guard lock(board_->mutex);
      board_->stopping = true;
    }
    board_->work.notify_all();
    board_->progress.notify_all();
  }

  Status begin();
  [[nodiscard]] std::uint64_t loaded_position() const override { return board_->loaded; }
  Status wait_for(std::uint64_t position, std::int64_t wait_ms_max) override;
  [[nodiscard]] std::string stopped_reason() const override {
    const std::lock_guard lock(board_->mutex);
    return board_->stop_reason ? board_->stop_reason->text : std::string();
  }
  [[nodiscard]] const Dictionaries& dictionaries() const override { return dictionaries_; }

 private:
  void run();
  bool wait_for_work();
  Status read_batch();
  Status load_batch();
  void maintain();
  void tell_failure(Error error);
  void stop_for_good(Error error);
  bool pause(std::int64_t milliseconds);

  ledger::Log& log_;
  warehouse::Warehouse& warehouse_;
  const LoaderOptions options_;
  const std::shared_ptr<Board> board_ = std::make_shared<Board>();
  Probe probe_;
  Dictionaries dictionaries_;
  BatchBuilder builder_;
  std::unique_ptr<ledger::LogReader> reader_;
  std::uint64_t bytes_since_checkpoint_ = 0;
  std::jthread thread_;  // last: it uses all of the above
};

Status ThreadLoader::begin() {
  auto words = warehouse_.read_words([this](warehouse::Dimension dimension, warehouse::Code code,
                                            std::string_view text) { dictionaries_.restore(dimension, code, text); });
  if (!words) return words;
  const auto loaded = warehouse_.loaded_position();
  if (!loaded) return fail(loaded);
  board_->loaded = *loaded;
  log_.on_durable([board = board_](Position durable) {
    const std::lock_guard lock(board->mutex);
    board->durable = std::max(board->durable, durable);
    board->work.notify_one();
  });
  const Position durable = log_.durable_position();
  if (durable < *loaded) {
    return fail(ErrorKind::internal,
                "the warehouse holds records that the ledger does not; stop the server, remove warehouse.duckdb and "
                "start again: it is read anew from the ledger",
                fmt::format("loaded {}, durable {}", *loaded, durable));
  }
  {
    const std::lock_guard lock(board_->mutex);
    board_->durable = std::max(board_->durable, durable);
  }
  reader_ = log_.read_from(*loaded + 1);
  thread_ = std::jthread([this] { run(); });
  return {};
}

Status ThreadLoader::wait_for(std::uint64_t position, std::int64_t wait_ms_max) {
  if (board_->loaded >= position) return {};
  const auto until = Clock::now() + std::chrono::milliseconds(wait_ms_max);
  std::unique_lock lock(board_->mutex);
  board_->wanted = std::max(board_->wanted, position);
  board_->work.notify_one();
  // A batch that is tried again is waited for like any other: those who wait need not know.
  board_->progress.wait_until(lock, until,
                              [&] { return board_->loaded >= position || board_->stop_reason || board_->stopping; });
  if (board_->loaded >= position) return {};
  if (board_->stop_reason) {
    return fail(ErrorKind::store_unavailable,
                "usage is no longer loaded for reading until the server is restarted; it is safe in the ledger",
                board_->stop_reason->text + ": " + board_->stop_reason->detail);
  }
  if (board_->failure) {
    return fail(ErrorKind::busy,
                "usage cannot be loaded for reading at the moment, which is tried again; it is safe in the ledger",
                board_->failure->text + ": " + board_->failure->detail);
  }
  return fail(ErrorKind::busy, "usage handed in until now is still being loaded; try again in a moment",
              fmt::format("loaded {}, wanted {}", board_->loaded.load(), position));
}

void ThreadLoader::run() {
  // Intake comes first. Failing to lower the priority costs nothing but that.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), loader_niceness);
  while (wait_for_work()) {
    if (auto read = read_batch(); !read) {
      log::error("loading stopped", {{"reason", read.error().text}, {"detail", read.error().detail}});
      stop_for_good(std::move(read.error()));
      return;
    }
    // The log told of records before its reader shows them.
    if (builder_.is_empty() && !pause(1)) return;
    for (Status loaded = load_batch(); !loaded; loaded = load_batch()) {
      log::error("a batch could not be loaded, trying again",
                 {{"reason", loaded.error().text}, {"detail", loaded.error().detail}});
      tell_failure(std::move(loaded.error()));
      if (!pause(options_.retry_delay_ms)) return;
    }
    maintain();
  }
}

/// false: stop. Returns at once when someone waits or a batch is full, else after a delay that lets it fill.
bool ThreadLoader::wait_for_work() {
  std::unique_lock lock(board_->mutex);
  const auto waiting = [&] { return board_->durable - board_->loaded; };
  // Positions that are no usage, mostly one a request, come on top.
  const std::uint64_t full_batch = options_.batch_records_max + options_.batch_records_max / 64;
  board_->work.wait(lock, [&] { return board_->stopping || waiting() > 0; });
  board_->work.wait_for(lock, std::chrono::milliseconds(options_.batch_delay_ms),
                        [&] { return board_->stopping || board_->wanted > board_->loaded || waiting() >= full_batch; });
  return !board_->stopping;
}

Status ThreadLoader::read_batch() {
  builder_.clear();
  ledger::StoredRecord record;
  while (builder_.batch().facts.size() < options_.batch_records_max &&
         builder_.records() < 2 * options_.batch_records_max) {
    const auto more = reader_->next(record);
    if (!more) return fail(more);
    if (!*more) break;
    if (auto added = builder_.add(record); !added) return added;
  }
  return {};
}

Status ThreadLoader::load_batch() {
  if (builder_.is_empty()) return {};
  const auto start = Clock::now();
  if (auto appended = warehouse_.append(builder_.batch()); !appended) return appended;
  probe_.batches.observe_us(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
  probe_.facts.add(builder_.batch().facts.size());
  bytes_since_checkpoint_ += builder_.bytes();
  {
    const std::lock_guard lock(board_->mutex);
    board_->loaded = builder_.batch().loaded_position;
    board_->failure.reset();
  }
  board_->progress.notify_all();
  return {};
}

/// After those who wait were told. What fails here is tried again after a later batch; answers do not depend on it.
void ThreadLoader::maintain() {
  if (builder_.is_empty()) return;
  if (auto merged = warehouse_.compact(); !merged) {
    log::warning("roll-up not merged", {{"reason", merged.error().text}, {"detail", merged.error().detail}});
  }
  if (bytes_since_checkpoint_ < options_.checkpoint_bytes) return;
  bytes_since_checkpoint_ = 0;
  if (auto done = warehouse_.checkpoint(); !done) {
    log::warning("warehouse not checkpointed", {{"reason", done.error().text}, {"detail", done.error().detail}});
  }
}

void ThreadLoader::tell_failure(Error error) {
  const std::lock_guard lock(board_->mutex);
  board_->failure = std::move(error);
}

void ThreadLoader::stop_for_good(Error error) {
  const std::lock_guard lock(board_->mutex);
  board_->stop_reason = std::move(error);
  board_->progress.notify_all();
}

/// false: stop.
bool ThreadLoader::pause(std::int64_t milliseconds) {
  std::unique_lock lock(board_->mutex);
  board_->work.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return board_->stopping; });
  return !board_->stopping;
}

}  // namespace

Result<std::unique_ptr<Loader>> Loader::start(ledger::Log& log, warehouse::Warehouse& warehouse,
                                              metrics::Registry& metrics, LoaderOptions options) {
  auto loader = std::make_unique<ThreadLoader>(log, warehouse, metrics, options);
  if (auto begun = loader->begin(); !begun) return fail(std::move(begun));
  return std::unique_ptr<Loader>(std::move(loader));
}

}  // namespace meterport::loading
