// Reads over the warehouse with the catalogue's words put in: rated rows in the exports' order, billed usage, totals,
// counts.
//
// Every call takes a Snapshot: the same spec and snapshot give the same rows for ever. Order is by text, never by
// dictionary code. Scope is checked by the callers' service (exports) or here (totals), never only in a dialect.
//
// Any thread may call; a call's memory is bounded by its slice. A call whose snapshot is not loaded yet answers busy
// (wait_loaded() first). The referenced services must outlive this.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "ledger/log.h"
#include "ledger/record.h"
#include "loading/loader.h"
#include "model/export_spec.h"
#include "model/principal.h"
#include "queries/billed_usage.h"
#include "queries/part.h"
#include "queries/record_source.h"
#include "queries/report_orgs.h"
#include "rating/tiers.h"
#include "warehouse/warehouse.h"

namespace meterport::queries {

struct RegionShare;

/// A bounded piece of an export: whole days x a run of orgs (by rank in the plan's org order) x maybe one meter.
struct Slice {
  Day first, last;                         ///< both inclusive
  std::size_t org_first = 0, org_end = 0;  ///< half-open range into the plan's orgs
  std::string meter;                       ///< empty = all
  std::uint64_t records = 0;               ///< facts in it, as of the snapshot
};

/// One SUMMARY row. Views live until the callback returns.
struct SummaryRow {
  const Org* org = nullptr;
  const Meter* meter = nullptr;
  Day day;
  rating::RatedQuantity rated;
  BillingPeriod billing_period;
};

/// One PROJECT_FOLDER row; empty project or folder = none.
struct ProjectFolderRow {
  const Org* org = nullptr;
  Day day;
  std::string_view project, folder;
  Consumption consumption;
};

/// One ASSET row: what of the usage of these texts fell into one tier. Empty texts = none.
struct AssetRow {
  const Org* org = nullptr;
  const Meter* meter = nullptr;
  Day day;
  std::string_view asset_name, asset_type, project, folder, environment_name, environment_type;
  rating::TierPart part;
};

/// A usage record as it stands in the ledger. Views live until the callback returns.
struct RecordRow {
  std::uint64_t position = 0;
  Instant arrival_time;
  const UsageRecord* record = nullptr;
};

/// One line of GET /v1/usage.
struct TotalRow {
  std::string org, meter;        ///< empty when not grouped by
  std::optional<Day> day;        ///< grouped by day: the date in the request's zone
  std::optional<Period> window;  ///< grouped by day or window: all of it, also where the period begins or ends inside
  std::vector<std::string> dims;
  Total quantity;
  std::uint64_t records = 0;
};

struct TotalsRequest {
  Instant from, to;
  std::string org;
  bool all_linked = false;  ///< else the org alone
  std::string meter;
  std::vector<std::string> group_by;  ///< "org", "meter", "day" or "window", and dimension names
  Window window = Window::none;       ///< what "window" stands for
  std::string time_zone = "UTC";      ///< IANA name: its hours, days, months (queries/zone.h); invalid: unknown
  std::optional<std::uint64_t> as_of_position{};  ///< of this ledger; other regions as of its commit time
  std::optional<Instant> as_of_time{};            ///< instead
};
struct TotalsAnswer {
  std::vector<TotalRow> rows;  ///< by the group columns' text, in group_by order
  Snapshot snapshot;
};

class Queries {
 public:
  Queries(warehouse::Warehouse& warehouse, loading::Loader& loader, catalog::Catalog& catalog, ledger::Log& log,
          Clock& clock);
  /// Over a warehouse without a ledger (part_store.h): pin(), read_part(), totals() and billed_page() answer internal.
  Queries(warehouse::Warehouse& warehouse, loading::Loader& loader, catalog::Catalog& catalog,
          std::unique_ptr<RecordSource> records, Clock& clock);

  /// Other regions, for orgs whose ledgers are there; before the first call, must outlive this. Without: every org's is
  /// here. totals() and billed_page() ask them for no longer than the budget (regions.read_budget).
  void set_part_source(PartSource* source, std::int64_t read_budget_ms = 3'000) {
    part_source_ = source;
    read_budget_ms_ = read_budget_ms;
  }
  [[nodiscard]] PartSource* part_source() const { return part_source_; }
  [[nodiscard]] bool has_passed(Instant as_of) const;  ///< no clock is to be waited for below
  /// Reads this region's part of the request, whatever region the catalogue says an org is in. Waits until the clock
  /// has passed its instant and its records are loaded, at most `wait_ms_max`: busy, with how far it is. From then on
  /// nothing is ever committed at or before the instant. `look` is asked now and then.
  Status read_part(const PartRequest& request, PartSink& sink, std::int64_t wait_ms_max,
                   const std::function<Status()>& look = {});
  /// The same as of a snapshot that was pinned here, at its position; request.as_of is not looked at. busy: not loaded.
  Status read_part(const Snapshot& snapshot, const PartRequest& request, PartSink& sink,
                   const std::function<Status()>& look = {});
  /// This region's rows of totals over the orgs, in no order: what PartSource::totals() answers elsewhere.
  Result<std::vector<TotalRow>> own_totals(const TotalsRequest& request, const std::vector<std::string>& orgs,
                                           Instant as_of, std::int64_t wait_ms_max);

