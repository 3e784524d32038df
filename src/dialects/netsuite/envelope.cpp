#include "dialects/netsuite/envelope.h"

#include <algorithm>
#include <charconv>

#include "catalog/json_tree.h"

namespace meterport::netsuite {
namespace {

using catalog::JsonValue;
using formats::JsonOutline;

CallError invalid_request(std::string message) {
  return {400, "INVALID_REQUEST", std::move(message)};
}

/// The member's text; empty: there is none, or its value is null.
std::string_view member(const JsonOutline& outline, std::string_view name) {
  const auto found = std::ranges::find(outline.members, name, &formats::OutlineMember::name);
  return found == outline.members.end() || found->value == "null" ? std::string_view() : found->value;
}

/// A string's or number's content, a text's type. Others are told by their JSON.
JsonValue scalar_of(std::string_view json) {
  auto value = catalog::parse_json(json);
  return value ? std::move(*value) : JsonValue{};
}

CallResult<StatusCall> read_status(const JsonOutline& outline) {
  const std::string_view given = member(outline, "requestId");
  if (given.empty()) return std::unexpected(missing_property("requestId", "request"));
  // The token as sent: a number's reader would make 101 of 1.01e2.
  StatusCall call;
  call.is_text = given.front() == '"';
  call.shown = call.is_text ? scalar_of(given).text : std::string(given);
  if (call.is_text && call.shown.empty()) return std::unexpected(empty_property("requestId"));
  const bool is_integer = std::ranges::all_of(call.shown, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_integer) return std::unexpected(bad_format("requestId", "number"));
  const auto end = call.shown.data() + call.shown.size();
  if (std::from_chars(call.shown.data(), end, call.id).ec != std::errc()) call.id = 0;
  return call;
}

CallResult<CreateCall> read_create(JsonOutline outline, std::string body) {
  const std::string_view usages = member(outline, "usages");
  if (usages.empty()) return std::unexpected(missing_property("usages", "request"));
  if (usages.front() != '[') return std::unexpected(bad_format("usages", "array"));
  if (outline.items.empty()) return std::unexpected(empty_property("usages"));
  return CreateCall{std::move(body), std::move(outline.items)};
}

}  // namespace

CallResult<std::variant<CreateCall, StatusCall>> read_envelope(std::string body, std::size_t usages_max) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) return std::unexpected(missing_data());
  auto outline = formats::outline_json(body, "usages", usages_max);
  if (!outline) return std::unexpected(invalid_request(outline.error().text));
  if (outline->value == "null") return std::unexpected(missing_data());
  if (outline->value.front() != '{') return std::unexpected(invalid_request("The body must be a JSON object."));
  if (outline->members.empty()) return std::unexpected(empty_object("request"));
  const std::string_view given = member(*outline, "method");
  if (given.empty()) return std::unexpected(missing_property("method", "request"));
  const JsonValue method = scalar_of(given);
  const bool is_text = method.type == JsonValue::Type::string;
  if (is_text && method.text.empty()) return std::unexpected(empty_property("method"));
  if (is_text && method.text == "sbCreateUsage") return read_create(std::move(*outline), std::move(body));
  if (is_text && method.text == "sbGetUsageCreationStatus") return read_status(*outline);
  return std::unexpected(bad_method(is_text ? std::string_view(method.text) : given));
}

}  // namespace meterport::netsuite
