// Kind job-level: one CSV per meter, of records read from the ledger by position and sorted before they are written.
#include <fmt/format.h>

#include <utility>

#include "exports/job_run.h"

namespace meterport::exports {
namespace {

constexpr std::uint64_t large_bytes = std::uint64_t{4} << 30;

}  // namespace

Status JobRun::write_job_level() {
  auto planned = plan_records();
  if (!planned) return fail(std::move(planned));
  for (const PlannedFile& file : *planned) {
    if (auto written = write_records(file); !written) return written;
  }
  if (!artifact_->files().empty()) return {};
  const std::string_view header = job_level_header(job_level_layout(job_level_default_meter));
  auto begun = artifact_->begin_file(job_level_file(job_level_default_meter), formats::EntrySize::ordinary, header);
  return begun ? artifact_->end_file() : begun;
}

/// Named by their meters.
Result<std::vector<JobRun::PlannedFile>> JobRun::plan_records() {
  std::vector<std::string> meters = {stored_.job.spec.meter};
  if (meters.front().empty()) {
    auto used = queries_->meters_in_use(snapshot_, orgs_, first_, last_);
    if (!used) return unreadable(std::move(used));
    meters = std::move(*used);
  }
  std::vector<PlannedFile> files;
  for (std::string& meter : meters) {
    if (watch_.is_interrupted()) return interrupted();
    auto slices = slices_of(orgs_, meter, Order::days_first, context_.slice_records_max);
    if (!slices) return fail(std::move(slices));
    note_slices(*slices);
    files.push_back({std::move(meter), std::move(*slices)});
  }
  return files;
}

Status JobRun::write_records(const PlannedFile& file) {
  const Org& org = *orgs_.front().org;
  const Meter* meter = catalogue_->meter_of_usage(org.id, file.name, last_);
  const std::string path =
      fmt::format("{}/{}-{}.sort.{}", context_.folder, stored_.job.id, stored_.job.revision + 1, tag_);
  JobLevelLines lines(context_.files,
                      {.path = path,
                       .memory_bytes = context_.sort_memory_bytes,
                       .look = [this] { return watch_.is_interrupted() ? Status(interrupted()) : Status(); }},
                      {.layout = job_level_layout(file.name),
                       .org_id = informatica_id_or_id(org),
                       .has_hours = meter != nullptr && meter->scalar_or_unit() == "HOURS",
                       .sums_bytes_max = context_.sort_memory_bytes / 4});
  if (auto read = read_records(file, lines); !read) return read;
  // What its records were may have been taken back since.
  const bool is_asked_for = !stored_.job.spec.meter.empty();
  return lines.is_empty() && !is_asked_for ? Status() : write_sorted(file, lines);
}

Status JobRun::read_records(const PlannedFile& file, JobLevelLines& lines) {
  for (const queries::Slice& slice : file.slices) {
    if (watch_.is_interrupted()) return interrupted();
    Status read = queries_->records(snapshot_, orgs_, slice, [&](const queries::RecordRow& row) -> Status {
      if (auto may_go_on = look(); !may_go_on) return may_go_on;
      return lines.add(row);
    });
    if (!read && !lines.has_failed() && !watch_.is_interrupted()) return unreadable(std::move(read));
    if (!read) return read;
    ++watch_.slices_done;
  }
  return {};
}

Status JobRun::write_sorted(const PlannedFile& file, JobLevelLines& lines) {
  const auto size = lines.bytes_min() >= large_bytes ? formats::EntrySize::large : formats::EntrySize::ordinary;
  const std::string_view header = job_level_header(job_level_layout(file.name));
  if (auto begun = artifact_->begin_file(job_level_file(file.name), size, header); !begun) return begun;
  const std::uint64_t rows_before = rows_;
  Status sorted = lines.write([this](std::string_view line) {
    stream_.text += line;
    return row_taken(stream_);
  });
  if (!sorted) return sorted;
  if (auto written = write_lines(stream_); !written) return written;
  if (auto ended = artifact_->end_file(); !ended) return ended;
  if (rows_ > rows_before) {
    job_level_totals_.push_back(
        {.meter = file.name, .rows = rows_ - rows_before, .quantity = lines.quantity(), .billable = {}, .ipu = {}});
  }
  return {};
}

}  // namespace meterport::exports
