// A JSON document as a tree that keeps every number as the text it was written with: no quantity or rate passes through
// a double. For small documents (catalogue files, users); records are read by formats/.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_writer.h"

namespace meterport::catalog {

struct JsonMember;

struct JsonValue {
  enum class Type { null, boolean, number, string, array, object };
  Type type = Type::null;
  bool boolean = false;
  std::string text;  ///< the string's value, or the number's token
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  ///< in document order, names distinct

  /// The member of that name; null: none, or its value is JSON null.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  [[nodiscard]] bool is_object() const { return type == Type::object; }
  [[nodiscard]] bool is_array() const { return type == Type::array; }
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// `malformed` if it is no JSON (RFC 8259, UTF-8) or nested deeper than 32; `invalid` with the pointer when an object
/// names a member twice.
Result<JsonValue> parse_json(std::string_view text);

/// Appends one more step to a JSON pointer (RFC 6901).
std::string pointer_to(std::string_view parent, std::string_view member);
std::string pointer_to(std::string_view parent, std::size_t index);

/// The tree as JSON text again; numbers keep their digits.
void append_json(JsonWriter& out, const JsonValue& value);

}  // namespace meterport::catalog
