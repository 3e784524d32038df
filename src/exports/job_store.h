// Private to exports: the jobs of the control store (migrations 0030_exports, 0080_billed_exports, 0120_export_gaps).
// Sources: job_store.cpp, job_numbers.cpp (numbered jobs), job_fillings.cpp (gaps that are filled in).
//
// Each call is one transaction; a change is durable when it returns. Thread-safe. A runner's writes are fenced: they
// change nothing (conflict) once the job is no longer leased to it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control/store.h"
#include "exports/exports.h"

namespace meterport::exports {

/// What a request left out for want of rights, as judged then (informatica.md 6).
struct MissingOrgs {
  std::vector<std::string> ids;    ///< all of them: for the server alone
  std::vector<std::string> named;  ///< those the principal may know of
  std::string text;                ///< for him: how many, and their names where he may know them
};

/// A job with what the server keeps to itself.
struct StoredJob {
  Job job;
  std::int64_t sequence = 0;  ///< order of creation
  int active_jobs_max = 0;
  bool has_partial_rights = false;
  bool is_numbered = false;
  std::int64_t retention_s = 0;  ///< 0: the settings hold; else the artifact's, and the job stays for ever
  bool heals_from_creation = false;
  std::optional<Instant> heal_next;  ///< when its gaps are to be filled in; none: they are not, or there are none
  int heal_tries = 0;                ///< in vain, since something was filled in
  MissingOrgs missing;
  std::string runner;  ///< empty: nobody works on it
  Instant lease_until;
  bool is_cancel_asked = false;
};

/// Somebody wants to be told of its end, by callback or mail.
bool tells_of_end(const Job& job);

using OrgList = std::vector<std::string>;  ///< ids

/// Which numbered jobs a caller may see, besides what NumberedRequest asks for.
struct NumberedScope {
  std::string user_id;                      ///< his own are never hidden from him
  std::string project;                      ///< empty: of every project and of none
  std::vector<OrgList> hidden_org_lists{};  ///< of billed_org_lists()
};

class JobStore {
 public:
  explicit JobStore(control::Store& control) : control_(control) {}

  /// Sets job.sequence and, of a numbered one, job.number. An active job counts against its limit in the same
  /// transaction: too_many_jobs. A final one (it could not be planned) takes no slot, and its notices are due.
  Status insert(StoredJob& job);
  /// not_found: no such job.
  Result<StoredJob> get(std::string_view id);
  /// Newest first, those created before `before` (0: from the newest). `orgs`: requesting orgs; none = any.
  Result<std::vector<StoredJob>> page(const std::optional<std::vector<std::string>>& orgs, std::int64_t before,
                                      std::size_t count_max);

  Result<StoredJob> get_numbered(std::uint64_t number);
  /// Over which orgs the numbered jobs of an org and dialect are, each list once; not that of the requesting org alone.
  Result<std::vector<OrgList>> billed_org_lists(const std::string& org, const std::string& dialect);
  struct NumberedPage {
    std::uint64_t total = 0;
    std::vector<StoredJob> jobs;
  };
  Result<NumberedPage> numbered(const NumberedRequest& request, const NumberedScope& scope);

  /// Leases a job nobody works on (or whose lease is over) to the runner and sets it PROCESSING: the oldest of the org
  /// with the fewest leased jobs. `without`: ids that this process works on. Nothing when there is none.
  Result<std::optional<StoredJob>> take(const std::string& runner, Instant now, Instant lease_until,
                                        const std::set<std::string, std::less<>>& without);
  /// Renews the lease of a running job and stores its progress.
  Status renew(std::string_view id, const std::string& runner, Instant lease_until, const Progress& progress);
  /// Hands the job's callback and mail to the outbox, inside a transaction of the store.
  using QueueNotices = std::function<Status(soci::session&)>;
  /// Stores the end of a job, or of a filling: state, error, times, artifact, gaps. With `queue`, its notices in the
  /// same transaction: both or neither. Without, they are due if it has any.
  Status finish(const StoredJob& job, const QueueNotices& queue = {});
  /// Gives the lease of an active job back; it waits for a runner.
  Status put_back(std::string_view id, const std::string& runner);
  /// Ends a job nobody works on as CANCELLED, with the text as its error; marks one that is worked on. conflict: final.
  Result<StoredJob> cancel(std::string_view id, Instant now, const std::string& text);
  /// For the start of a process: no lease of an earlier one holds any more. Returns how many there were.
  Result<std::size_t> free_leases();

  /// Leases a job whose gaps are to be filled in, the longest due first. It keeps its state.
  Result<std::optional<StoredJob>> take_filling(const std::string& runner, Instant now, Instant lease_until,
                                                const std::set<std::string, std::less<>>& without);
  Status renew_filling(std::string_view id, const std::string& runner, Instant lease_until);
  /// Gives the lease back: nothing was filled in, and nothing of the job changes but its next try; that neither if it
  /// was set (heal_at) since the job was taken, as which it is given here.
  Status put_off(const StoredJob& taken, const std::string& runner, Instant next, int tries);
  /// Jobs that lack the region's usage are tried at the instant, whatever their pauses. Returns how many there are.
  Result<std::size_t> heal_at(const std::string& region, Instant next);
  /// Jobs that nobody fills in and whose time for it is over; of `all` those that have time left, too.
  Result<std::vector<StoredJob>> healing_over(Instant now, bool all, std::size_t count_max);
  /// From now on its gaps stay. `queue` runs in the same transaction, unless somebody fills it in or ended it already
  /// (conflict).
  Status end_healing(std::string_view id, Instant now, const QueueNotices& queue);

  /// Final jobs whose callback or mail is not yet with the outbox, oldest first.
  Result<std::vector<StoredJob>> notices_due(std::size_t count_max);
  /// Takes the flag away and runs `queue` in the same transaction, unless another did so already.
  Status settle_notices(std::string_view id, const QueueNotices& queue);

  /// Jobs whose artifact's time is over and which still have one.
  Result<std::vector<StoredJob>> expired_artifacts(Instant now, std::size_t count_max);
  Status forget_artifact(std::string_view id);
  /// Jobs that ended at or before the instant and are not kept for ever.
  Result<std::vector<StoredJob>> ended_before(Instant instant, std::size_t count_max);
  /// Runs `forget` in the same transaction, for what others keep of the job.
  Status remove(std::string_view id, const std::function<Status(soci::session&)>& forget);
  /// How many active jobs nobody works on.
  Result<std::uint64_t> waiting();

 private:
  /// Leases the first of the candidates (a SELECT of ids) that is not in `without` to the runner; `change`: what else
  /// an UPDATE sets, numbers and fixed words only.
  Result<std::optional<StoredJob>> lease_first(const std::string& candidates, const std::string& change,
                                               const std::string& runner,
                                               const std::set<std::string, std::less<>>& without);
  control::Store& control_;
};

}  // namespace meterport::exports
