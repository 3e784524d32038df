#include "formats/json_members.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "formats/json_walk.h"
#include "formats/thread_parser.h"

namespace meterport::formats {
namespace {

bool walk_members(ondemand::object object, std::string_view prefix, std::size_t levels_max, JsonWalk& walk,
                  TextArena& arena, std::vector<Property>& out) {
  for (auto field : object) {
    std::string_view name;
    if (!walk.key(field, name)) return false;
    ondemand::value value;
    if (field.value().get(value) != simdjson::SUCCESS) return false;
    Property property;
    JsonWalk::Facts facts;
    if (!walk.keep(value, property.json, facts)) return false;
    if (facts.levels > levels_max || facts.has_duplicate_name) return false;
    property.name = arena.keep(std::string(prefix).append(name));
    out.push_back(property);
  }
  return true;
}

bool are_distinct(const std::vector<Property>& properties, std::size_t from) {
  std::vector<std::string_view> names;
  for (std::size_t i = from; i < properties.size(); ++i) names.push_back(properties[i].name);
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

/// A copy that simdjson may read past.
std::string_view keep_padded(std::string_view json, TextArena& arena) {
  char* const text = arena.allocate(json.size() + simdjson::SIMDJSON_PADDING);
  std::copy(json.begin(), json.end(), text);
  std::memset(text + json.size(), 0, simdjson::SIMDJSON_PADDING);
  return {text, json.size()};
}

}  // namespace

bool read_json_members(std::string_view json, std::string_view prefix, std::size_t levels_max, TextArena& arena,
                       std::vector<Property>& out) {
  const ThreadParser parser;
  const std::string_view text = keep_padded(json, arena);  // properties are views into it
  ondemand::document document;
  ondemand::object object;
  if (parser->iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  const std::size_t before = out.size();
  JsonWalk walk(*parser, arena);
  const bool is_good = walk_members(object, prefix, levels_max, walk, arena, out) &&
                       document.current_location().error() == simdjson::OUT_OF_BOUNDS && are_distinct(out, before);
  if (!is_good) out.resize(before);
  return is_good;
}

std::string_view text_of_json(std::string_view json, TextArena& arena) {
  if (json.empty() || json == "null" || json.front() == '{' || json.front() == '[') return {};
  if (json.front() != '"') return json;
  if (json.find('\\') == std::string_view::npos) return json.substr(1, json.size() - 2);
  const ThreadParser parser;
  const std::string_view padded = keep_padded(json, arena);
  ondemand::document document;
  std::string_view text;
  if (parser->iterate(padded.data(), padded.size(), padded.size() + simdjson::SIMDJSON_PADDING).get(document) !=
          simdjson::SUCCESS ||
      document.get_string().get(text) != simdjson::SUCCESS) {
    return {};
  }
  return arena.keep(text);
}

}  // namespace meterport::formats
