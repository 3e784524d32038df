// The rows of billed usage: one CSV, written slice by slice as the reader hands them out.
#include <fmt/format.h>

#include "exports/job_run.h"

namespace meterport::exports {

/// Of a report all of whose orgs are gaps: no row.
Status JobRun::write_no_billed() {
  const ExportSpec& spec = stored_.job.spec;
  billed_ = std::make_unique<BilledCsv>(spec.billed, last_);
  const std::string stem = fmt::format("REPORT-{}", stored_.job.number);
  auto begun = artifact_->begin_file(file_name(stem), formats::EntrySize::ordinary, billed_->header());
  return begun ? artifact_->end_file() : begun;
}

Status JobRun::write_billed() {
  if (orgs_.empty()) return write_no_billed();
  const ExportSpec& spec = stored_.job.spec;
  std::vector<const Org*> orgs;
  for (const queries::ReportOrg& one : orgs_) orgs.push_back(one.org);
  auto reader = queries_->billed_usage(snapshot_, catalogue_, orgs, spec.period, spec.billed);
  if (!reader) return unreadable(std::move(reader));
  (*reader)->set_look([this] { return watch_.is_interrupted() ? Status(interrupted()) : Status(); });
  billed_ = std::make_unique<BilledCsv>(spec.billed, last_);
  watch_.slices = (*reader)->slices();
  const std::string stem =
      stored_.job.number > 0 ? fmt::format("REPORT-{}", stored_.job.number) : informatica_id_or_id(*orgs.front());
  if (auto begun = artifact_->begin_file(file_name(stem), formats::EntrySize::ordinary, billed_->header()); !begun) {
    return begun;
  }
  for (std::uint64_t slice = 0; slice < watch_.slices; ++slice) {
    if (watch_.is_interrupted()) return interrupted();
    Status read = (*reader)->read_next([this](const queries::BilledRow& row) { return take_billed(row); });
    if (!read && !artifact_->has_failed() && !watch_.is_interrupted()) return unreadable(std::move(read));
    if (!read) return read;
    ++watch_.slices_done;
    if (auto written = write_lines(stream_); !written) return written;
  }
  return artifact_->end_file();
}

Status JobRun::take_billed(const queries::BilledRow& row) {
  const std::uint64_t rows_max = stored_.job.spec.billed.rows_max;
  if (rows_max > 0 && rows_ == rows_max) {
    return fail(ErrorKind::too_large,
                fmt::format("it has more than {} rows, which is the most it may have.", rows_max));
  }
  billed_->append(stream_.text, row);
  return row_taken(stream_);
}

}  // namespace meterport::exports
