// Private to exports: the service. Runner threads lease jobs, run them and fill in their gaps; one upkeep thread renews
// leases, answers waiters whose time is over, hands callbacks and mails to the outbox again and removes what is
// expired.
//
// Locks: `take_mutex_` before `mutex_`; neither is held while others are called back. Sources: service.cpp (requests),
// runners.cpp, healing.cpp (gaps that are filled in), upkeep.cpp.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exports/job_run.h"
#include "exports/job_store.h"
#include "exports/probe.h"
#include "exports/scope.h"
#include "exports/service_parts.h"
#include "exports/space_watch.h"
#include "exports/waiters.h"

namespace meterport::exports {

/// Those that wait for other regions hold a thread, but no place.
inline constexpr unsigned threads_per_place = 4;
inline constexpr const char* cancelled_text = "The export was cancelled.";

class Service final : public Exports, private RunPlaces {
 public:
  Service(const ServiceParts& parts, ServiceOptions options);
  ~Service() override;
  /// Folder, leases of an earlier process, half-written files; then the upkeep thread.
  Status begin();

  void set_callback_text(std::string dialect, CallbackText text) override;
  void set_mail_text(std::string dialect, MailText text) override;
  void start() override;
  void stop(std::int64_t wait_ms_max) override;
  Result<Job> create(const Principal& principal, const ExportSpec& spec, const DialectNote& note,
                     const CreateOptions& options) override;
  Result<Job> get(const Principal& principal, std::string_view id) override;
  Result<JobPage> list(const Principal& principal, const ListRequest& request) override;
  Result<Job> get_numbered(const Principal& principal, std::uint64_t number) override;
  Result<NumberedJobs> list_numbered(const Principal& principal, const NumberedRequest& request) override;
  Result<Job> cancel(const Principal& principal, std::string_view id) override;
  Result<Job> retry(const Principal& principal, std::string_view id) override;
  void region_is_back(const std::string& region) override;
  void when_final(const Principal& principal, std::string_view id, std::int64_t wait_ms_max,
                  std::move_only_function<void(Result<Job>)> done) override;
  Result<Job> artifact(const Principal& principal, std::string_view id) override;

 private:
  enum class Work { run, filling };
  struct Running {
    std::string runner;
    Work work = Work::run;
    RunWatch watch;
  };
  using RunningPtr = std::shared_ptr<Running>;

  // service.cpp
  Result<catalog::SnapshotPtr> pin(Job& job, const std::optional<Snapshot>& pinned);
  Result<Job> store_new(const Principal& principal, StoredJob stored, const std::optional<Snapshot>& pinned);
  Result<StoredJob> visible(const Principal& principal, Result<StoredJob> stored);
  Job shown(const StoredJob& stored) const;
  void look_at_region(Job& job, const catalog::Snapshot& catalogue);

  // runners.cpp
  void run_loop(unsigned number);
  std::optional<StoredJob> take_next(const std::string& runner, RunningPtr& running);
  std::optional<StoredJob> take_up(const std::string& runner, Work& work, Instant now);
  void run_one(StoredJob stored, const std::string& tag, Running& running);
  void leave(const std::string& id, const Running& running, bool is_left_over);
  /// True: callback and mail are with the outbox already.
  bool end_job(StoredJob& stored, const Status& result, const Running& running);
  bool store_end(StoredJob& stored, Work work);
  void wake_runners();
  bool has_idle_runner() const;
  /// Runs and fillings that wait for no other region. Under `mutex_`.
  std::size_t places_taken() const;
  void give(RunWatch& watch) override;
  void take_back(RunWatch& watch) override;
  /// After the end is stored: waiters first, then callback and mail.
  void tell_end(const StoredJob& stored, bool are_notices_queued = false);

  // healing.cpp
  void fill_one(StoredJob stored, const std::string& tag, Running& running);
  void put_off(const StoredJob& stored, const Running& running);
  /// Of a job that has just ended, by a run or a filling.
  void set_healing(StoredJob& stored) const;
  void end_healing();
  bool may_fill() const;
  void remove_parts(const std::string& id);
  void remove_soon(std::string path);
  void remove_replaced();

  // upkeep.cpp
  void upkeep_loop();
  void tick();
  void renew_leases();
  void send_due_notices();
  void send_notices(const StoredJob& stored);
  struct Notices {
    bool is_too_early = false;  ///< dialects may not have said their texts yet
    std::string callback;       ///< empty: none
    std::optional<delivery::NewMail> mail;
  };
  Notices notices_of(const Job& job);
  Status queue_notices(soci::session& session, const Job& job, const Notices& notices);
  void remove_expired();
  void remove_orphans();
  bool is_orphan(const std::string& name, std::string_view id);
  void remove_file(const std::string& path);
  void answer(std::vector<Waiter> waiters);

  const ServiceParts parts_;
  const ServiceOptions options_;
  const JobRun::Context run_context_;
  const std::string instance_;  ///< tells the runners of this process from those of others
  JobStore store_;
  SpaceWatch space_;
  Probe probe_;
  Waiters waiters_;

  std::mutex take_mutex_;  ///< a job is taken and marked for cancelling one after the other
  std::mutex stop_mutex_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, RunningPtr, std::less<>> running_;  ///< by job id
  std::map<std::string, CallbackText, std::less<>> callback_texts_;
  std::map<std::string, MailText, std::less<>> mail_texts_;
  std::vector<std::pair<std::chrono::steady_clock::time_point, std::string>> replaced_;  ///< files to remove, and when
  std::uint64_t work_ = 0;    ///< counts reasons to look for jobs
  unsigned coming_back_ = 0;  ///< runs that wait for a place again, before any that is new
  bool is_taking_ = false;    ///< a place is kept for what is taken up right now
  bool is_started_ = false;
  bool is_stopping_ = false;
  bool is_upkeep_over_ = false;
  bool is_upkeep_poked_ = false;
  std::vector<std::thread> runners_;
  std::thread upkeep_;
};

}  // namespace meterport::exports
