#include "regions/region_book.h"

namespace meterport::regions {
namespace {

std::shared_ptr<const RegionEntries> read(const catalog::Snapshot& catalogue, const std::string& own) {
  auto entries = std::make_shared<RegionEntries>();
  for (Region& region : catalogue.regions()) {
    const std::string name = region.name;
    (*entries)[name].region = std::move(region);
  }
  (*entries)[own].region.name = own;
  for (const Org* org : catalogue.orgs()) {
    RegionEntry& entry = (*entries)[std::string(catalogue.region_of(org->id))];
    ++entry.orgs;
    entry.is_home = entry.is_home || org->kind == OrgKind::production;
  }
  for (auto& [name, entry] : *entries) entry.region.name = name;  // "local", which nobody has to list
  return entries;
}

}  // namespace

std::shared_ptr<const RegionEntries> RegionBook::entries() {
  const std::lock_guard lock(mutex_);
  // The day's tree may change without a change of the catalogue; where an org's ledger is does not.
  auto current = catalog_.current();
  if (!entries_ || of_->position() != current->position()) {
    entries_ = read(*current, catalog_.own_region());
    of_ = std::move(current);
  }
  return entries_;
}

}  // namespace meterport::regions
