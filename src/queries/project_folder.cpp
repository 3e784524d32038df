// PROJECT_FOLDER: one row per day, org, project and folder over all meters that take usage.
#include <algorithm>
#include <tuple>

#include "queries/queries.h"
#include "queries/rater.h"
#include "queries/slice_reader.h"

namespace meterport::queries {

namespace {

using warehouse::Dimension;

struct FolderKey {
  std::uint64_t day_and_org = 0;          ///< days before the slice's last, org's rank
  std::uint32_t project = 0, folder = 0;  ///< codes, later ranks
  std::uint32_t meter = 0;                ///< as these
  std::uint32_t place = 0;                ///< of its quantity
  [[nodiscard]] std::uint32_t org() const { return static_cast<std::uint32_t>(day_and_org); }
  [[nodiscard]] std::int32_t days_before() const { return static_cast<std::int32_t>(day_and_org >> 32); }
  [[nodiscard]] bool same_row(const FolderKey& other) const {
    return day_and_org == other.day_and_org && project == other.project && folder == other.folder;
  }
};

/// The slice's sums in the order of its rows.
struct FolderSums {
  explicit FolderSums(const loading::Dictionaries& words)
      : projects(words, Dimension::project, NoValue::last),
        folders(words, Dimension::folder, NoValue::last),
        meters(words, Dimension::meter) {}

  void add(const warehouse::SumRow& row, std::int32_t days_before, std::uint32_t org) {
    keys.push_back({.day_and_org = (static_cast<std::uint64_t>(days_before) << 32) | org,
                    .project = row.dims[0],
                    .folder = row.dims[1],
                    .meter = row.meter,
                    .place = static_cast<std::uint32_t>(quantities.size())});
    quantities.push_back(row.quantity);
    projects.see(row.dims[0]);
    folders.see(row.dims[1]);
    meters.see(row.meter);
  }
  void sort() {
    projects.rank();
    folders.rank();
    meters.rank();
    for (FolderKey& key : keys) {
      key.project = projects.rank_of(key.project);
      key.folder = folders.rank_of(key.folder);
      key.meter = meters.rank_of(key.meter);
    }
    std::ranges::sort(
        keys, {}, [](const FolderKey& key) { return std::tuple(key.day_and_org, key.project, key.folder, key.meter); });
  }

  std::vector<FolderKey> keys;
  std::vector<Total> quantities;
  TextOrder projects, folders, meters;
};

}  // namespace

Status Queries::project_folder_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue,
                                    const ReportOrgs& orgs, const Slice& slice,
                                    const std::function<Status(const ProjectFolderRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  const OrgCodes codes(loader_.dictionaries(), orgs, slice.org_first, slice.org_end);
  auto query = query_of(snapshot, loader_.dictionaries(), codes, slice);
  if (!query) return {};
  query->group_by = {Dimension::project, Dimension::folder};
  FolderSums sums(loader_.dictionaries());
  auto read = warehouse_.sum(*query, [&](const warehouse::SumRow& row) {
    sums.add(row, slice.last.days - row.day.days, codes.rank_of(row.org));
  });
  if (!read) return read;
  sums.sort();

  Rater rater(catalogue, orgs, sums.meters);
  for (std::size_t i = 0; i < sums.keys.size();) {
    const FolderKey& first = sums.keys[i];
    ProjectFolderRow row{.org = orgs[first.org()].org,
                         .day = slice.last.plus(-first.days_before()),
                         .project = sums.projects.text(first.project),
                         .folder = sums.folders.text(first.folder),
                         .consumption = {}};
    bool has_usage = false;
    for (; i < sums.keys.size() && sums.keys[i].same_row(first); ++i) {
      const FolderKey& key = sums.keys[i];
      const auto meter = rater.meter(key.org(), key.meter);
      if (!meter) return fail(meter);
      if ((*meter)->is_made_by_server()) continue;
      row.consumption += rater.rate(key.org(), key.meter, row.day, sums.quantities[key.place]).consumption;
      has_usage = true;
    }
    if (!has_usage || !orgs[first.org()].is_on(row.day)) continue;
    if (auto taken = each(row); !taken) return taken;
  }
  return {};
}

}  // namespace meterport::queries
