#include "dialects/netsuite/item_error.h"

#include <fmt/format.h>

#include <algorithm>

#include "dialects/netsuite/messages.h"

namespace meterport::netsuite {
namespace {

constexpr std::string_view line_pointer = "/line";

/// "/sbLookup/value" is inside of something, "/line" is not.
bool is_inside(std::string_view pointer) {
  return std::ranges::count(pointer, '/') > 1;
}

}  // namespace

ItemError no_object() {
  return {RecordErrorCode::malformed_record, "", bad_format_text("usage", "object")};
}
ItemError item_is_empty() {
  return {RecordErrorCode::malformed_record, "", object_is_empty_text("usage")};
}
ItemError item_property_is_empty(std::string pointer, std::string_view property) {
  return {RecordErrorCode::empty_field, std::move(pointer), property_is_empty_text(property)};
}
ItemError item_format(std::string pointer, std::string_view property, std::string_view format) {
  return {RecordErrorCode::bad_format, std::move(pointer), bad_format_text(property, format)};
}
ItemError item_member_is_missing(std::string pointer, std::string_view property, std::string_view object) {
  return {RecordErrorCode::missing_field, std::move(pointer), property_is_missing_text(property, object)};
}
ItemError required_value_is_missing(std::string_view property) {
  return {RecordErrorCode::missing_field, fmt::format("/{}", property),
          fmt::format("{} isn't found in the usage object.", property)};
}
ItemError field_does_not_exist(std::string pointer, std::string_view field) {
  return {RecordErrorCode::unknown_field, std::move(pointer), fmt::format("The field {} doesn't exist.", field)};
}
ItemError subscription_not_found(std::string_view property) {
  return {RecordErrorCode::unknown_subscription, fmt::format("/{}", property),
          fmt::format("Subscription record isn't found using the {} property.", property)};
}
ItemError line_not_found() {
  return {RecordErrorCode::unknown_line, "/sbLineLookup",
          "Subscription Line record isn't found using the sbLineLookup property."};
}
ItemError several_found(std::string_view what, std::string_view property) {
  return {RecordErrorCode::ambiguous, fmt::format("/{}", property),
          fmt::format("Multiple records found for {} using the {} property.", what, property)};
}
ItemError values_do_not_match(std::string_view what) {
  return {RecordErrorCode::mismatch, fmt::format("/{}", what), fmt::format("Multiple values of {} don't match.", what)};
}
ItemError no_such_line(std::string_view subscription_name, std::string_view line) {
  return {RecordErrorCode::unknown_line, std::string(line_pointer),
          fmt::format("Invalid usagesubscriptionline reference key {}: {}.", subscription_name, line)};
}

std::string_view wire_name(RecordErrorCode code, std::string_view pointer, std::string_view data) {
  switch (code) {
    case RecordErrorCode::malformed_record:
      return data.starts_with('{') && data.find('"') == std::string_view::npos ? "EMPTY_REQUEST_OBJECT"
                                                                               : "INVALID_PROPERTY_FORMAT";
    case RecordErrorCode::missing_field:
      return is_inside(pointer) ? "MISSING_REQUEST_PROPERTY" : "REQUIRED_VALUE_NOT_FOUND";
    case RecordErrorCode::empty_field:
      return "EMPTY_REQUEST_PROPERTY";
    case RecordErrorCode::bad_format:
      return "INVALID_PROPERTY_FORMAT";
    case RecordErrorCode::unknown_subscription:
      return "SUBSCRIPTION_NOT_FOUND";
    case RecordErrorCode::unknown_line:
      return pointer == line_pointer ? "INVALID_KEY_OR_REF" : "SUBSCRIPTION_LINE_NOT_FOUND";
    case RecordErrorCode::ambiguous:
      return "MULTIPLE_RECORDS_FOUND";
    case RecordErrorCode::mismatch:
      return "MULTIPLE_VALUES_NOT_MATCH";
    case RecordErrorCode::unknown_field:
      return "FIELD_DOES_NOT_EXIST";
    case RecordErrorCode::internal:
    case RecordErrorCode::id_taken:
      return "UNEXPECTED_ERROR";
    case RecordErrorCode::unknown_org:
    case RecordErrorCode::unknown_meter:
    case RecordErrorCode::out_of_scope:
    case RecordErrorCode::wrong_region:
    case RecordErrorCode::outside_term:
    case RecordErrorCode::line_unusable:
    case RecordErrorCode::meter_takes_no_usage:
    case RecordErrorCode::quantity_out_of_range:
    case RecordErrorCode::quantity_not_exact:
    case RecordErrorCode::text_too_long:
    case RecordErrorCode::time_out_of_range:
    case RecordErrorCode::no_quantity:
    case RecordErrorCode::no_billing_account:
    case RecordErrorCode::no_sku:
    case RecordErrorCode::cell_count:
    case RecordErrorCode::bad_encoding:
      return "USER_ERROR";
  }
  return "USER_ERROR";
}

}  // namespace meterport::netsuite
