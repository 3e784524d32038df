// PROJECT_FOLDER: one row per day, org, project and folder over all meters that take usage.
#include <algorithm>
#include <array>
#include <tuple>

#include "queries/queries.h"
#include "queries/rated_sums.h"

namespace meterport::queries {

namespace {

using warehouse::Dimension;

// A project and folder are a run of pieces in the order in which tiers fill, so their sum is rated as one.
constexpr std::array texts = {Dimension::project, Dimension::folder};

bool is_same_row(const RatedSums::Key& a, const RatedSums::Key& b) {
  return a.day == b.day && a.org == b.org && a.texts == b.texts;
}

}  // namespace

Status Queries::project_folder_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue,
                                    const ReportOrgs& orgs, const Slice& slice,
                                    const std::function<Status(const ProjectFolderRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  RatedSums sums(catalogue, orgs, loader_.dictionaries(), texts);
  if (auto read = sums.read(warehouse_, snapshot, slice); !read) return read;
  auto& keys = sums.keys();
  std::ranges::sort(keys, {},
                    [](const RatedSums::Key& key) { return std::tuple(-key.day, key.org, key.texts, key.meter); });

  for (std::size_t i = 0; i < keys.size();) {
    const RatedSums::Key& first = keys[i];
    ProjectFolderRow row{.org = orgs[first.org].org,
                         .day = Day{first.day},
                         .project = sums.text(first, 0),
                         .folder = sums.text(first, 1),
                         .consumption = {}};
    for (; i < keys.size() && is_same_row(keys[i], first); ++i) {
      const Meter& meter = sums.meter(keys[i]);
      for (const RatedSums::Part& part : sums.parts(keys[i])) {
        row.consumption += sums.tier_part(part, meter).consumption;
      }
    }
    if (!orgs[first.org].is_on(row.day)) continue;
    if (auto taken = each(row); !taken) return taken;
  }
  return {};
}

}  // namespace meterport::queries
