// Private to formats: strict reading with simdjson on-demand, shared by the readers of records and of FOCUS tags.
//
// On-demand validates only what is touched, so every value goes through here: number grammar, literals, escapes,
// missing commas. Texts without escapes stay views into the input; others are resolved into the arena. Numbers are
// never converted, their token is the value.
//
// Includes simdjson.h: only .cpp files may include this header.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/usage_record.h"

namespace meterport::formats {

namespace ondemand = simdjson::ondemand;

enum class JsonType : std::uint8_t { null, boolean, number, text, array, object, broken };
/// "a number", "true or false" ...: for error texts.
std::string_view name_of(JsonType type);

/// simdjson's message without its code's name and full stop, to stand inside a sentence.
std::string_view reason_of(simdjson::error_code code);

/// RFC 8259 section 6.
bool is_json_number(std::string_view token);

/// The walk over one JSON text. A call that returns false met text that is no JSON: broken() says what, and nothing
/// more may be read.
class JsonWalk {
 public:
  /// Values nested deeper than this are refused whole, so that recursion is bounded.
  static constexpr std::size_t nesting_bound = 64;

  JsonWalk(ondemand::parser& parser, TextArena& arena) : parser_(parser), arena_(arena) {}

  /// The value's type and its token, which for a scalar is its whole text. May be asked again.
  JsonType peek(ondemand::value& value, std::string_view& token);
  /// The text of a token of type text.
  bool text(std::string_view token, std::string_view& out);
  /// A member's name.
  bool key(simdjson::simdjson_result<ondemand::field>& field, std::string_view& out);

  struct Facts {
    std::size_t levels = 0;           ///< arrays and objects inside one another
    bool has_duplicate_name = false;  ///< in some object
  };
  /// Checks the whole value and appends it without blanks; escapes in one form, names in their order.
  bool minify(ondemand::value& value, std::string& out, Facts& facts) { return append(value, out, facts, 0); }
  /// Checks the whole value.
  bool skip(ondemand::value& value);
  /// Checks the whole value's grammar: halves of a surrogate pair, which are no characters, are let pass.
  bool skip_by_grammar(ondemand::value& value);
  /// The value as minified JSON text that lives as long as the arena and the input.
  bool keep(ondemand::value& value, std::string_view& out, Facts& facts);

  /// For `return walk.fail(...)`.
  bool fail(std::string_view what);
  bool fail(simdjson::error_code code) { return fail(reason_of(code)); }
  [[nodiscard]] const std::string& broken() const { return broken_; }
  /// For the next JSON text.
  void reset() {
    broken_.clear();
    names_.clear();
  }

 private:
  bool append(ondemand::value& value, std::string& out, Facts& facts, std::size_t level);
  bool append_array(ondemand::array array, std::string& out, Facts& facts, std::size_t level);
  bool append_object(ondemand::object object, std::string& out, Facts& facts, std::size_t level);
  bool append_text(std::string_view token, std::string& out);
  bool unescape(const char* begin, std::size_t size, std::string_view& out);

  ondemand::parser& parser_;
  TextArena& arena_;
  std::string broken_;
  bool is_grammar_only_ = false;
  std::string scratch_;
  std::vector<std::string_view> names_;  ///< of the objects being read, inner ones last
};

}  // namespace meterport::formats
