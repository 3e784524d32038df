#include "base/settings.h"

#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/json_writer.h"

namespace meterport {
namespace {

const SettingSpec* find_spec(std::string_view name) {
  const auto table = settings_table();
  const auto found = std::ranges::find(table, name, &SettingSpec::name);
  return found == table.end() ? nullptr : &*found;
}

/// Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

std::string_view group_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

/// The known name (or table) most like it. A right name in the wrong table ("server.runners") is nearer than any typo.
std::string_view nearest_name(std::string_view name) {
  std::string_view best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  const auto consider = [&](std::string_view known, std::size_t distance) {
    if (distance >= best_distance) return;
    best = known;
    best_distance = distance;
  };
  for (const SettingSpec& spec : settings_table()) {
    consider(group_of(spec.name), edit_distance(group_of(spec.name), name));
    const bool moved = last_part(spec.name) == last_part(name);
    consider(spec.name, moved ? 0 : edit_distance(spec.name, name));
  }
  return best;
}

std::string unknown_name(std::string_view name) {
  return fmt::format("{}: no such setting; the nearest is {}", name, nearest_name(name));
}

bool is_in_range(const SettingSpec& spec, std::int64_t value) {
  return value >= spec.min && (spec.max == 0 || value <= spec.max);
}

bool is_allowed(const SettingSpec& spec, const SettingValue& value) {
  if (value.index() != spec.fallback.index()) return false;
  std::string word;
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (!is_in_range(spec, *number)) return false;
    word = std::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    word = *text;
  }
  return spec.allowed.empty() || std::ranges::find(spec.allowed, std::string_view(word)) != spec.allowed.end();
}

std::string not_allowed(const SettingSpec& spec, std::string_view shown) {
  return fmt::format("{}: {} is not allowed; it takes {} (default {})", spec.name, shown, allowed_values(spec),
                     format_setting(spec.fallback));
}

/// A TOML node as a setting's value; none: a kind of value no setting has (a float, a time, a mixed list).
std::optional<SettingValue> value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& item : *array) {
    if (!item.is_string()) return std::nullopt;
    list.push_back(item.as_string()->get());
  }
  return list;
}

std::string describe_node(const toml::node& node) {
  if (const auto value = value_of(node)) return format_setting(*value);
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (node.is_array()) return "a list with something other than texts";
  return node.is_table() ? "a table" : "a date or time";
}

std::unexpected<Error> fail_at(std::string_view file_name, const toml::source_position& at, std::string_view text,
                               std::string_view field) {
  return fail(ErrorKind::invalid, fmt::format("{}:{}: {}", file_name, at.line, text), {}, std::string(field));
}

class TomlReader {
 public:
  TomlReader(Settings& settings, std::string_view file_name) : settings_(settings), file_name_(file_name) {}

  Status read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (auto s = read_node(name, node, key.source().begin); !s) return s;
    }
    return {};
  }

 private:
  Status read_node(const std::string& name, const toml::node& node, const toml::source_position& at) {
    if (const SettingSpec* spec = find_spec(name)) {
      auto value = value_of(node);
      if (!value || !is_allowed(*spec, *value)) {
        return fail_at(file_name_, at, not_allowed(*spec, describe_node(node)), name);
      }
      return settings_.set(name, std::move(*value));
    }
    if (const auto* table = node.as_table(); table != nullptr && is_group(name)) return read_table(*table, name + ".");
    return fail_at(file_name_, at, unknown_name(name), name);
  }

  static bool is_group(std::string_view name) {
    const std::string prefix = std::string(name) + ".";
    return std::ranges::any_of(settings_table(), [&](const SettingSpec& s) { return s.name.starts_with(prefix); });
  }

  Settings& settings_;
  std::string_view file_name_;
};

[[noreturn]] void defect(std::string_view name, std::string_view what) {
  std::fputs(fmt::format("settings: {}: {}\n", name, what).c_str(), stderr);
  std::abort();
}

template <class T>
const T& typed(const Settings& settings, std::string_view name) {
  const T* value = std::get_if<T>(&settings.value(name));
  if (value == nullptr) defect(name, "read as another type");
  return *value;
}

}  // namespace

