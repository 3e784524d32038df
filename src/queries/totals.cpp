// GET /v1/usage: sums by any of the group columns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "queries/deadline.h"
#include "queries/queries.h"
#include "queries/region_calls.h"
#include "queries/total_rows.h"
#include "queries/total_windows.h"
#include "queries/zone.h"

namespace meterport::queries {

namespace {

using warehouse::Dimension;

constexpr std::int64_t wait_ms_max = 2'000;

/// The names of the record's fields, as POST /v1/usage takes them.
constexpr std::array<std::pair<std::string_view, Dimension>, 14> dimension_names = {{
    {"project", Dimension::project},
    {"folder", Dimension::folder},
    {"asset.name", Dimension::asset_name},
    {"asset.type", Dimension::asset_type},
    {"environment.id", Dimension::environment_id},
    {"environment.name", Dimension::environment_name},
    {"environment.type", Dimension::environment_type},
    {"subscription", Dimension::subscription},
    {"app.id", Dimension::app_id},
    {"app.name", Dimension::app_name},
    {"app.hrn", Dimension::app_hrn},
    {"billing_tag", Dimension::billing_tag},
    {"channel", Dimension::channel},
    {"category", Dimension::category},
}};

std::unexpected<Error> bad_group(std::string_view name) {
  std::string allowed = "org, meter, day, window";
  for (const auto& [allowed_name, dimension] : dimension_names) allowed += fmt::format(", {}", allowed_name);
  return fail(ErrorKind::invalid, fmt::format("group_by: \"{}\" is none of {}", name, allowed), {}, "group_by");
}

/// Puts the group columns into the query, but for the window.
Status group(warehouse::SumQuery& query, const std::vector<std::string>& names) {
  query.by_org = query.by_meter = query.by_day = false;
  if (std::ranges::find(names, "day") != names.end() && std::ranges::find(names, "window") != names.end()) {
    return fail(ErrorKind::invalid, "group_by: day and window can't both be named", {}, "group_by");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), name) !=
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fail(ErrorKind::invalid, fmt::format("group_by: \"{}\" is named twice", name), {}, "group_by");
    }
    if (name == "org") {
      query.by_org = true;
    } else if (name == "meter") {
      query.by_meter = true;
    } else if (!is_window_column(name)) {
      const auto* found = std::ranges::find(dimension_names, name, &std::pair<std::string_view, Dimension>::first);
      if (found == dimension_names.end()) return bad_group(name);
      query.group_by.push_back(found->second);
    }
  }
  return {};
}

/// The orgs asked for, if the principal may read all of them.
Result<std::vector<const Org*>> readable_orgs(const catalog::Snapshot& current, const catalog::Snapshot& then,
                                              const Principal& principal, const TotalsRequest& request) {
  const auto may_read = [&](std::string_view org) {
    return current.allows(principal, Role::viewer, org) || current.allows(principal, Role::exporter, org);
  };
  if (current.org(request.org) == nullptr || !current.may_know(principal, request.org)) {
    return fail(ErrorKind::not_found, "org: there is no such organization", {}, "org");
  }
  if (!principal.project.empty()) {
    return fail(ErrorKind::forbidden, "this token is for one project; totals are over all of an org's");
  }
  if (!may_read(request.org)) {
    return fail(ErrorKind::forbidden, "reading usage needs the role viewer, exporter or admin", {}, "org");
  }
  std::vector<const Org*> orgs;
  if (!request.all_linked) {
    if (const Org* org = then.org(request.org)) orgs.push_back(org);
    return orgs;
  }
  orgs = then.linked(request.org);
  const auto hidden = std::ranges::count_if(orgs, [&](const Org* org) { return !may_read(org->id); });
  if (hidden == 0) return orgs;
  return fail(ErrorKind::forbidden, fmt::format("{} of {} linked organizations are not readable", hidden, orgs.size()),
              {}, "all_linked");
}

/// The windows of the column "day" or "window".
Result<TotalWindows> windows_of(const TotalsRequest& request, const Zone& zone) {
  const auto column = std::ranges::find_if(request.group_by, is_window_column);
  if (column == request.group_by.end()) return TotalWindows();
  const Window window = *column == "day" ? Window::day : request.window;
  if (window == Window::none) {
    return fail(ErrorKind::invalid, "group_by: \"window\" needs a window: hour, day or month", {}, "group_by");
  }
  return TotalWindows::over({.from = request.from, .to = request.to}, window, zone);
}

/// What is asked of the store, once for each region.
struct TotalsPlan {
  static Result<TotalsPlan> of(const TotalsRequest& request) {
    if (request.to <= request.from) return fail(ErrorKind::invalid, "to: must be after from", {}, "to");
    warehouse::SumQuery query;
    if (auto grouped = group(query, request.group_by); !grouped) return fail(std::move(grouped));
    const auto zone = Zone::find(request.time_zone);
    if (!zone) return fail(zone);
    auto windows = windows_of(request, *zone);
    if (!windows) return fail(std::move(windows));
    query.from = request.from;
    query.to = request.to;
    return TotalsPlan{.query = std::move(query), .zone = *zone, .windows = std::move(*windows)};
  }
  warehouse::SumQuery query;  ///< of all orgs and meters
  Zone zone;
  TotalWindows windows;
};

