// Private to catalog: what one region gives another of its catalogue (catalog.h, feed), and what of a feed is applied.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/state.h"

namespace meterport::catalog {

/// The feed's file for `region`. The snapshot is one of the state, of any day; `today` is that of the rules.
std::string feed_text(const State& state, const Snapshot& snapshot, std::string_view own_region,
                      std::string_view region, Day today);

/// Takes out of a feed what is not the giver's to say: regions are added by name, everyone's meters where they take no
/// id, feature id, alias or slug from a meter that is here, without rates of orgs that the feed does not hold.
/// `invalid` for an org without an id: one would be made anew each time.
Status reduce_feed(const State& state, CatalogueFile& feed);

}  // namespace meterport::catalog
