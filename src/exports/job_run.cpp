#include "exports/job_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "exports/manifest.h"
#include "exports/scope.h"

namespace meterport::exports {
namespace {

constexpr std::size_t flush_bytes = std::size_t{512} << 10;
constexpr std::int64_t wait_step_ms = 50;
/// Rows between two looks at whether the run was interrupted.
constexpr std::uint64_t rows_per_look = 512;
/// Rows of a slice that spans several files wait in memory until it is read whole.
constexpr std::uint64_t gathered_records_max = 200'000;
/// A guess below any real row, so that a file is announced as large only when it can be.
constexpr std::uint64_t row_bytes_guess = 128;
constexpr std::uint64_t large_bytes = std::uint64_t{4} << 30;

}  // namespace

std::unexpected<Error> interrupted() {
  return fail(ErrorKind::busy, "The export was interrupted.");
}

Progress RunWatch::progress() const {
  return {slices_done, slices, rows, bytes, is_waiting_for_loading ? "loading" : ""};
}

JobRun::JobRun(const Context& context, StoredJob& stored, std::string tag, RunWatch& watch)
    : context_(context), stored_(stored), tag_(std::move(tag)), watch_(watch) {}

JobRun::~JobRun() = default;

Status JobRun::run() {
  if (auto ready = prepare(); !ready) return ready;
  if (auto written = write(); !written) return written;
  if (auto finished = artifact_->finish(); !finished) return finished;
  if (watch_.is_interrupted()) return interrupted();
  return publish();
}

Status JobRun::write() {
  const ExportSpec& spec = stored_.job.spec;
  if (spec.kind == ExportKind::billed_usage) return write_billed();
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
  for (std::size_t rank = 0; rank < orgs_.size(); ++rank) rank_of_.emplace(orgs_[rank].org, rank);
  first_ = day_of(spec.period.from);
  last_ = day_of(spec.period.to.plus_us(-1));
  if (auto loaded = wait_loaded(); !loaded) return loaded;
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

/// Busy is a loader that is behind or tries a batch again; any other error is one that waiting does not mend.
Status JobRun::wait_loaded() {
  using Steady = std::chrono::steady_clock;
  const auto until = Steady::now() + std::chrono::milliseconds(context_.loading_wait_ms_max);
  for (;;) {
    if (watch_.is_interrupted()) return interrupted();
    auto loaded = context_.queries.wait_loaded(stored_.job.snapshot, wait_step_ms);
    const bool is_busy = !loaded && loaded.error().kind == ErrorKind::busy && Steady::now() < until;
    watch_.is_waiting_for_loading = is_busy;
    if (!is_busy) return loaded ? Status() : unreadable(std::move(loaded));
  }
}

Result<std::vector<queries::Slice>> JobRun::plan(const std::string& meter, bool days_major, std::uint64_t records_max) {
  const bool is_descending = stored_.job.spec.kind == ExportKind::project_folder;
  auto slices = context_.queries.plan_slices(stored_.job.snapshot, orgs_, first_, last_, meter,
                                             {.days_major = days_major, .days_descending = is_descending}, records_max);
  if (!slices) return unreadable(std::move(slices));
  watch_.slices += slices->size();
  return slices;
}

Result<std::vector<JobRun::PlannedFile>> JobRun::plan_files() {
  const ExportSpec& spec = stored_.job.spec;
  if (spec.split == FileSplit::per_meter) return plan_meters();
  auto slices = plan(spec.meter, true, context_.slice_records_max);
  if (!slices) return fail(std::move(slices));
  std::vector<PlannedFile> files;
  files.push_back({file_name(informatica_id_or_id(*orgs_.front().org)), std::move(*slices)});
  return files;
}

Result<std::vector<JobRun::PlannedFile>> JobRun::plan_meters() {
  auto meters = context_.queries.summary_meters(stored_.job.snapshot, *catalogue_, orgs_, first_, last_);
  if (!meters) return unreadable(std::move(meters));
  std::vector<PlannedFile> files;
  for (const std::string& meter : *meters) {
    if (!stored_.job.spec.meter.empty() && meter != stored_.job.spec.meter) continue;
    auto slices = plan(meter, true, context_.slice_records_max);
    if (!slices) return fail(std::move(slices));
    files.push_back({file_name(meter), std::move(*slices)});
    if (watch_.is_interrupted()) return interrupted();
  }
  if (files.empty()) files.push_back({file_name(informatica_id_or_id(*orgs_.front().org)), {}});  // a header alone
  return files;
}

/// Large when the file can well have 4 GiB: facts add up to at most a row per org, meter and day.
formats::EntrySize JobRun::size_of(const std::vector<queries::Slice>& slices, std::uint64_t orgs) const {
  if (stored_.job.spec.kind != ExportKind::summary) return formats::EntrySize::ordinary;
  std::uint64_t records = 0;
  for (const queries::Slice& slice : slices) records += slice.records;
  const auto days = static_cast<std::uint64_t>(last_.days - first_.days + 1);
  const std::uint64_t rows = std::min<std::uint64_t>(records, orgs * days * catalogue_->meters().size());
  return rows >= large_bytes / row_bytes_guess ? formats::EntrySize::large : formats::EntrySize::ordinary;
}

Status JobRun::write_files() {
  auto files = plan_files();
  if (!files) return fail(std::move(files));
  for (const PlannedFile& file : *files) {
    auto begun =
        artifact_->begin_file(file.name, size_of(file.slices, orgs_.size()), csv_header(stored_.job.spec.kind));
    if (!begun) return begun;
    for (const queries::Slice& slice : file.slices) {
      if (auto read = read_slice(slice); !read) return read;
      if (auto written = write_lines(stream_); !written) return written;
    }
    if (auto ended = artifact_->end_file(); !ended) return ended;
    note_progress();
  }
  return {};
}

Status JobRun::write_files_by_org() {
  auto slices = plan(stored_.job.spec.meter, false, std::min(context_.slice_records_max, gathered_records_max));
  if (!slices) return fail(std::move(slices));
  org_slices_ = std::move(*slices);
  for (const queries::Slice& slice : org_slices_) {
    if (slice.org_end - slice.org_first == 1) {
      if (auto open = advance_to(slice.org_first); !open) return open;
      if (auto read = read_slice(slice); !read) return read;
      if (auto written = write_lines(stream_); !written) return written;
    } else if (auto written = write_slice_by_org(slice); !written) {
      return written;
    }
    note_progress();
  }
  if (auto open = advance_to(orgs_.size() - 1); !open) return open;
  return artifact_->end_file();
}

/// Rows come by date first, the files are by org: gathered, then written file after file.
Status JobRun::write_slice_by_org(const queries::Slice& slice) {
  by_org_first_ = slice.org_first;
  by_org_.resize(slice.org_end - slice.org_first);
  if (auto read = read_slice(slice); !read) return read;
  for (std::size_t i = 0; i < by_org_.size(); ++i) {
    if (auto open = advance_to(slice.org_first + i); !open) return open;
    if (auto written = write_lines(by_org_[i]); !written) return written;
  }
  by_org_.clear();
  by_org_.shrink_to_fit();
  return {};
}

/// Makes the org's file the open one. Orgs in between have no row and get a header alone.
Status JobRun::advance_to(std::size_t rank) {
  while (files_begun_ <= rank) {
    if (files_begun_ > 0) {
      if (auto ended = artifact_->end_file(); !ended) return ended;
    }
    const std::size_t next = files_begun_++;
    std::vector<queries::Slice> own;  // an org with much usage has slices of its own
    for (const queries::Slice& slice : org_slices_) {
      if (slice.org_first == next && slice.org_end == next + 1) own.push_back(slice);
    }
    auto begun = artifact_->begin_file(file_name(informatica_id_or_id(*orgs_[next].org)), size_of(own, 1),
                                       csv_header(stored_.job.spec.kind));
    if (!begun) return begun;
  }
  if (files_begun_ == rank + 1) return {};
  return fail(ErrorKind::internal, "The export could not be made: its rows are out of order.");
}

template <class Row>
Status JobRun::take_row(const Row& row) {
  Lines& lines = by_org_.empty() ? stream_ : by_org_[rank_of_.find(row.org)->second - by_org_first_];
  rows_.append(lines.text, row);
  return row_taken(lines);
}

Status JobRun::row_taken(Lines& lines) {
  ++lines.rows;
  if (rows_seen_++ % rows_per_look == 0 && watch_.is_interrupted()) return interrupted();
  return &lines == &stream_ && lines.text.size() >= flush_bytes ? write_lines(stream_) : Status();
}

Status JobRun::read_slice(const queries::Slice& slice) {
  if (watch_.is_interrupted()) return interrupted();
  const Snapshot& snapshot = stored_.job.snapshot;
  Status read;
  if (stored_.job.spec.kind == ExportKind::project_folder) {
    read = context_.queries.project_folder_rows(snapshot, *catalogue_, orgs_, slice,
                                                [this](const queries::ProjectFolderRow& row) { return take_row(row); });
  } else {
    read = context_.queries.summary_rows(snapshot, *catalogue_, orgs_, slice,
                                         [this](const queries::SummaryRow& row) { return take_row(row); });
  }
  if (!read && !artifact_->has_failed() && !watch_.is_interrupted()) return unreadable(std::move(read));
  ++watch_.slices_done;
  return read;
}

Status JobRun::write_lines(Lines& lines) {
  Status written = artifact_->write_rows(lines.text, lines.rows);
  lines.text.clear();
  lines.rows = 0;
  note_progress();
  return written;
}

void JobRun::note_progress() {
  watch_.rows = rows();
  watch_.bytes = artifact_->csv_bytes();
}

std::vector<ControlTotal> JobRun::totals() const {
  if (!billed_) return rows_.totals();
  if (billed_->rows() == 0) return {};
  return {{.meter = {},
           .rows = billed_->rows(),
           .quantity = billed_->quantity(),
           .billable = billed_->billable(),
           .ipu = {}}};
}

Status JobRun::publish() {
  Job& job = stored_.job;
  ++job.revision;
  auto published = artifact_->publish(manifest_json(stored_, *artifact_, totals()));
  if (!published) {
    --job.revision;
    return published;
  }
  job.artifact_path = artifact_->path();
  job.manifest_path = artifact_->manifest_path();
  job.artifact_bytes = artifact_->bytes();
  job.artifact_sha256 = to_hex(artifact_->sha256());
  job.rows = rows();
  const bool is_whole = stored_.missing.ids.empty();
  job.state = is_whole ? JobState::success : JobState::partial_success;
  job.error = stored_.missing.text;
  return {};
}

}  // namespace meterport::exports
