// Private to the /v1 dialect: request bodies as trees that keep numbers as text, their changes, and small parsers of
// query texts. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "catalog/json_tree.h"
#include "catalog/object_reader.h"
#include "dialects/meterport/context.h"

namespace meterport::api {

/// The body as a JSON object. malformed: no JSON; invalid: something else than an object; unsupported_media: it is
/// compressed.
Result<catalog::JsonValue> parse_object(const http::Request& request);

/// The error an ObjectReader found, if any.
Status finish(catalog::FormCheck& check);

/// JSON merge patch (RFC 7396): members of the patch replace, objects are merged, null takes away.
void merge_patch(catalog::JsonValue& target, const catalog::JsonValue& patch);
catalog::JsonValue text_value(std::string_view text);
/// Adds or replaces; the value may be null.
void set_member(catalog::JsonValue& object, std::string_view name, catalog::JsonValue value);
/// The member of that name even if its value is null; null pointer: none.
const catalog::JsonMember* member_of(const catalog::JsonValue& object, std::string_view name);
bool take_member(catalog::JsonValue& object, std::string_view name, catalog::JsonValue& value);

/// An error about one object of a catalogue file, told as one about that object: `prefix` ("/orgs/0") becomes
/// `replacement` in its pointer and text.
Error relocated(Error error, std::string_view prefix, std::string_view replacement);

/// A service names a member of the request by its name alone: its place in the body.
Error at_member(Error error);
template <class T>
std::unexpected<Error> fail_at_member(Result<T>& result) {
  return std::unexpected(at_member(std::move(result.error())));
}

/// RFC 3339, or a date for its 00:00 UTC. `name` is for the error: "from: ...".
Result<Instant> parse_time_or_day(std::string_view text, std::string_view name);
/// A whole number from 0 to `max`.
Result<std::uint64_t> parse_count(std::string_view text, std::string_view name, std::uint64_t max);
/// "true", "false"; empty is false.
Result<bool> parse_flag(std::string_view text, std::string_view name);
/// page_size of a listing: 1 to 1,000.
Result<std::size_t> page_size_of(const Call& call, std::size_t fallback);

/// null for an empty text.
void field_or_null(JsonWriter& out, std::string_view name, std::string_view value);
void field_or_null(JsonWriter& out, std::string_view name, const std::optional<Instant>& value);

}  // namespace meterport::api
