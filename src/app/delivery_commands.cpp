// `meterport deliveries`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/terminal.h"

namespace meterport::app {
namespace {

using nlohmann::json;

/// What may be null, as a cell.
std::string cell(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

const std::vector<std::string> columns = {"id",       "kind",         "state",       "job",        "url",
                                          "attempts", "next attempt", "last status", "last error", "created"};

std::vector<std::string> row_of(const json& delivery) {
  std::vector<std::string> row;
  for (const char* name : {"id", "kind", "state", "job", "url", "attempts_made", "next_attempt_at", "last_status",
                           "last_error", "created_at"}) {
    row.push_back(cell(delivery, name));
  }
  return row;
}

void print_attempts(const json& history) {
  std::vector<std::vector<std::string>> rows;
  for (const json& attempt : history.value("attempts", json::array())) {
    rows.push_back({cell(attempt, "number"), cell(attempt, "began_at"), cell(attempt, "took_ms"),
                    cell(attempt, "status"), cell(attempt, "error")});
  }
  if (!rows.empty()) fmt::print("\n{}", format_table({"attempt", "began", "ms", "status", "error"}, rows));
}

/// Calls, and prints what `print` makes of the answer, or the answer itself with --json.
template <class Print>
int call_and_print(const GlobalOptions& global, http::Method method, const std::string& target, Print print) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  const auto answer = (*client)->call(method, target, {}, {});
  if (!answer) return report(global, answer.error());
  if (global.json) {
    print_line(*answer);
  } else {
    print(json::parse(*answer, nullptr, false));
  }
  return exit_done;
}

}  // namespace

int run_deliveries_list(const GlobalOptions& global, const DeliveryOptions& options) {
  std::string target = "/v1/deliveries?page_size=100";
  if (!options.org.empty()) target += "&org=" + percent_encode(options.org);
  if (!options.job.empty()) target += "&job=" + percent_encode(options.job);
  if (!options.state.empty()) target += "&state=" + percent_encode(options.state);
  return call_and_print(global, http::Method::get, target, [](const json& page) {
    std::vector<std::vector<std::string>> rows;
    for (const json& delivery : page.value("deliveries", json::array())) rows.push_back(row_of(delivery));
    fmt::print("{}", format_table(columns, rows));
    if (!page.value("next_page_token", "").empty()) print_line("... (--job, --org and --state narrow it)");
  });
}

int run_deliveries_show(const GlobalOptions& global, const std::string& id) {
  const std::string target = "/v1/deliveries/" + percent_encode(id);
  return call_and_print(global, http::Method::get, target, [](const json& history) {
    fmt::print("{}", format_table(columns, {row_of(history.value("delivery", json::object()))}));
    print_attempts(history);
  });
}

int run_deliveries_retry(const GlobalOptions& global, const std::string& id) {
  const std::string target = "/v1/deliveries/" + percent_encode(id) + "/retry";
  return call_and_print(global, http::Method::post, target,
                        [](const json& delivery) { fmt::print("{}", format_table(columns, {row_of(delivery)})); });
}

int run_deliveries_keys(const GlobalOptions& global, const std::string& org) {
  const std::string target = "/v1/deliveries/keys" + (org.empty() ? std::string() : "?org=" + percent_encode(org));
  return call_and_print(global, http::Method::get, target, [](const json& keys) {
    for (const char* name : {"org", "secret", "public_key"}) print_line(fmt::format("{}: {}", name, cell(keys, name)));
  });
}

}  // namespace meterport::app
