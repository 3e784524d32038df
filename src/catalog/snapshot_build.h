// Private to catalog: makes a Snapshot of a State, with the tree of one day.
#pragma once

#include "catalog/snapshot.h"
#include "catalog/state.h"

namespace meterport::catalog {

/// `day` decides the tree; the State's rules must hold (rules.h).
SnapshotPtr build_snapshot(std::shared_ptr<const State> state, Day day);

}  // namespace meterport::catalog
