// Private to the /v1 dialect: one org or meter as a catalogue file of one object, so that its rules stay the
// catalogue's. Pure but for apply_one; any thread.
#pragma once

#include <string>
#include <string_view>

#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {

/// {"<array>":[object]} parsed; errors point into the object.
Result<catalog::CatalogueFile> parse_one(std::string_view array, const catalog::JsonValue& object);
/// Catalog::apply; errors point into the object.
Result<catalog::ChangeSummary> apply_one(Context& context, const Principal& principal, std::string_view array,
                                         const catalog::CatalogueFile& file);
/// "/orgs/0"
std::string prefix_of(std::string_view array);

/// The id of a PATCH body, if any, must be the path's.
Status check_same_id(const catalog::JsonValue& patch, std::string_view id);

}  // namespace meterport::api
