#include "formats/json_outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/json_walk.h"
#include "formats/thread_parser.h"
#include "formats/usage_json.h"

namespace meterport::formats {
namespace {

constexpr std::string_view blanks = " \t\r\n";

class Outliner {
 public:
  Outliner(std::string_view text, std::string_view items_of, std::size_t items_max, JsonOutline& outline)
      : text_(text), items_of_(items_of), items_max_(items_max), outline_(outline), walk_(*parser_, arena_) {}

  Status read(std::size_t room) {
    if (const auto code = parser_->iterate(text_.data(), text_.size(), room).get(document_);
        code != simdjson::SUCCESS) {
      return malformed(reason_of(code));
    }
    const bool is_read = outline_.value.front() == '{' ? read_object() : read_array();
    if (has_too_many_) {
      return fail(ErrorKind::too_large, fmt::format("The body has more than {} items, which is the most.", items_max_));
    }
    if (!is_read) return malformed(walk_.broken());
    if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      return malformed("there is text after its end");
    }
    return {};
  }

  static Status malformed(std::string_view why) {
    return fail(ErrorKind::malformed, fmt::format("The body is no JSON: {}.", why));
  }

 private:
  bool read_object() {
    ondemand::object object;
    if (const auto code = document_.get_object().get(object); code != simdjson::SUCCESS) return walk_.fail(code);
    for (auto field : object) {
      std::string_view name;
      if (!walk_.key(field, name)) return false;
      if (std::ranges::find(outline_.members, name, &OutlineMember::name) != outline_.members.end()) {
        return walk_.fail("a member of the outer object stands twice");
      }
      ondemand::value value;
      if (const auto code = field.value().get(value); code != simdjson::SUCCESS) return walk_.fail(code);
      OutlineMember& member = outline_.members.emplace_back(std::string(name), std::string_view());
      if (!read_value(value, !items_of_.empty() && name == items_of_, member.value)) return false;
    }
    return true;
  }

  bool read_array() {
    ondemand::array array;
    if (const auto code = document_.get_array().get(array); code != simdjson::SUCCESS) return walk_.fail(code);
    return read_elements(array);
  }

  /// Checks all of the value; `whole` is its text.
  bool read_value(ondemand::value& value, bool has_wanted_items, std::string_view& whole) {
    const JsonType type = walk_.peek(value, whole);
    if (type == JsonType::broken) return false;
    if (type != JsonType::array && type != JsonType::object) return walk_.skip_by_grammar(value);
    const char* const begin = whole.data();
    if (type == JsonType::array && has_wanted_items) {
      ondemand::array array;
      if (const auto code = value.get_array().get(array); code != simdjson::SUCCESS) return walk_.fail(code);
      if (!read_elements(array)) return false;
    } else if (!walk_.skip_by_grammar(value)) {
      return false;
    }
    return end_of(begin, whole);
  }

  bool read_elements(ondemand::array& array) {
    for (auto element : array) {
      ondemand::value item;
      if (const auto code = std::move(element).get(item); code != simdjson::SUCCESS) return walk_.fail(code);
      if (outline_.items.size() == items_max_) {
        has_too_many_ = true;
        return false;
      }
      std::string_view whole;
      if (!read_value(item, false, whole)) return false;
      outline_.items.push_back(
          {static_cast<std::uint64_t>(whole.data() - text_.data()), static_cast<std::uint32_t>(whole.size())});
    }
    return true;
  }

  /// From the value's first byte to the parser's place, which is the comma or bracket after it.
  bool end_of(const char* begin, std::string_view& whole) {
    const char* end = nullptr;
    if (document_.current_location().get(end) != simdjson::SUCCESS) return walk_.fail("it ends too early");
    whole = {begin, static_cast<std::size_t>(end - begin)};
    whole = whole.substr(0, whole.find_last_not_of(blanks) + 1);
    return true;
  }

  std::string_view text_, items_of_;
  std::size_t items_max_;
  bool has_too_many_ = false;
  JsonOutline& outline_;
  ThreadParser parser_;
  TextArena arena_;
  JsonWalk walk_;
  ondemand::document document_;
};

}  // namespace

Result<JsonOutline> outline_json(std::string& text, std::string_view items_of, std::size_t items_max) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return fail(Outliner::malformed("it is longer than 4 GiB"));
  }
  text.reserve(text.size() + body_spare_bytes);
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string::npos) return fail(Outliner::malformed("it is empty"));
  JsonOutline outline;
  outline.value = std::string_view(text).substr(begin, text.find_last_not_of(blanks) + 1 - begin);
  if (outline.value == "null") return outline;
  if (outline.value.front() != '{' && outline.value.front() != '[') {
    return fail(Outliner::malformed("an object or an array is required"));
  }
  Outliner outliner(text, items_of, items_max, outline);
  if (Status read = outliner.read(text.capacity()); !read) return fail(std::move(read));
  return outline;
}

void append_compact_json(std::string& out, std::string_view json) {
  if (json.find_first_of(blanks) == std::string_view::npos) {
    out += json;
    return;
  }
  bool is_in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!is_in_text && blanks.find(c) != std::string_view::npos) continue;
    out += c;
    if (c == '"') is_in_text = !is_in_text;
    if (c == '\\' && ++i < json.size()) out += json[i];
  }
}

}  // namespace meterport::formats
