// Settings are data: one table (settings_table.cpp) names each with type, default, range, unit and a sentence;
// it makes the TOML reader, `meterport config explain` and docs/reference/settings.md.
//
// A setting is read by its dotted name, e.g. "informatica.midnight_end". Unknown names in a file are errors that
// name the nearest known one. Values are fixed once loaded.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace meterport {

using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

struct SettingSpec {
  std::string_view name;                  ///< dotted
  SettingValue fallback;                  ///< default; its type is the setting's
  std::string_view unit;                  ///< "s", "bytes", "" ...
  std::int64_t min = 0;                   ///< numbers only
  std::int64_t max = 0;                   ///< numbers only; 0 = no bound
  std::vector<std::string_view> allowed;  ///< texts, and numbers in decimal; empty = any (in the range)
  std::string_view help;                  ///< one sentence
};

/// In the order of the docs: grouped by what stands before the dot.
std::span<const SettingSpec> settings_table();
/// What values the setting takes, in words: "a whole number from 0 to 600, in s".
std::string allowed_values(const SettingSpec& spec);
/// The value as TOML prints it: true, 42, "text", ["a", "b"].
std::string format_setting(const SettingValue& value);
/// docs/reference/settings.md, whole.
std::string settings_markdown();

class Settings {
 public:
  /// All defaults.
  Settings();
  /// Reads TOML text over the defaults. `invalid` with file, line, name, the bad value and what is allowed; the first
  /// mistake is reported.
  static Result<Settings> parse_toml(std::string_view toml, std::string_view file_name);

  // The name must be in the table and of that type; anything else is a programming error and aborts.
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view name) const;
  [[nodiscard]] bool is_default(std::string_view name) const;
  [[nodiscard]] const SettingValue& value(std::string_view name) const;
  /// For tests and flags such as --listen. `invalid` like parse_toml: unknown name, wrong type, out of range.
  Status set(std::string_view name, SettingValue value);

 private:
  std::map<std::string, SettingValue, std::less<>> values_;
};

}  // namespace meterport
