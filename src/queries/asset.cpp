// ASSET: one row per meter, day, org, asset, place, environment and tier.
#include <algorithm>
#include <array>
#include <tuple>

#include "queries/queries.h"
#include "queries/rated_sums.h"

namespace meterport::queries {

namespace {

using warehouse::Dimension;

enum Text : std::uint8_t { project, folder, asset_name, asset_type, environment_name, environment_type };
constexpr std::array texts = {Dimension::project,    Dimension::folder,           Dimension::asset_name,
                              Dimension::asset_type, Dimension::environment_name, Dimension::environment_type};

/// The row's place in the print but for the tier.
auto print_place(const RatedSums::Key& key) {
  return std::tuple(key.meter, -key.day, key.org, key.texts[asset_name], key.texts[asset_type], key.texts[project],
                    key.texts[folder], key.texts[environment_name], key.texts[environment_type]);
}

}  // namespace

Status Queries::asset_rows(const Snapshot& snapshot, const catalog::Snapshot& catalogue, const ReportOrgs& orgs,
                           const Slice& slice, const std::function<Status(const AssetRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  RatedSums sums(catalogue, orgs, loader_.dictionaries(), texts);
  if (auto read = sums.read(warehouse_, snapshot, slice); !read) return read;
  std::ranges::sort(sums.keys(), {}, print_place);

  for (const RatedSums::Key& key : sums.keys()) {
    if (!orgs[key.org].is_on(Day{key.day})) continue;
    AssetRow row{.org = orgs[key.org].org,
                 .meter = &sums.meter(key),
                 .day = Day{key.day},
                 .asset_name = sums.text(key, asset_name),
                 .asset_type = sums.text(key, asset_type),
                 .project = sums.text(key, project),
                 .folder = sums.text(key, folder),
                 .environment_name = sums.text(key, environment_name),
                 .environment_type = sums.text(key, environment_type),
                 .part = {}};
    for (const RatedSums::Part& part : sums.parts(key)) {
      row.part = sums.tier_part(part, *row.meter);
      if (auto taken = each(row); !taken) return taken;
    }
  }
  return {};
}

}  // namespace meterport::queries