std::string format_setting(const SettingValue& value) {
  std::string out;
  if (const auto* flag = std::get_if<bool>(&value)) {
    out = *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out = std::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_json_string(out, *text);
  } else {
    out = "[";
    for (const auto& item : std::get<std::vector<std::string>>(value)) {
      if (out.size() > 1) out += ", ";
      append_json_string(out, item);
    }
    out += "]";
  }
  return out;
}

std::string allowed_values(const SettingSpec& spec) {
  if (!spec.allowed.empty()) {
    const bool is_text = std::holds_alternative<std::string>(spec.fallback);
    std::string words;
    for (const auto word : spec.allowed) {
      if (!words.empty()) words += " or ";
      words += is_text ? fmt::format("\"{}\"", word) : std::string(word);
    }
    return words;
  }
  if (std::holds_alternative<bool>(spec.fallback)) return "true or false";
  if (std::holds_alternative<std::string>(spec.fallback)) return "a text";
  if (std::holds_alternative<std::vector<std::string>>(spec.fallback)) return "a list of texts";
  std::string words = fmt::format("a whole number from {}", spec.min);
  if (spec.max != 0) words += fmt::format(" to {}", spec.max);
  if (!spec.unit.empty()) words += fmt::format(", in {}", spec.unit);
  return words;
}

std::string settings_markdown() {
  std::string out =
      "# Settings\n\n"
      "`meterport serve --config FILE.toml` reads them; `meterport config explain` prints them with the values in\n"
      "force. A name before the dot is a TOML table:\n\n"
      "```toml\n[server]\nlisten = \"127.0.0.1:8080\"\n\n[informatica]\nmidnight_end = \"exclusive\"\n```\n\n"
      "An unknown name or a value out of range stops the start with a message that says what is allowed. This page\n"
      "is made from the table in `src/base/settings_table.cpp`.\n";
  std::string_view group;
  for (const SettingSpec& spec : settings_table()) {
    const std::string_view own_group = group_of(spec.name);
    if (own_group != group) {
      group = own_group;
      out += fmt::format("\n## {}\n\n| name | default | takes | meaning |\n| --- | --- | --- | --- |\n", group);
    }
    out += fmt::format("| `{}` | `{}` | {} | {} |\n", spec.name, format_setting(spec.fallback), allowed_values(spec),
                       spec.help);
  }
  return out;
}

Settings::Settings() {
  for (const SettingSpec& spec : settings_table()) values_.emplace(spec.name, spec.fallback);
}

Result<Settings> Settings::parse_toml(std::string_view toml, std::string_view file_name) {
  const toml::parse_result parsed = toml::parse(toml, file_name);
  if (!parsed) {
    return fail_at(file_name, parsed.error().source().begin, parsed.error().description(), {});
  }
  Settings settings;
  if (auto s = TomlReader(settings, file_name).read_table(parsed.table(), ""); !s) return fail(std::move(s));
  return settings;
}

bool Settings::flag(std::string_view name) const {
  return typed<bool>(*this, name);
}
std::int64_t Settings::number(std::string_view name) const {
  return typed<std::int64_t>(*this, name);
}
const std::string& Settings::text(std::string_view name) const {
  return typed<std::string>(*this, name);
}
const std::vector<std::string>& Settings::list(std::string_view name) const {
  return typed<std::vector<std::string>>(*this, name);
}

bool Settings::is_default(std::string_view name) const {
  const SettingValue& current = value(name);
  return current == find_spec(name)->fallback;
}

const SettingValue& Settings::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) defect(name, "no such setting");
  return found->second;
}

Status Settings::set(std::string_view name, SettingValue value) {
  const SettingSpec* spec = find_spec(name);
  if (spec == nullptr) return fail(ErrorKind::invalid, unknown_name(name), {}, std::string(name));
  if (!is_allowed(*spec, value)) {
    return fail(ErrorKind::invalid, not_allowed(*spec, format_setting(value)), {}, std::string(name));
  }
  values_.insert_or_assign(std::string(name), std::move(value));
  return {};
}

}  // namespace meterport
