#include "catalog/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/decimal.h"

namespace meterport::catalog {
namespace {

constexpr std::size_t depth_max = 32;

/// The document with a 0 and blanks in place of each number, and the numbers as written. nlohmann reads a number
/// through a double and refuses what is beyond one's range; like this it sees none. What is no number is left for it to
/// refuse.
struct WithoutNumbers {
  explicit WithoutNumbers(std::string_view document) : text(document) {
    constexpr std::string_view number_characters = "0123456789+-.eE";
    bool is_in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      if (c == '"') is_in_string = !is_in_string;
      if (c == '\\') ++at;
      if (is_in_string || (c != '-' && (c < '0' || c > '9'))) continue;
      const std::size_t size = std::min(document.find_first_not_of(number_characters, at), document.size()) - at;
      const std::string_view token = document.substr(at, size);
      const auto number = Decimal::parse(token);
      if (number || number.error() != DecimalError::bad_format) {
        numbers.emplace_back(token);
        text.replace(at, size, size, ' ')[at] = '0';
      }
      at += size - 1;
    }
  }

  std::string text;
  std::vector<std::string> numbers;
};

/// Builds the tree from nlohmann's events. Containers under construction are owned by the stack, so no pointer into a
/// growing vector is kept.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(std::vector<std::string> numbers) : numbers_(std::move(numbers)) {}

  bool null() override { return add({}); }
  bool boolean(bool value) override {
    JsonValue v;
    v.type = JsonValue::Type::boolean;
    v.boolean = value;
    return add(std::move(v));
  }
  bool number_integer(number_integer_t) override { return add_number(); }
  bool number_unsigned(number_unsigned_t) override { return add_number(); }
  bool number_float(number_float_t, const string_t&) override { return add_number(); }
  bool string(string_t& value) override { return add_text(JsonValue::Type::string, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(JsonValue::Type::object); }
  bool start_array(std::size_t) override { return open(JsonValue::Type::array); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    stack_.back().key = std::move(name);
    return true;
  }
  bool end_object() override {
    std::vector<std::string_view> names;
    for (const JsonMember& member : stack_.back().value.members) names.push_back(member.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) {
      const std::string at = pointer_to(pointer(), *twice);
      error = Error{ErrorKind::invalid, fmt::format("{}: stands twice", at), {}, at};
      return false;
    }
    return close();
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& what) override {
    error = Error{ErrorKind::malformed,
                  fmt::format("not JSON: byte {} is not expected", position),
                  fmt::format("{} at {}", what.what(), token),
                  {}};
    return false;
  }

  JsonValue root;
  Error error;

 private:
  struct Open {
    JsonValue value;
    std::string key;  ///< of the member now being read
  };

  /// The next one of the document; beyond them comes only what is no number, which ends in parse_error().
  bool add_number() {
    std::string text = next_number_ < numbers_.size() ? std::move(numbers_[next_number_++]) : std::string();
    return add_text(JsonValue::Type::number, std::move(text));
  }
  bool add_text(JsonValue::Type type, std::string text) {
    JsonValue v;
    v.type = type;
    v.text = std::move(text);
    return add(std::move(v));
  }
  bool add(JsonValue value) {
    if (stack_.empty()) {
      root = std::move(value);
    } else if (Open& top = stack_.back(); top.value.is_array()) {
      top.value.items.push_back(std::move(value));
    } else {
      top.value.members.push_back({std::move(top.key), std::move(value)});
    }
    return true;
  }
  bool open(JsonValue::Type type) {
    if (stack_.size() == depth_max) {
      error = Error{ErrorKind::malformed, fmt::format("nested deeper than {} levels", depth_max), {}, pointer()};
      return false;
    }
    stack_.emplace_back().value.type = type;
    return true;
  }
  bool close() {
    JsonValue done = std::move(stack_.back().value);
    stack_.pop_back();
    return add(std::move(done));
  }
  /// Where the container on top of the stack stands.
  [[nodiscard]] std::string pointer() const {
    std::string out;
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) {
      const Open& level = stack_[i];
      out = level.value.is_array() ? pointer_to(out, level.value.items.size()) : pointer_to(out, level.key);
    }
    return out;
  }

  std::vector<Open> stack_;
  std::vector<std::string> numbers_;
  std::size_t next_number_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto it = std::ranges::find(members, name, &JsonMember::name);
  return it == members.end() || it->value.type == Type::null ? nullptr : &it->value;
}

Result<JsonValue> parse_json(std::string_view text) {
  WithoutNumbers document(text);
  TreeBuilder builder(std::move(document.numbers));
  if (!nlohmann::json::sax_parse(document.text, &builder)) return std::unexpected(std::move(builder.error));
  return std::move(builder.root);
}

std::string pointer_to(std::string_view parent, std::string_view member) {
  std::string out(parent);
  out += '/';
  for (const char c : member) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
  return fmt::format("{}/{}", parent, index);
}

void append_json(JsonWriter& out, const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::null:
      out.null();
      return;
    case JsonValue::Type::boolean:
      out.boolean(value.boolean);
      return;
    case JsonValue::Type::number:
      out.raw(value.text);
      return;
    case JsonValue::Type::string:
      out.string(value.text);
      return;
    case JsonValue::Type::array:
      out.begin_array();
      for (const JsonValue& item : value.items) append_json(out, item);
      out.end_array();
      return;
    case JsonValue::Type::object:
      out.begin_object();
      for (const JsonMember& member : value.members) {
        out.key(member.name);
        append_json(out, member.value);
      }
      out.end_object();
      return;
  }
}

}  // namespace meterport::catalog
