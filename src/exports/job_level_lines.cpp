#include "exports/job_level_lines.h"

#include <utility>

namespace meterport::exports {

JobLevelLines::JobLevelLines(FileSystem& files, LineSorter::Options options, Content content)
    : content_(std::move(content)), sorter_(files, std::move(options)) {}

Status JobLevelLines::add(const queries::RecordRow& row) {
  is_empty_ = false;
  quantity_ += Total(row.record->quantity);
  if (has_sums()) return add_up(*row.record);
  key_.clear();
  line_.clear();
  append_record_key(key_, row);
  append_record_line(line_, row, content_.org_id, content_.layout);
  return sorter_.add(key_, line_);
}

Status JobLevelLines::add_up(const UsageRecord& record) {
  key_.clear();
  append_run_key(key_, record);
  Group& group = groups_[key_];
  if (group.cells.empty()) {
    append_run_cells(group.cells, record, content_.org_id);
    groups_bytes_ += sizeof(Group) + group.cells.size() + key_.size();
  }
  group.sums.add(record, content_.has_hours);
  return groups_bytes_ < content_.sums_bytes_max ? Status() : sort_groups();
}

/// Sums first, then the cells: the sorter's lines until those of one key are added up.
Status JobLevelLines::sort_groups() {
  for (const auto& [key, group] : groups_) {
    line_.clear();
    group.sums.append_bytes(line_);
    line_ += group.cells;
    if (auto added = sorter_.add(key, line_); !added) return added;
  }
  groups_.clear();
  groups_bytes_ = 0;
  return {};
}

Status JobLevelLines::write(const std::function<Status(std::string_view line)>& each) {
  if (has_sums()) return write_sums(each);
  return sorter_.merge([&each](std::string_view, std::string_view line) { return each(line); });
}

Status JobLevelLines::write_sums(const std::function<Status(std::string_view line)>& each) {
  if (auto sorted = sort_groups(); !sorted) return sorted;
  std::string key;
  Group open;  // of `key`; without cells: none yet
  const auto write_open = [&]() -> Status {
    if (open.cells.empty()) return {};
    open.sums.append_cells(open.cells);
    return each(open.cells);
  };
  Status merged = sorter_.merge([&](std::string_view next_key, std::string_view line) -> Status {
    const RunSums sums = RunSums::from_bytes(line);
    if (next_key == key) {
      open.sums += sums;
      return {};
    }
    if (auto written = write_open(); !written) return written;
    key = next_key;
    open = {std::string(line.substr(RunSums::size_in_bytes)), sums};
    return {};
  });
  return merged ? write_open() : merged;
}

}  // namespace meterport::exports
