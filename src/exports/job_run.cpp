#include "exports/job_run.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "exports/manifest.h"
#include "exports/scope.h"

namespace meterport::exports {
namespace {

constexpr std::size_t flush_bytes = std::size_t{512} << 10;
/// Rows between two looks at whether the run was interrupted.
constexpr std::uint64_t rows_per_look = 512;

}  // namespace

JobRun::JobRun(const Context& context, StoredJob& stored, std::string tag, RunWatch& watch)
    : context_(context),
      stored_(stored),
      tag_(std::move(tag)),
      watch_(watch),
      queries_(&context.queries),
      snapshot_(stored.job.snapshot) {}

JobRun::~JobRun() = default;

Status JobRun::run() {
  if (auto ready = prepare(); !ready) return ready;
  if (auto written = write(); !written) return written;
  if (auto finished = artifact_->finish(); !finished) return finished;
  if (watch_.is_interrupted()) return interrupted();
  return publish();
}

Result<bool> JobRun::fill() {
  is_filling_ = true;
  auto done = run();
  if (!done && !is_nothing_new_) return fail(std::move(done));
  return done.has_value();
}

Status JobRun::write() {
  const ExportSpec& spec = stored_.job.spec;
  if (spec.kind == ExportKind::billed_usage) return write_billed();
  if (spec.kind == ExportKind::job_level) return write_job_level();
  return spec.split == FileSplit::per_org && orgs_.size() > 1 ? write_files_by_org() : write_files();
}

Status JobRun::prepare() {
  const ExportSpec& spec = stored_.job.spec;
  auto catalogue = context_.queries.catalogue(stored_.job.snapshot);
  if (!catalogue) return unreadable(std::move(catalogue));
  catalogue_ = std::move(*catalogue);
  orgs_ = orgs_of_export(*catalogue_, spec, stored_.missing.ids);
  if (orgs_.empty()) {
    return fail(ErrorKind::internal, "The export could not be made: its organization is not in the catalogue.");
  }
  first_ = day_of(spec.period.from);
  last_ = day_of(spec.period.to.plus_us(-1));
  if (auto gathered = gather(); !gathered) return gathered;
  for (std::size_t rank = 0; rank < orgs_.size(); ++rank) rank_of_.emplace(orgs_[rank].org, rank);
  auto artifact =
      Artifact::create(context_.files, {.folder = context_.folder,
                                        .name = fmt::format("{}-{}", stored_.job.id, stored_.job.revision + 1),
                                        .packing = packing_of(spec.kind),
                                        .tag = tag_,
                                        .time = stored_.job.snapshot.as_of,
                                        .deflate_threads = context_.deflate_threads});
  if (!artifact) return fail(std::move(artifact));
  artifact_ = std::move(*artifact);
  return {};
}

Status JobRun::until_loaded(const std::function<Status()>& attempt) {
  using Steady = std::chrono::steady_clock;
  const auto until = Steady::now() + std::chrono::milliseconds(context_.loading_wait_ms_max);
  for (;;) {
    if (watch_.is_interrupted()) return interrupted();
    Status loaded = attempt();
    const bool is_busy = !loaded && loaded.error().kind == ErrorKind::busy && Steady::now() < until;
    watch_.wait_for(is_busy ? "loading" : "");
    if (!is_busy) return loaded ? Status() : unreadable(std::move(loaded));
  }
}

Result<std::vector<queries::Slice>> JobRun::slices_of(const queries::ReportOrgs& orgs, const std::string& meter,
                                                      Order order, std::uint64_t records_max) {
  const ExportKind kind = stored_.job.spec.kind;
  const bool is_descending = kind == ExportKind::project_folder || kind == ExportKind::asset;
  auto slices =
      queries_->plan_slices(snapshot_, orgs, first_, last_, meter,
                            {.days_major = order == Order::days_first, .days_descending = is_descending}, records_max);
  if (!slices) return unreadable(std::move(slices));
  return slices;
}

Status JobRun::look() {
  return looks_++ % rows_per_look == 0 && watch_.is_interrupted() ? Status(interrupted()) : Status();
}

Status JobRun::row_taken(Lines& lines) {
  ++lines.rows;
  ++rows_;
  if (auto may_go_on = look(); !may_go_on) return may_go_on;
  return &lines == &stream_ && lines.text.size() >= flush_bytes ? write_lines(stream_) : Status();
}

Status JobRun::write_lines(Lines& lines) {
  Status written = artifact_->write_rows(lines.text, lines.rows);
  lines.text.clear();
  lines.rows = 0;
  note_progress();
  return written;
}

void JobRun::note_progress() {
  watch_.rows = rows_;
  watch_.bytes = artifact_->csv_bytes();
}

std::vector<ControlTotal> JobRun::totals() const {
  switch (stored_.job.spec.kind) {
    case ExportKind::asset:
      return asset_csv_.totals();
    case ExportKind::job_level:
      return job_level_totals_;
    case ExportKind::billed_usage:
      if (rows_ == 0) return {};
      return {
          {.meter = {}, .rows = rows_, .quantity = billed_->quantity(), .billable = billed_->billable(), .ipu = {}}};
    case ExportKind::summary:
    case ExportKind::project_folder:
    case ExportKind::usage:
      return csv_rows_.totals();
  }
  return {};
}

Status JobRun::publish() {
  Job& job = stored_.job;
  ++job.revision;
  job.gaps.swap(gaps_);
  auto published = artifact_->publish(manifest_json(stored_, *artifact_, totals()));
  if (!published) {
    --job.revision;
    job.gaps.swap(gaps_);
    return published;
  }
  job.artifact_path = artifact_->path();
  job.manifest_path = artifact_->manifest_path();
  job.artifact_bytes = artifact_->bytes();
  job.artifact_sha256 = to_hex(artifact_->sha256());
  job.rows = rows_;
  const bool is_whole = stored_.missing.ids.empty() && job.gaps.empty();
  job.state = is_whole ? JobState::success : JobState::partial_success;
  job.error = stored_.missing.text;
  if (!job.error.empty() && !gap_texts_.empty()) job.error += ' ';
  job.error += gap_texts_;
  return {};
}

}  // namespace meterport::exports