std::unexpected<Error> too_many_rows() {
  return fail(
      ErrorKind::too_large,
      fmt::format("the answer would have more than {} rows: ask for a shorter period or fewer groups", total_rows_max),
      {}, "group_by");
}

/// In no order.
Result<std::vector<TotalRow>> read_rows(warehouse::Warehouse& warehouse, const loading::Dictionaries& words,
                                        std::uint64_t position, const TotalsPlan& plan, const TotalsRequest& request,
                                        const std::vector<std::string>& orgs) {
  warehouse::SumQuery query = plan.query;
  query.as_of_position = position;
  for (const std::string& org : orgs) {
    if (const warehouse::Code code = words.find(Dimension::org, org)) query.orgs.push_back(code);
  }
  if (query.orgs.empty()) return std::vector<TotalRow>();
  if (!request.meter.empty()) query.meters.push_back(words.find(Dimension::meter, request.meter));
  TotalRows rows(request.group_by, query, plan.windows, plan.zone, words);
  for (const warehouse::SumQuery& part : plan.windows.queries_for(query)) {
    auto read = warehouse.sum(part, [&](const warehouse::SumRow& sum) { rows.add(sum); });
    if (!read) return fail(std::move(read));
  }
  if (rows.is_too_large()) return too_many_rows();
  return rows.take();
}

/// Orgs by the region that their ledgers are in; all in the own one, named "", without a source of others.
std::map<std::string, std::vector<std::string>> by_region(const catalog::Snapshot& catalogue, const PartSource* source,
                                                          const std::vector<const Org*>& orgs) {
  std::map<std::string, std::vector<std::string>> regions;
  for (const Org* org : orgs) {
    const std::string_view region = source == nullptr ? std::string_view() : catalogue.region_of(org->id);
    const bool is_own = source == nullptr || region == source->own_region();
    regions[is_own ? std::string() : std::string(region)].push_back(org->id);
  }
  return regions;
}

}  // namespace

Result<Snapshot> Queries::pin_durable() {
  if (auto required = require_ledger(); !required) return fail(std::move(required));
  const std::uint64_t position = log_->durable_position();
  return with_catalogue(std::max(clock_.now(), log_->last_commit_time()), position);
}

Result<TotalsAnswer> Queries::totals(const Principal& principal, const TotalsRequest& request) {
  const auto plan = TotalsPlan::of(request);
  if (!plan) return fail(plan);
  const bool is_of_now = !request.as_of_position && !request.as_of_time;
  const auto snapshot = is_of_now ? pin_durable() : pin(request.as_of_position, request.as_of_time);
  if (!snapshot) return fail(snapshot);
  const auto then = catalogue(*snapshot);
  if (!then) return fail(then);
  const auto orgs = readable_orgs(*catalog_.current(), **then, principal, request);
  if (!orgs) return fail(orgs);
  if (!request.meter.empty()) {
    const bool is_known =
        std::ranges::any_of(*orgs, [&](const Org* org) { return (*then)->meter(org->id, request.meter) != nullptr; });
    if (!is_known) return fail(ErrorKind::not_found, "meter: there is no such meter", {}, "meter");
  }

  auto regions = by_region(**then, part_source_, *orgs);
  const std::vector<std::string> own = std::move(regions[""]);
  regions.erase("");
  std::vector<std::string> names;
  for (const auto& [region, some] : regions) names.push_back(region);
  std::vector<std::vector<TotalRow>> theirs(names.size());
  std::vector<TotalRow> rows;
  const auto ask = [&](std::size_t i, const PartCall& call) -> Status {
    auto answer = part_source_->totals(names[i], request, regions.at(names[i]), snapshot->as_of, call);
    if (!answer) return fail(std::move(answer));
    theirs[i] = std::move(*answer);
    return {};
  };
  auto asked = ask_regions(names, read_budget_ms_, ask, [&]() -> Status {
    if (auto loaded = wait_loaded(*snapshot, wait_ms_max); !loaded) return loaded;
    auto read = read_rows(warehouse_, loader_.dictionaries(), snapshot->ledger_position, *plan, request, own);
    if (!read) return fail(std::move(read));
    rows = std::move(*read);
    return {};
  });
  if (!asked) return fail(std::move(asked));
  for (std::vector<TotalRow>& some : theirs) std::ranges::move(some, std::back_inserter(rows));
  TotalsAnswer answer{.rows = in_order(std::move(rows), request.group_by), .snapshot = *snapshot};
  if (answer.rows.size() > total_rows_max) return too_many_rows();
  return answer;
}

Result<std::vector<TotalRow>> Queries::own_totals(const TotalsRequest& request, const std::vector<std::string>& orgs,
                                                  Instant as_of, std::int64_t wait_ms_total) {
  const auto plan = TotalsPlan::of(request);
  if (!plan) return fail(plan);
  const Deadline deadline(wait_ms_total);
  const auto position = settled_position(as_of, Fence::while_running, wait_ms_total, {});
  if (!position) return fail(position);
  const Snapshot snapshot{.as_of = as_of, .ledger_position = *position};
  if (auto loaded = wait_loaded(snapshot, deadline.left_ms()); !loaded) return fail(std::move(loaded));
  return read_rows(warehouse_, loader_.dictionaries(), *position, *plan, request, orgs);
}

}  // namespace meterport::queries
