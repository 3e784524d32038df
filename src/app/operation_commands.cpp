// `meterport operations`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/terminal.h"

namespace meterport::app {
namespace {

using nlohmann::json;

constexpr std::size_t shown_problems_max = 20;

std::vector<std::string> row_of(const json& operation) {
  const auto number = [&](const char* name) { return fmt::to_string(operation.value(name, std::uint64_t{0})); };
  return {number("id"),
          operation.value("state", ""),
          operation.value("kind", ""),
          operation.value("org", ""),
          number("items"),
          number("settled"),
          number("stored"),
          number("duplicates"),
          number("conflicts"),
          number("rejected"),
          operation.value("created_at", "")};
}

const std::vector<std::string> columns = {"id",     "state",      "kind",      "org",      "items",  "settled",
                                          "stored", "duplicates", "conflicts", "rejected", "created"};

/// The first items of one status, a line each.
Status print_problems(ApiClient& client, const std::string& id, const std::string& status) {
  auto answer = client.get(
      fmt::format("/v1/operations/{}/results?status={}&page_size={}", percent_encode(id), status, shown_problems_max));
  if (!answer) return fail(std::move(answer));
  const json page = json::parse(*answer, nullptr, false);
  for (const json& item : page.value("results", json::array())) {
    const json error = item.value("error", json::object());
    print_line(fmt::format("  item {}: {} ({})", item.value("index", std::uint64_t{0}), error.value("text", ""),
                           error.value("code", "")));
  }
  if (!page.value("next_page_token", "").empty()) print_line("  ... (--json and /v1/operations/ID/results show all)");
  return {};
}

}  // namespace

int run_operations_list(const GlobalOptions& global) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->get("/v1/operations?page_size=100");
  if (!answer) return report(global, answer.error());
  if (global.json) {
    print_line(*answer);
    return exit_done;
  }
  const json parsed = json::parse(*answer, nullptr, false);
  std::vector<std::vector<std::string>> rows;
  for (const json& operation : parsed.value("operations", json::array())) rows.push_back(row_of(operation));
  fmt::print("{}", format_table(columns, rows));
  return exit_done;
}

int run_operations_show(const GlobalOptions& global, const std::string& id) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->get("/v1/operations/" + percent_encode(id));
  if (!answer) return report(global, answer.error());
  if (global.json) {
    print_line(*answer);
    return exit_done;
  }
  const json operation = json::parse(*answer, nullptr, false);
  fmt::print("{}", format_table(columns, {row_of(operation)}));
  if (operation.value("state", "") == "FAILED") print_line("  " + operation.value("error", ""));
  for (const char* status : {"rejected", "conflict"}) {
    if (auto printed = print_problems(**client, id, status); !printed) return report(global, printed.error());
  }
  return exit_done;
}

}  // namespace meterport::app
