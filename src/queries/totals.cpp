// GET /v1/usage: sums by any of the group columns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "queries/queries.h"
#include "queries/total_windows.h"
#include "queries/zone.h"

namespace meterport::queries {

namespace {

using warehouse::Dimension;

constexpr std::int64_t wait_ms_max = 2'000;
constexpr std::size_t rows_max = 200'000;

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

bool is_window(std::string_view column) {
  return column == "day" || column == "window";
}

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
    } else if (!is_window(name)) {
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
  const auto column = std::ranges::find_if(request.group_by, is_window);
  if (column == request.group_by.end()) return TotalWindows();
  const Window window = *column == "day" ? Window::day : request.window;
  if (window == Window::none) {
    return fail(ErrorKind::invalid, "group_by: \"window\" needs a window: hour, day or month", {}, "group_by");
  }
  return TotalWindows::over({.from = request.from, .to = request.to}, window, zone);
}

/// One group's row; `order` are the texts of the group columns, in group_by order.
struct SortableRow {
  std::vector<std::string_view> order;
  std::uint32_t window = 0;
  TotalRow row;
};

/// Makes rows of the store's sums.
class Rows {
 public:
  Rows(const TotalsRequest& request, const warehouse::SumQuery& query, const TotalWindows& windows, const Zone& zone,
       const loading::Dictionaries& words)
      : names_(request.group_by), query_(query), windows_(windows), zone_(zone), words_(words) {}

  void add(const warehouse::SumRow& sum) {
    if (is_too_large_) return;
    const std::uint32_t window = windows_.number_of(sum);
    if (windows_.must_fold()) {
      std::vector<std::uint32_t> key = sum.dims;
      key.insert(key.end(), {sum.org, sum.meter, window});
      const auto [place, is_new] = places_.try_emplace(std::move(key), rows_.size());
      if (!is_new) {
        TotalRow& row = rows_[place->second].row;
        row.quantity += sum.quantity;
        row.records += sum.records;
        return;
      }
    }
    is_too_large_ = rows_.size() == rows_max;
    if (!is_too_large_) rows_.push_back(to_row(sum, window));
  }
  [[nodiscard]] bool is_too_large() const { return is_too_large_; }
  /// In the order of the columns' texts.
  std::vector<TotalRow> in_order();

 private:
  [[nodiscard]] SortableRow to_row(const warehouse::SumRow& sum, std::uint32_t window) const;

  const std::vector<std::string>& names_;
  const warehouse::SumQuery& query_;
  const TotalWindows& windows_;
  const Zone& zone_;
  const loading::Dictionaries& words_;
  std::vector<SortableRow> rows_;
  std::map<std::vector<std::uint32_t>, std::size_t> places_;
  bool is_too_large_ = false;
};

SortableRow Rows::to_row(const warehouse::SumRow& sum, std::uint32_t window) const {
  SortableRow sortable;
  sortable.window = window;
  TotalRow& row = sortable.row;
  row.quantity = sum.quantity;
  row.records = sum.records;
  std::size_t dim = 0;
  for (const std::string& name : names_) {
    std::string_view text;  // of a window: none, all rows alike; it is compared by itself
    if (is_window(name)) {
      row.window = windows_.period(window);
      if (name == "day") row.day = zone_.day_at(row.window->from);
    } else if (name == "org") {
      row.org = text = words_.text(Dimension::org, sum.org);
    } else if (name == "meter") {
      row.meter = text = words_.text(Dimension::meter, sum.meter);
    } else {
      text = words_.text(query_.group_by[dim], sum.dims[dim]);
      row.dims.emplace_back(text);
      ++dim;
    }
    sortable.order.push_back(text);
  }
  return sortable;
}

std::vector<TotalRow> Rows::in_order() {
  const auto window_column = static_cast<std::size_t>(std::ranges::find_if(names_, is_window) - names_.begin());
  std::ranges::sort(rows_, [&](const SortableRow& a, const SortableRow& b) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (i == window_column && a.window != b.window) return a.window < b.window;
      if (a.order[i] != b.order[i]) return a.order[i] < b.order[i];
    }
    return false;
  });
  std::vector<TotalRow> rows;
  rows.reserve(rows_.size());
  for (SortableRow& row : rows_) rows.push_back(std::move(row.row));
  return rows;
}

}  // namespace

Result<Snapshot> Queries::pin_durable() {
  if (auto required = require_ledger(); !required) return fail(std::move(required));
  const std::uint64_t position = log_->durable_position();
  return with_catalogue(std::max(clock_.now(), log_->last_commit_time()), position);
}

Result<TotalsAnswer> Queries::totals(const Principal& principal, const TotalsRequest& request) {
  if (request.to <= request.from) return fail(ErrorKind::invalid, "to: must be after from", {}, "to");
  warehouse::SumQuery query;
  if (auto grouped = group(query, request.group_by); !grouped) return fail(std::move(grouped));
  const auto zone = Zone::find(request.time_zone);
  if (!zone) return fail(zone);
  const auto windows = windows_of(request, *zone);
  if (!windows) return fail(windows);
  const auto snapshot = request.as_of_position ? pin(request.as_of_position, std::nullopt) : pin_durable();
  if (!snapshot) return fail(snapshot);
  const auto then = catalogue(*snapshot);
  if (!then) return fail(then);
  const auto orgs = readable_orgs(*catalog_.current(), **then, principal, request);
  if (!orgs) return fail(orgs);
  TotalsAnswer answer{.rows = {}, .snapshot = *snapshot};
  if (!request.meter.empty()) {
    const bool is_known =
        std::ranges::any_of(*orgs, [&](const Org* org) { return (*then)->meter(org->id, request.meter) != nullptr; });
    if (!is_known) return fail(ErrorKind::not_found, "meter: there is no such meter", {}, "meter");
  }
  if (auto loaded = wait_loaded(*snapshot, wait_ms_max); !loaded) return fail(std::move(loaded));

  const loading::Dictionaries& words = loader_.dictionaries();
  for (const Org* org : *orgs) {
    if (const warehouse::Code code = words.find(Dimension::org, org->id)) query.orgs.push_back(code);
  }
  if (!request.meter.empty()) query.meters.push_back(words.find(Dimension::meter, request.meter));
  if (query.orgs.empty()) return answer;
  query.as_of_position = snapshot->ledger_position;
  query.from = request.from;
  query.to = request.to;
  Rows rows(request, query, *windows, *zone, words);
  for (const warehouse::SumQuery& part : windows->queries_for(query)) {
    auto read = warehouse_.sum(part, [&](const warehouse::SumRow& sum) { rows.add(sum); });
    if (!read) return fail(std::move(read));
  }
  if (rows.is_too_large()) {
    return fail(
        ErrorKind::too_large,
        fmt::format("the answer would have more than {} rows: ask for a shorter period or fewer groups", rows_max), {},
        "group_by");
  }
  answer.rows = rows.in_order();
  return answer;
}

}  // namespace meterport::queries
