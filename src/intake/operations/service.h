// Private to intake: Operations over a few worker threads and a queue in which operations take turns.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "intake/operations/operation_probe.h"
#include "intake/operations/operation_store.h"
#include "intake/operations/operations.h"
#include "intake/operations/run.h"

namespace meterport::intake {

class OperationService final : public Operations {
 public:
  explicit OperationService(const OperationParts& parts);
  ~OperationService() override { stop(); }

  /// Makes the folder, removes orphans, reads what is unfinished.
  Status begin();
  void set_kind(const std::string& kind, OperationKind how) override { kinds_.insert_or_assign(kind, std::move(how)); }
  void start() override;
  void stop() override;

  Result<Operation> create(const Principal& sender, NewOperation operation) override;
  Result<Operation> get(const Principal& caller, OperationId id) override;
  Result<std::vector<Operation>> page(const Principal& caller, OperationId before, std::size_t count_max) override;
  Result<std::unique_ptr<OperationItems>> items(const Principal& caller, OperationId id) override;

 private:
  using Steady = std::chrono::steady_clock;
  using RunPtr = std::shared_ptr<Run>;
  /// One unfinished operation. One worker at a time steps it, whoever asks for a step and how often.
  struct Turn {
    RunPtr run;
    bool is_open = false;  ///< takes turns; else it waits for one that does to end
    bool is_queued = false;
    bool is_stepping = false;
    bool is_woken = false;   ///< while it was stepping
    bool is_paused = false;  ///< has its one entry in paused_
  };
  /// Brings answers that come from intake's threads to the service, as long as there is one.
  struct Waker {
    std::mutex mutex;
    OperationService* service = nullptr;  ///< null: it has stopped
  };

  Status remove_orphans();
  void remove_file(const std::string& path);
  void add_run(StoredOperation stored);
  void wake(OperationId id);

  // With mutex_ held.
  [[nodiscard]] bool may_open(const Operation& operation) const;
  void open_locked(OperationId id, Turn& turn);
  void open_next_locked();
  void ask_for_step_locked(OperationId id, Turn& turn);
  void end_pauses_locked();
  void after_step(OperationId id, Run::Next next);

  void work();
  /// One step of the operation whose turn it is. False: there was none.
  bool take_turn(std::unique_lock<std::mutex>& lock);
  /// Removes what is older than its time; about once a second.
  void prune(std::unique_lock<std::mutex>& lock);
  Status remove_old();
  /// The operation as its run, if any, sees it now; how many bytes of results count.
  struct Seen {
    StoredOperation stored;
    std::uint64_t result_bytes = 0;
  };
  Result<Seen> look(const Principal& caller, OperationId id);
  /// False: it is neither finished in this row nor under way, so its end was stored after the row was read.
  bool show_progress(Operation& operation, std::uint64_t* result_bytes);

  const OperationParts parts_;
  OperationStore store_;
  OperationProbe probe_;
  const std::size_t threads_;
  const std::int64_t retention_s_;
  const std::size_t unfinished_max_;
  const std::shared_ptr<Waker> waker_ = std::make_shared<Waker>();
  std::map<std::string, OperationKind, std::less<>> kinds_;

  std::mutex mutex_;  ///< guards all that follows
  std::condition_variable wake_;
  std::map<OperationId, Turn> turns_;                        ///< every unfinished operation
  std::size_t open_ = 0;                                     ///< of them
  std::set<std::pair<std::uint64_t, OperationId>> waiting_;  ///< those not open, by their items
  std::uint64_t opened_ = 0;                                 ///< from waiting_, ever
  std::deque<OperationId> queue_;                            ///< whose turn it is
  std::multimap<Steady::time_point, OperationId> paused_;
  Steady::time_point next_prune_{};
  bool is_started_ = false, is_stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace meterport::intake
