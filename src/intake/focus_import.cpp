#include "intake/focus_import.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/focus.h"
#include "intake/focus_plan.h"
#include "intake/import_pipeline.h"

namespace meterport::intake {
namespace {

using formats::FocusFile;
using formats::FocusRow;

constexpr std::size_t rows_per_batch = 2'000;
constexpr std::size_t conflict_notices_max = 20;
constexpr std::string_view channel = "import:focus";
constexpr std::string_view layout_space = "focus-layout";

/// crosswalk 5.1 "top": the one named, else the only production org the principal may know.
Result<const Org*> find_top(const catalog::Snapshot& snapshot, const Principal& principal, const std::string& into,
                            Day today) {
  std::vector<const Org*> candidates;
  for (const Org* org : snapshot.orgs()) {
    if (org->kind != OrgKind::production || org->status_on(today) == OrgStatus::deleted) continue;
    if (snapshot.may_know(principal, org->id) && (into.empty() || org->id == into)) candidates.push_back(org);
  }
  if (candidates.size() == 1) return candidates.front();
  if (!into.empty()) {
    return fail(ErrorKind::invalid, fmt::format("into: there is no production org \"{}\"", into), {}, "into");
  }
  if (candidates.empty())
    return fail(ErrorKind::invalid, "into: there is no production org to import into", {}, "into");
  std::string names;
  for (const Org* org : candidates) names += (names.empty() ? "" : ", ") + org->id;
  return fail(ErrorKind::invalid, fmt::format("into: name the production org to import into: {}", names), {}, "into");
}

class FocusImport {
 public:
  FocusImport(Intake& intake, catalog::Catalog& catalog, const Principal& principal, const Progress& progress)
      : intake_(intake), catalog_(catalog), principal_(principal), progress_(progress) {}

  Result<ImportReport> run(FocusFile& file, const std::string& into) {
    report_.rows = file.rows.size();
    report_.header = file.header_raw;
    if (Status made = make_places(file, into); !made) return fail(std::move(made));
    report_refused(file);
    if (!accepted_.empty()) {
      if (Status kept = keep_layout(file.layout); !kept) return fail(std::move(kept));
    }
    if (Status sent = send_rows(); !sent) return fail(std::move(sent));
    std::ranges::sort(report_.rejected_rows, {}, &RejectedRow::line);
    report_.rejected = report_.rejected_rows.size();
    add_up_costs();
    return std::move(report_);
  }

 private:
  Status make_places(FocusFile& file, const std::string& into);
  void report_refused(const FocusFile& file);
  Status keep_layout(const formats::FocusLayout& layout);
  Status send_rows();
  void collect(std::span<const FocusRow* const> rows, const BatchResult& result);
  void reject(const FocusRow& row, RecordError error);
  void add_up_costs();

