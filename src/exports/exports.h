// Export jobs: request -> spec -> snapshot pinned at the request -> queue -> slices -> rows -> streamed ZIP ->
// artifact and manifest -> status -> callback (DESIGN section 4).
//
// Jobs live in the control store with a lease; a job whose runner died is taken up again. Thread-safe. Every call
// checks the principal's scope here; a foreign job answers like an unknown one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "control/store.h"
#include "delivery/delivery.h"
#include "model/export_spec.h"
#include "model/principal.h"
#include "queries/queries.h"

namespace meterport::exports {

struct Progress {
  std::uint64_t slices_done = 0, slices = 0, rows = 0, bytes = 0;  ///< bytes: of CSV
  std::string waiting_for{};  ///< "a runner", "loading", "disk space", "region us", empty
};

/// A region whose usage is missing in the artifact.
struct Gap {
  std::string region;
  std::vector<std::string> orgs;  ///< ids, ascending
  std::string reason;             ///< safe text: "refused the connection"
  friend bool operator==(const Gap&, const Gap&) = default;
};

struct Job {
  std::string id;
  JobState state = JobState::created;
  std::string error;            ///< FAILED, PARTIAL_SUCCESS, CANCELLED: safe text
  bool is_unplannable = false;  ///< FAILED from the start: `error` is the reason alone, a dialect puts its own words
                                ///< around it (informatica.md 5.1)
  ExportSpec spec;
  DialectNote note;
  std::string user_id;       ///< of the principal who asked
  std::uint64_t number = 0;  ///< of a numbered job: one series for the server, from 1001, none given twice; else 0
  Snapshot snapshot;
  Instant created, updated;
  std::optional<Instant> finished, expires;
  int revision = 0;                    ///< of the artifact, from 1
  std::vector<Gap> gaps;               ///< PARTIAL_SUCCESS, by region; besides what is missing for want of rights
  std::optional<Instant> heals_until;  ///< until then the gaps may still be filled in; none: they stay
  Progress progress;
  std::string artifact_path, manifest_path;  ///< of the finished artifact; empty if none
  std::uint64_t artifact_bytes = 0, rows = 0;
  std::string artifact_sha256;  ///< hex
};

/// The state to show where a wire has a word for an output that is gone: EXPIRED once the artifact's time is over.
/// Job::state itself stays as the job ended (informatica.md 5.1; crosswalk 3.1).
JobState shown_state(const Job& job, Instant now);

/// Its gaps may still be filled in: it is PARTIAL_SUCCESS and will become SUCCESS, or another revision, if the regions
/// answer in time (crosswalk 3.1).
bool is_healing(const Job& job, Instant now);

/// How the name of a kind's artifact ends: ".zip", or ".csv.gz" for billed-usage.
std::string_view artifact_suffix(ExportKind kind);

/// How a dialect's limits differ.
struct CreateOptions {
  int active_jobs_max = 0;       ///< unfinished jobs per requesting org and dialect; 0 = 100
  bool partial_rights = false;   ///< run over readable linked orgs and end PARTIAL_SUCCESS
  bool is_numbered = false;      ///< give it a number
  std::int64_t retention_s = 0;  ///< how long the artifact stays, the job itself then for ever; 0: exports.retention
                                 ///< and exports.jobs_retention
  bool heals_from_creation = false;  ///< gaps are filled in for exports.heal_time from the job's creation; else until
                                     ///< the artifact expires, anew with each filling
};

/// Renders the callback body of a dialect's final job; empty = nothing is sent. It may be called again after a restart,
/// so it must follow from the job alone. Sent as text/plain, or application/json if it begins with '{'.
using CallbackText = std::function<std::string(const Job&)>;

struct ListRequest {
  std::string org = {};        ///< empty: all the caller may see
  std::size_t page_size = 50;  ///< 1 to 1000
  std::string page_token = {};
};
/// A page of a requesting org's numbered jobs by place, for wires that page by number.
struct NumberedRequest {
  std::string org;
  std::string dialect;
  bool is_ascending = false;  ///< by creation; ties by number, the same direction
  std::uint64_t skip = 0;
  std::size_t count_max = 100;
};
struct NumberedJobs {
  std::uint64_t total = 0;
  std::vector<Job> jobs;
};
struct JobPage {
  std::vector<Job> jobs;  ///< newest first
  std::string next_page_token;
};

/// Renders subject, text and HTML of the mail to a dialect's final job, whose note says whom it goes to; none: nothing
/// is sent. As CallbackText it may be called again.
using MailText = std::function<std::optional<delivery::NewMail>(const Job&)>;

class Exports {
 public:
  static Result<std::unique_ptr<Exports>> open(control::Store& control, queries::Queries& queries,
                                               catalog::Catalog& catalog, delivery::Outbox& outbox, FileSystem& files,
                                               Clock& clock, Random& random, const Settings& settings,
                                               metrics::Registry& metrics, std::string artifacts_folder);
  virtual ~Exports() = default;  ///< stops runners: what runs is finished or put back

