// `meterport regions`.
#include <fmt/format.h>

#include <algorithm>
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

std::string state_of(const json& region) {
  if (region.value("own", false)) return "this server";
  if (region.value("reachable", false)) return "answers";
  return region.value("looked_at", json()).is_null() ? "not asked yet" : "does not answer";
}

void print_regions(const json& regions) {
  std::vector<std::vector<std::string>> rows;
  for (const json& region : regions) {
    const json replica = region.value("replica", json());
    rows.push_back({cell(region, "name"), state_of(region), cell(region, "orgs"), cell(region, "clock_offset_ms"),
                    replica.is_object() ? cell(replica, "checked_at") : "", cell(region, "url"), cell(region, "key"),
                    cell(region, "problem")});
  }
  fmt::print("{}",
             format_table({"region", "state", "orgs", "clock ms", "replica as of", "url", "key", "problem"}, rows));
}

/// Prints the answer; its regions.
Result<json> call(const GlobalOptions& global, http::Method method, const std::string& target) {
  auto client = ApiClient::open(global.target);
  if (!client) return fail(std::move(client));
  const auto answer = (*client)->call(method, target, {}, {});
  if (!answer) return fail(answer);
  const json regions = json::parse(*answer, nullptr, false).value("regions", json::array());
  if (global.json) {
    print_line(*answer);
  } else {
    print_regions(regions);
  }
  return regions;
}

bool is_well(const json& region) {
  const bool is_only_named = cell(region, "url").empty() && cell(region, "key").empty();
  const bool must_answer = !region.value("own", false) && !is_only_named;
  return cell(region, "problem").empty() && (!must_answer || region.value("reachable", false));
}

}  // namespace

int run_regions_list(const GlobalOptions& global) {
  const auto regions = call(global, http::Method::get, "/v1/regions");
  return regions ? exit_done : report(global, regions.error());
}

int run_regions_check(const GlobalOptions& global, const std::string& name) {
  const std::string target = name.empty() ? "/v1/regions/check" : "/v1/regions/" + percent_encode(name) + "/check";
  const auto regions = call(global, http::Method::post, target);
  if (!regions) return report(global, regions.error());
  return std::ranges::all_of(*regions, is_well) ? exit_done : exit_failed;
}

}  // namespace meterport::app