  Intake& intake_;
  catalog::Catalog& catalog_;
  const Principal& principal_;
  const Progress& progress_;
  ImportReport report_;
  std::vector<const FocusRow*> accepted_;
  std::uint64_t rows_done_ = 0;
};

Status FocusImport::make_places(FocusFile& file, const std::string& into) {
  const catalog::SnapshotPtr snapshot = catalog_.current();
  const Day today = day_of(intake_.now());
  const Result<const Org*> top = find_top(*snapshot, principal_, into, today);
  if (!top) return fail(top);
  FocusPlan plan(*snapshot, **top, today);
  plan.place(file);
  report_.notices = std::move(plan.notices);
  if (plan.new_orgs.empty() && plan.new_meters.empty()) return {};
  report_.orgs_made = plan.new_orgs.size();
  report_.meters_made = plan.new_meters.size();
  catalog::CatalogueFile changes;
  changes.orgs = std::move(plan.new_orgs);
  changes.meters = std::move(plan.new_meters);
  changes.users_json = "[]";
  Result<catalog::ChangeSummary> applied = catalog_.apply(principal_, changes);
  if (!applied) return fail(std::move(applied));
  for (std::string& notice : applied->notices) report_.notices.push_back(std::move(notice));
  return {};
}

void FocusImport::report_refused(const FocusFile& file) {
  accepted_.reserve(file.rows.size());
  for (const FocusRow& row : file.rows) {
    if (row.error) {
      reject(row, *row.error);
    } else {
      accepted_.push_back(&row);
    }
  }
  rows_done_ = report_.rejected_rows.size();
}

Status FocusImport::keep_layout(const formats::FocusLayout& layout) {
  const std::string members =
      fmt::format(R"("kind":"focus-layout","id":"{}","layout":{})", layout.key(), layout.to_json());
  const Result<ledger::Position> kept =
      intake_.keep_once(principal_, std::string(channel), layout_space, layout.key(), members);
  return kept ? Status() : Status(fail(kept));
}

Status FocusImport::send_rows() {
  ImportPipeline pipeline(intake_, principal_, std::string(channel));
  const std::span<const FocusRow* const> all(accepted_);
  for (std::size_t begin = 0; begin < all.size(); begin += rows_per_batch) {
    const auto rows = all.subspan(begin, std::min(rows_per_batch, all.size() - begin));
    const auto make = [rows]() -> Result<RecordBatch> {
      RecordBatch batch;
      batch.items.reserve(rows.size());
      for (const FocusRow* row : rows) batch.items.push_back({row->record, std::nullopt});
      return batch;
    };
    Status sent = pipeline.send(make, [this, rows](const BatchResult& result) { collect(rows, result); });
    if (!sent) return sent;
  }
  return pipeline.finish();
}

void FocusImport::collect(std::span<const FocusRow* const> rows, const BatchResult& result) {
  report_.stored += result.stored;
  report_.duplicates += result.duplicates;
  report_.conflicts += result.conflicts;
  report_.last_position = std::max(report_.last_position, result.last_position);
  rows_done_ += rows.size();
  if (progress_) progress_(rows_done_, report_.rows);
  if (result.conflicts + result.rejected == 0) return;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ItemResult& item = result.items[i];
    if (!item.error) continue;
    if (item.state == ItemState::rejected) {
      RecordError error = *item.error;
      error.text = fmt::format("line {}: {}", rows[i]->line, error.text);
      reject(*rows[i], std::move(error));
    } else if (report_.notices.size() < conflict_notices_max) {
      report_.notices.push_back(fmt::format("line {}: {}", rows[i]->line, item.error->text));
    }
  }
}

void FocusImport::reject(const FocusRow& row, RecordError error) {
  RejectedRow& rejected = report_.rejected_rows.emplace_back();
  rejected.line = row.line;
  rejected.id = row.original_id;
  rejected.charge_category = row.charge_category;
  rejected.billed_cost = row.billed_cost;
  rejected.currency = row.billing_currency;
  rejected.error = std::move(error);
  rejected.row = row.raw;
}

void FocusImport::add_up_costs() {
  std::map<std::string, Total> sums;
  for (const RejectedRow& row : report_.rejected_rows) {
    if (row.billed_cost.empty()) continue;
    if (const auto cost = Decimal::parse(row.billed_cost)) {
      sums[row.currency] += Total(*cost);
    } else {
      report_.notices.push_back(
          fmt::format("line {}: its BilledCost {} is not in the sum of rejected costs", row.line, row.billed_cost));
    }
  }
  for (const auto& [currency, sum] : sums) report_.rejected_billed_cost[currency] = sum.to_text();
}

}  // namespace

Result<ImportReport> import_focus(Intake& intake, catalog::Catalog& catalog, const Principal& principal,
                                  const Settings& settings, std::string bytes, const std::string& into,
                                  const Progress& progress) {
  const formats::FocusOptions options{settings.text("focus.project_tag"), settings.text("focus.folder_tag")};
  Result<FocusFile> file = formats::read_focus(std::move(bytes), options);
  if (!file) return fail(std::move(file));
  return FocusImport(intake, catalog, principal, progress).run(*file, into);
}

}  // namespace meterport::intake