  /// Before start(): which text tells of a job's end, by dialect name.
  virtual void set_callback_text(std::string dialect, CallbackText text) = 0;
  virtual void set_mail_text(std::string dialect, MailText text) = 0;
  /// Starts runners and retention. Jobs can be created before.
  virtual void start() = 0;
  /// Refuses to take new jobs up; runs on at most that long, then re-queues what is left.
  virtual void stop(std::int64_t wait_ms_max) = 0;

  /// Checks the spec (invalid, not_supported, range_too_long), rights (exporter or admin on the org and each of
  /// spec.billed.orgs; with all_linked on every linked org, naming how many are not readable; a principal with a
  /// project for that project's usage alone: forbidden), the active-job limit (too_many_jobs), pins the snapshot,
  /// stores. A job that passes all checks but can't be planned is stored FAILED and returned, and takes no slot
  /// (informatica.md 5.1); only when the job itself can't be stored: store_unavailable, storage_full. One that starts
  /// at once waits for nothing in its progress.
  virtual Result<Job> create(const Principal& principal, const ExportSpec& spec, const DialectNote& note,
                             const CreateOptions& options) = 0;
  /// A job is visible to exporters and admins of its requesting org; one over other orgs only to who asked for it and
  /// to those who may read every one of them; to a principal with a project only billed usage of that. Else not_found,
  /// as for an unknown id.
  virtual Result<Job> get(const Principal& principal, std::string_view id) = 0;
  virtual Result<JobPage> list(const Principal& principal, const ListRequest& request) = 0;
  /// By number; else as get().
  virtual Result<Job> get_numbered(const Principal& principal, std::uint64_t number) = 0;
  /// Every job of the dialect asked for under the org, by whomever, in whatever state, that the caller may see (of a
  /// principal with a project: those for that project). forbidden: he is no exporter or admin of the org.
  virtual Result<NumberedJobs> list_numbered(const Principal& principal, const NumberedRequest& request) = 0;
  /// Cancels at the next slice; conflict if it is final.
  virtual Result<Job> cancel(const Principal& principal, std::string_view id) = 0;
  /// A new job of the same spec and snapshot, of a FAILED or CANCELLED one.
  /// conflict: it is neither.
  virtual Result<Job> retry(const Principal& principal, std::string_view id) = 0;

  /// A region answers again: jobs that lack its usage are filled in soon, whatever their pauses.
  virtual void region_is_back(const std::string& region) = 0;

  /// Calls `done` once: when the job is final or after `wait_ms_max`, from any thread, with the job as it is then.
  virtual void when_final(const Principal& principal, std::string_view id, std::int64_t wait_ms_max,
                          std::move_only_function<void(Result<Job>)> done) = 0;
  /// The job if its artifact can be read now; not_ready while it runs, gone when it failed or expired.
  virtual Result<Job> artifact(const Principal& principal, std::string_view id) = 0;
};

}  // namespace meterport::exports
