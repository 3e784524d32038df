// The files of rated rows: summary, project-folder, asset. One after the other, slice by slice.
#include <algorithm>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "exports/job_run.h"

namespace meterport::exports {
namespace {

/// Rows of a slice that spans several files wait in memory until it is read whole.
constexpr std::uint64_t gathered_records_max = 200'000;
/// A guess below any real row, so that a file is announced as large only when it can be.
constexpr std::uint64_t row_bytes_guess = 128;
constexpr std::uint64_t large_bytes = std::uint64_t{4} << 30;

/// Cuts slices of more orgs than that; a part says the records of the whole.
std::vector<queries::Slice> cut_orgs(const std::vector<queries::Slice>& slices, std::size_t orgs_max) {
  std::vector<queries::Slice> cut;
  for (queries::Slice slice : slices) {
    const std::size_t end = slice.org_end;
    for (; slice.org_first < end; slice.org_first = slice.org_end) {
      slice.org_end = std::min(slice.org_first + orgs_max, end);
      cut.push_back(slice);
    }
  }
  return cut;
}

}  // namespace

Result<std::vector<JobRun::PlannedFile>> JobRun::plan_files() {
  const ExportSpec& spec = stored_.job.spec;
  if (spec.split == FileSplit::per_meter) return plan_meters();
  auto slices = spec.kind == ExportKind::asset
                    ? plan_assets()
                    : slices_of(orgs_, spec.meter, Order::days_first, context_.slice_records_max);
  if (!slices) return fail(std::move(slices));
  note_slices(*slices);
  std::vector<PlannedFile> files;
  files.push_back({file_name(informatica_id_or_id(*orgs_.front().org)), std::move(*slices)});
  return files;
}

Result<std::vector<JobRun::PlannedFile>> JobRun::plan_meters() {
  auto meters = queries_->summary_meters(snapshot_, *catalogue_, orgs_, first_, last_,
                                         [this] { return watch_.is_interrupted() ? Status(interrupted()) : Status(); });
  if (!meters) return unreadable(std::move(meters));
  std::vector<PlannedFile> files;
  for (const std::string& meter : *meters) {
    if (!stored_.job.spec.meter.empty() && meter != stored_.job.spec.meter) continue;
    auto slices = slices_of(orgs_, meter, Order::days_first, context_.slice_records_max);
    if (!slices) return fail(std::move(slices));
    note_slices(*slices);
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

/// Rows of usage 0 have no record that counts for them, but wait in memory like the others.
std::size_t JobRun::orgs_gathered_max() const {
  if (stored_.job.spec.kind != ExportKind::summary) return orgs_.size();
  std::set<std::string_view> daily;
  for (const Meter* meter : catalogue_->meters()) {
    if (meter->has_row_every_day()) daily.insert(meter->id);
  }
  const auto rows_of_org = static_cast<std::uint64_t>(last_.days - first_.days + 1) * daily.size();
  return rows_of_org == 0 ? orgs_.size() : std::max<std::uint64_t>(gathered_records_max / rows_of_org, 1);
}

Status JobRun::write_files_by_org() {
  const std::uint64_t records_max = std::min(context_.slice_records_max, gathered_records_max);
  auto slices = slices_of(orgs_, stored_.job.spec.meter, Order::orgs_first, records_max);
  if (!slices) return fail(std::move(slices));
  org_slices_ = cut_orgs(*slices, orgs_gathered_max());
  if (stored_.job.spec.kind == ExportKind::asset) {
    if (auto planned = plan_large_orgs_by_meter(records_max); !planned) return planned;
  }
  note_slices(org_slices_);
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
  if constexpr (std::is_same_v<Row, queries::AssetRow>) {
    asset_csv_.append(lines.text, row);
  } else {
    csv_rows_.append(lines.text, row);
  }
  return row_taken(lines);
}

Status JobRun::read_rows(const queries::Slice& slice) {
  const ExportKind kind = stored_.job.spec.kind;
  if (kind == ExportKind::project_folder) {
    return queries_->project_folder_rows(snapshot_, *catalogue_, orgs_, slice,
                                         [this](const queries::ProjectFolderRow& row) { return take_row(row); });
  }
  if (kind == ExportKind::asset) {
    return queries_->asset_rows(snapshot_, *catalogue_, orgs_, slice,
                                [this](const queries::AssetRow& row) { return take_row(row); });
  }
  return queries_->summary_rows(
      snapshot_, *catalogue_, orgs_, slice, [this](const queries::SummaryRow& row) { return take_row(row); },
      [this] { return watch_.is_interrupted() ? Status(interrupted()) : Status(); });
}

Status JobRun::read_slice(const queries::Slice& slice) {
  if (watch_.is_interrupted()) return interrupted();
  Status read = read_rows(slice);
  if (!read && !artifact_->has_failed() && !watch_.is_interrupted()) return unreadable(std::move(read));
  ++watch_.slices_done;
  return read;
}

}  // namespace meterport::exports
