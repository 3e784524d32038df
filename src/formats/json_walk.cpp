#include "formats/json_walk.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/json_writer.h"

namespace meterport::formats {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

JsonType type_of(std::string_view token) {
  switch (token.empty() ? '\0' : token.front()) {
    case '"':
      return token.size() >= 2 && token.back() == '"' ? JsonType::text : JsonType::broken;
    case '{':
      return JsonType::object;
    case '[':
      return JsonType::array;
    case 't':
      return token == "true" ? JsonType::boolean : JsonType::broken;
    case 'f':
      return token == "false" ? JsonType::boolean : JsonType::broken;
    case 'n':
      return token == "null" ? JsonType::null : JsonType::broken;
    default:
      return is_json_number(token) ? JsonType::number : JsonType::broken;
  }
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// RFC 8259 section 7.
bool has_good_escapes(std::string_view token) {
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\') continue;
    if (++i == token.size()) return false;
    if (std::string_view(R"("\/bfnrt)").find(token[i]) != std::string_view::npos) continue;
    const std::string_view digits = token.substr(i + 1, 4);
    if (token[i] != 'u' || digits.size() != 4 || !std::all_of(digits.begin(), digits.end(), is_hex_digit)) return false;
    i += 4;
  }
  return true;
}

bool has_equal_neighbours(std::vector<std::string_view>& names, std::size_t from) {
  const auto begin = names.begin() + static_cast<std::ptrdiff_t>(from);
  std::sort(begin, names.end());
  return std::adjacent_find(begin, names.end()) != names.end();
}

}  // namespace

std::string_view name_of(JsonType type) {
  constexpr std::array<std::string_view, 7> names = {"null",     "true or false", "a number", "a text",
                                                     "an array", "an object",     "no JSON"};
  return names.at(static_cast<std::size_t>(type));
}

std::string_view reason_of(simdjson::error_code code) {
  std::string_view text = simdjson::error_message(code);
  const auto is_upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'); };
  const std::size_t colon = text.find(": ");
  if (colon != std::string_view::npos && std::all_of(text.data(), text.data() + colon, is_upper)) {
    text.remove_prefix(colon + 2);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

bool is_json_number(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  const std::size_t whole = count_digits(token);
  if (whole == 0 || (whole > 1 && token.front() == '0')) return false;
  token.remove_prefix(whole);
  if (token.starts_with('.')) {
    const std::size_t fraction = count_digits(token.substr(1));
    if (fraction == 0) return false;
    token.remove_prefix(1 + fraction);
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    const std::size_t exponent = count_digits(token);
    if (exponent == 0) return false;
    token.remove_prefix(exponent);
  }
  return token.empty();
}

bool JsonWalk::fail(std::string_view what) {
  if (broken_.empty()) broken_ = what;
  return false;
}

JsonType JsonWalk::peek(ondemand::value& value, std::string_view& token) {
  token = value.raw_json_token();
  while (!token.empty() && is_blank(token.back())) token.remove_suffix(1);
  const JsonType type = type_of(token);
  // A text left unread would be skipped by simdjson, which takes one that is followed by a colon for a member's name
  // and so reads `"a":"b":1` without complaint. Reading it closes that hole; other scalars have none.
  if (type == JsonType::text) {
    if (const auto code = value.get_raw_json_string().error(); code != simdjson::SUCCESS) {
      (void)fail(code);  // the type tells the caller
      return JsonType::broken;
    }
  }
  if (type == JsonType::broken) (void)fail("a value is missing or is none of JSON's");  // the type tells the caller
  return type;
}

bool JsonWalk::unescape(const char* begin, std::size_t size, std::string_view& out) {
  // simdjson writes whole vectors, so the room is wider than the text; the escaped form is never shorter.
  auto* to = reinterpret_cast<std::uint8_t*>(arena_.allocate(size + simdjson::SIMDJSON_PADDING));
  const auto result = parser_.unescape(ondemand::raw_json_string(reinterpret_cast<const std::uint8_t*>(begin)), to);
  if (result.error() != simdjson::SUCCESS) return fail("a text has a bad escape");
  out = result.value_unsafe();
  return true;
}

bool JsonWalk::text(std::string_view token, std::string_view& out) {
  out = token.substr(1, token.size() - 2);
  if (out.empty() || std::memchr(out.data(), '\\', out.size()) == nullptr) return true;
  return unescape(out.data(), out.size(), out);
}

bool JsonWalk::key(simdjson::simdjson_result<ondemand::field>& field, std::string_view& out) {
  ondemand::raw_json_string raw;
  if (const auto code = field.key().get(raw); code != simdjson::SUCCESS) return fail(code);
  // The indexer has made sure that the name's quote is closed.
  const char* const begin = raw.raw();
  const char* end = begin;
  bool is_escaped = false;
  for (; *end != '"'; ++end) {
    if (*end != '\\') continue;
    is_escaped = true;
    ++end;
  }
  const auto size = static_cast<std::size_t>(end - begin);
  out = {begin, size};
  return !is_escaped || unescape(begin, size, out);
}

bool JsonWalk::append_text(std::string_view token, std::string& out) {
  if (std::memchr(token.data(), '\\', token.size()) == nullptr) {
    out += token;
    return true;
  }
  if (is_grammar_only_) return has_good_escapes(token) || fail("a text has a bad escape");
  std::string_view plain;
  if (!text(token, plain)) return false;
  append_json_string(out, plain);
  return true;
}

bool JsonWalk::append_array(ondemand::array array, std::string& out, Facts& facts, std::size_t level) {
  bool is_first = true;
  out += '[';
  for (auto element : array) {
    ondemand::value item;
    if (const auto code = std::move(element).get(item); code != simdjson::SUCCESS) return fail(code);
    if (!std::exchange(is_first, false)) out += ',';
    if (!append(item, out, facts, level)) return false;
  }
  out += ']';
  return true;
}

bool JsonWalk::append_object(ondemand::object object, std::string& out, Facts& facts, std::size_t level) {
  const std::size_t names_from = names_.size();
  out += '{';
  for (auto field : object) {
    std::string_view name;
    if (!key(field, name)) return false;
    if (names_.size() > names_from) out += ',';
    names_.push_back(name);
    append_json_string(out, name);
    out += ':';
    ondemand::value member;
    if (const auto code = field.value().get(member); code != simdjson::SUCCESS) return fail(code);
    if (!append(member, out, facts, level)) return false;
  }
  out += '}';
  facts.has_duplicate_name = facts.has_duplicate_name || has_equal_neighbours(names_, names_from);
  names_.resize(names_from);
  return true;
}

bool JsonWalk::append(ondemand::value& value, std::string& out, Facts& facts, std::size_t level) {
  std::string_view token;
  const JsonType type = peek(value, token);
  if (type == JsonType::broken) return false;
  if (type == JsonType::text) return append_text(token, out);
  if (type != JsonType::array && type != JsonType::object) {
    out += token;
    return true;
  }
  if (++level > nesting_bound) return fail("values are nested deeper than 64 levels");
  facts.levels = std::max(facts.levels, level);
  if (type == JsonType::array) {
    ondemand::array array;
    if (const auto code = value.get_array().get(array); code != simdjson::SUCCESS) return fail(code);
    return append_array(array, out, facts, level);
  }
  ondemand::object object;
  if (const auto code = value.get_object().get(object); code != simdjson::SUCCESS) return fail(code);
  return append_object(object, out, facts, level);
}

bool JsonWalk::skip_by_grammar(ondemand::value& value) {
  is_grammar_only_ = true;
  const bool is_fine = skip(value);
  is_grammar_only_ = false;
  return is_fine;
}

bool JsonWalk::skip(ondemand::value& value) {
  Facts facts;
  scratch_.clear();
  return append(value, scratch_, facts, 0);
}

bool JsonWalk::keep(ondemand::value& value, std::string_view& out, Facts& facts) {
  std::string_view token;
  const JsonType type = peek(value, token);
  if (type == JsonType::broken) return false;
  const bool is_plain =
      type != JsonType::array && type != JsonType::object && std::memchr(token.data(), '\\', token.size()) == nullptr;
  if (is_plain) {
    out = token;
    return true;
  }
  scratch_.clear();
  if (!append(value, scratch_, facts, 0)) return false;
  out = arena_.keep(scratch_);
  return true;
}

}  // namespace meterport::formats
