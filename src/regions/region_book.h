// The catalogue's regions by name, with how many orgs each owns: made once for a state of the catalogue, because a call
// from another region is judged on a socket's thread. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "catalog/catalog.h"

namespace meterport::regions {

struct RegionEntry {
  Region region;
  std::uint64_t orgs = 0;  ///< whose ledgers are there
  bool is_home = false;    ///< of a tenant
};
using RegionEntries = std::map<std::string, RegionEntry, std::less<>>;

class RegionBook {
 public:
  explicit RegionBook(catalog::Catalog& catalog) : catalog_(catalog) {}
  /// As of now; the own region is always there.
  [[nodiscard]] std::shared_ptr<const RegionEntries> entries();

 private:
  catalog::Catalog& catalog_;
  std::mutex mutex_;
  catalog::SnapshotPtr of_;
  std::shared_ptr<const RegionEntries> entries_;
};

}  // namespace meterport::regions
