// What every command shares, and the small ones: init, config explain.
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/terminal.h"
#include "base/json_writer.h"

namespace meterport::app {

int report(const GlobalOptions& global, const Error& error) {
  const bool is_bad_use =
      error.kind == ErrorKind::invalid || error.kind == ErrorKind::malformed || error.kind == ErrorKind::range_too_long;
  const int code = is_bad_use ? exit_bad_use : exit_failed;
  if (global.json) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("error", to_string(error.kind))
        .field("text", error.text)
        .field("field", error.field)
        .end_object();
    print_line(out);
  }
  std::string text = error.text;
  if (!error.field.empty() && !text.starts_with(error.field)) text = error.field + ": " + text;
  if (!error.detail.empty()) text += " (" + error.detail + ")";
  print_error(text);
  return code;
}

int run_init(const GlobalOptions& global, const InitOptions& options) {
  auto settings = load_settings(global.target.config);
  if (!settings) return report(global, settings.error());
  InitRequest request;
  request.data = global.target.data;
  request.org_id = options.org_id;
  request.org_name = options.org_name;
  if (!options.catalog_file.empty()) {
    auto text = read_file(system_files(), options.catalog_file);
    if (!text)
      return report(global, {ErrorKind::invalid, options.catalog_file + " can't be read", text.error().detail, {}});
    request.catalog_json = std::move(*text);
  }
  if (const char* password = std::getenv("METERPORT_ADMIN_PASSWORD")) request.admin_password = password;
  auto result = init_data(request, *settings);
  if (!result) return report(global, result.error());
  if (global.json) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("data", request.data).field("org", result->org_id).field("user", "admin");
    if (result->password_was_made) w.field("password", result->admin_password);
    w.end_object();
    print_line(out);
    return exit_done;
  }
  print_line(fmt::format("{} is ready: tenant {}, administrator admin", request.data, result->org_id));
  if (result->password_was_made) print_line(fmt::format("password of admin (shown once): {}", result->admin_password));
  print_line(fmt::format("next: meterport serve --data {}", request.data));
  return exit_done;
}

namespace {

std::string value_text(const SettingValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *text);
  std::string out = "[";
  for (const auto& item : std::get<std::vector<std::string>>(value))
    out += (out.size() > 1 ? ", \"" : "\"") + item + "\"";
  return out + "]";
}

}  // namespace

int run_config_explain(const GlobalOptions& global, bool as_markdown) {
  auto settings = load_settings(global.target.config);
  if (!settings) return report(global, settings.error());
  if (as_markdown) {
    fmt::print("{}", settings_markdown());
    return exit_done;
  }
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const SettingSpec& spec : settings_table()) {
    const std::string value = value_text(settings->value(spec.name));
    const std::string fallback = value_text(spec.fallback);
    rows.push_back({std::string(spec.name), value + (settings->is_default(spec.name) ? "" : " *"),
                    std::string(spec.unit), std::string(spec.help)});
    all.push_back(
        {{"name", spec.name}, {"value", value}, {"default", fallback}, {"unit", spec.unit}, {"help", spec.help}});
  }
  if (global.json) {
    print_line(all.dump(2));
  } else {
    fmt::print("{}", format_table({"setting", "value", "unit", "what it does"}, rows));
    print_line("* = not the default");
  }
  return exit_done;
}

}  // namespace meterport::app
