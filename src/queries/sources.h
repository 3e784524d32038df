// Private to queries: what the rows of one snapshot are read from. All of it must outlive what reads.
#pragma once

#include <functional>

#include "base/error.h"
#include "catalog/snapshot.h"
#include "loading/dictionaries.h"
#include "model/export_spec.h"
#include "warehouse/warehouse.h"

namespace meterport::queries {

struct Sources {
  warehouse::Warehouse& warehouse;
  const loading::Dictionaries& words;
  const Snapshot& snapshot;
  const catalog::Snapshot& catalogue;
  const std::function<Status()>& look;  ///< may be empty; asked between pieces of work, an error ends that

  [[nodiscard]] Status may_go_on() const { return look ? look() : Status(); }
  /// The last day of the rows that the server makes.
  [[nodiscard]] Day last_made_day() const { return day_of(snapshot.as_of); }
};

}  // namespace meterport::queries
