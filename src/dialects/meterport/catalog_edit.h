// Private to the /v1 dialect: one org, meter or subscription as a catalogue file of one object, so that its rules stay
// the catalogue's. Pure but for apply_one; any thread.
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
/// Nor can the owner change. `what` is the kind of the object, for the error.
Status check_same_owner(const catalog::JsonValue& patch, std::string_view owner, std::string_view what);

}  // namespace meterport::api