  /// Pins now (or the asked position or time): {T, ledger position, catalogue position}. invalid: beyond the ledger.
  Result<Snapshot> pin(std::optional<std::uint64_t> position, std::optional<Instant> time);
  /// Waits until the snapshot's records are loaded.
  Status wait_loaded(const Snapshot& snapshot, std::int64_t wait_ms_max);
  Result<catalog::SnapshotPtr> catalogue(const Snapshot& snapshot);

  /// Cuts [first, last] x orgs into slices of at most `records_max` facts (one day of one org is never cut), in
  /// the order days-then-orgs (`days_major`) or orgs-then-days; days descending if asked.
  struct SliceOrder {
    bool days_major = true;
    bool days_descending = false;
  };
  Result<std::vector<Slice>> plan_slices(const Snapshot& snapshot, const ReportOrgs& orgs, Day first, Day last,
                                         const std::string& meter, SliceOrder order, std::uint64_t records_max);
  /// Meters (ids, byte order) with usage in the period.
  Result<std::vector<std::string>> meters_in_use(const Snapshot& snapshot, const ReportOrgs& orgs, Day first, Day last);
  /// Meters (ids, byte order) with a SUMMARY row in the period, those that the server makes included. `look` as of
  /// summary_rows().
  Result<std::vector<std::string>> summary_meters(const Snapshot& snapshot, const catalog::Snapshot& catalogue,
                                                  const ReportOrgs& orgs, Day first, Day last,
                                                  const std::function<Status()>& look = {});

  // Rated rows of a slice. Usage is rated day by day from the start of its org's billing period (informatica.md 8.1),
  // whatever the slice and the report cover; an org has rows of its own days (ReportOrg::days) only. internal: usage is
  // on a meter that the catalogue does not hold.

  /// By date, org rank (its place in `orgs`), meter id. With the rows that the server makes: usage 0 of category
  /// RECORDS_STORED, category ORGS (crosswalk 1.3); they end with the snapshot's day (a sandbox org's total with its
  /// last row). `look` is asked now and then while what many sandbox orgs add up to is read, before the first row; its
  /// error comes back.
  Status summary_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                      const Slice& slice, const std::function<Status(const SummaryRow&)>& each,
                      const std::function<Status()>& look = {});
  /// By date descending, org rank, project, folder (byte order, none last).
  Status project_folder_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                             const Slice& slice, const std::function<Status(const ProjectFolderRow&)>& each);
  /// By meter id, date descending, org rank, asset name, asset type, project, folder, environment name, environment
  /// type (byte order, none last), tier.
  Status asset_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                    const Slice& slice, const std::function<Status(const AssetRow&)>& each);
  /// The slice's usage records, read from the ledger, by position. A record that was taken back (reversed at or before
  /// the snapshot) and its reversal are passed over, also where they amend: what is left is what holds. Erased records
  /// have nothing left to show and are passed over too. Days as in rated rows.
  Status records(const Snapshot& snapshot, const ReportOrgs& orgs, const Slice& slice,
                 const std::function<Status(const RecordRow&)>& each);

  /// Rows of `spec` over [period.from, period.to), whole hours; `orgs` in place of spec.orgs. The catalogue must
  /// outlive the reader.
  Result<std::unique_ptr<BilledUsage>> billed_usage(const Snapshot& snapshot, catalog::SnapshotPtr catalogue,
                                                    const std::vector<const Org*>& orgs, Period period,
                                                    const BilledUsageSpec& spec);
  /// One page of such rows at once, in order; viewer, exporter or admin on the org and each of spec.orgs, and
  /// spec.project the principal's where that is bound to one: else forbidden (also unknown orgs). Sees all that was
  /// acknowledged before the call, waiting for it up to 2 s: else busy; region_unavailable as totals(). An error of
  /// `each` comes back; after any error what `each` got is worth nothing.
  Result<BilledPage> billed_page(const Principal& principal, const BilledPageRequest& request,
                                 const std::function<Status(const BilledRow&)>& each);
  /// Everything that is durable now, for a synchronous read; wait_loaded() next.
  Result<Snapshot> pin_durable();

  /// Totals for GET /v1/usage; viewer, exporter or admin on the org (and, all_linked, on each linked org), not bound to
  /// a project. Sees all that was acknowledged before the call, waiting for it up to 2 s: else busy. region_unavailable
  /// names a region that does not answer; not_found: org or meter unknown or hidden; too_large: over 200,000 rows.
  Result<TotalsAnswer> totals(const Principal& principal, const TotalsRequest& request);

 private:
  Result<Snapshot> with_catalogue(Instant as_of, std::uint64_t position);
  Result<BilledPage> page_over_regions(const Snapshot& snapshot, const catalog::SnapshotPtr& catalogue,
                                       const BilledPageRequest& request, const std::vector<RegionShare>& shares,
                                       const std::function<Status(const BilledRow&)>& each);
  Status require_ledger() const;
  /// How long nothing will be committed at or before an instant: while this process runs, or for ever.
  enum class Fence { while_running, durable };
  /// Waits until the clock has passed the instant, fences it and says what was committed up to it. busy after
  /// `wait_ms_max`.
  Result<std::uint64_t> settled_position(Instant as_of, Fence fence, std::int64_t wait_ms_max,
                                         const std::function<Status()>& look);
  warehouse::Warehouse& warehouse_;
  loading::Loader& loader_;
  catalog::Catalog& catalog_;
  ledger::Log* log_;  ///< null: over a part store
  std::unique_ptr<RecordSource> records_;
  Clock& clock_;
  PartSource* part_source_ = nullptr;
  std::int64_t read_budget_ms_ = 0;
};

}  // namespace meterport::queries
