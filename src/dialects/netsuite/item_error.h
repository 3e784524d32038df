// Errors of one usage (netsuite.md 5, crosswalk 3.3): the core's code and pointer with this wire's text, and the wire's
// name that they stand for. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/usage_record.h"

namespace meterport::netsuite {

using ItemError = RecordError;

ItemError no_object();
ItemError item_is_empty();
ItemError item_property_is_empty(std::string pointer, std::string_view property);
ItemError item_format(std::string pointer, std::string_view property, std::string_view format);
ItemError item_member_is_missing(std::string pointer, std::string_view property, std::string_view object);
ItemError required_value_is_missing(std::string_view property);
ItemError field_does_not_exist(std::string pointer, std::string_view field);
ItemError subscription_not_found(std::string_view property);
ItemError line_not_found();
ItemError several_found(std::string_view what, std::string_view property);
ItemError values_do_not_match(std::string_view what);
ItemError no_such_line(std::string_view subscription_name, std::string_view line);

/// "INVALID_KEY_OR_REF" ... `data` is the usage as sent: what is empty and what is no object share a core code.
std::string_view wire_name(RecordErrorCode code, std::string_view pointer, std::string_view data);

}  // namespace meterport::netsuite
