// Appends JSON text to a string: the one writer of the server's answers. Keys and values in call order, commas
// are its own business; numbers that are quantities are written as strings by the caller's choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meterport {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);  ///< escapes; `value` is UTF-8
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& number(int value) { return number(std::int64_t{value}); }
  JsonWriter& number(unsigned value) { return number(std::uint64_t{value}); }
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// Text that is JSON already.
  JsonWriter& raw(std::string_view json);

  // key + value in one call
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, std::int64_t value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, std::uint64_t value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, int value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, unsigned value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& null_field(std::string_view name) { return key(name).null(); }

 private:
  void before_value();
  std::string& out_;
  std::vector<bool> has_items_;
  bool after_key_ = false;
};

/// Appends `value` as a JSON string with quotes.
void append_json_string(std::string& out, std::string_view value);
/// True when `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);
/// How many characters (code points) well-formed UTF-8 holds.
std::size_t utf8_characters(std::string_view text);

}  // namespace meterport
