// GET /v1/usage: sums by any of the group columns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "queries/queries.h"

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

std::unexpected<Error> bad_group(std::string_view name) {
  std::string allowed = "org, meter, day";
  for (const auto& [allowed_name, dimension] : dimension_names) allowed += fmt::format(", {}", allowed_name);
  return fail(ErrorKind::invalid, fmt::format("group_by: \"{}\" is none of {}", name, allowed), {}, "group_by");
}

/// Puts the group columns into the query.
Status group(warehouse::SumQuery& query, const std::vector<std::string>& names) {
  query.by_org = query.by_meter = query.by_day = false;
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
    } else if (name == "day") {
      query.by_day = true;
    } else {
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

/// One group's row; `order` are the texts of the group columns, in group_by order.
struct SortableRow {
  std::vector<std::string_view> order;
  Day day;
  TotalRow row;
};

SortableRow to_row(const warehouse::SumRow& sum, const warehouse::SumQuery& query,
                   const std::vector<std::string>& names, const loading::Dictionaries& words) {
  SortableRow sortable;
  sortable.day = sum.day;
  TotalRow& row = sortable.row;
  row.quantity = sum.quantity;
  row.records = sum.records;
  std::size_t dim = 0;
  for (const std::string& name : names) {
    std::string_view text;  // of a day: none, all rows alike; it is compared by itself
    if (name == "day") {
      row.day = sum.day;
    } else if (name == "org") {
      row.org = text = words.text(Dimension::org, sum.org);
    } else if (name == "meter") {
      row.meter = text = words.text(Dimension::meter, sum.meter);
    } else {
      text = words.text(query.group_by[dim], sum.dims[dim]);
      row.dims.emplace_back(text);
      ++dim;
    }
    sortable.order.push_back(text);
  }
  return sortable;
}

void sort_rows(std::vector<SortableRow>& rows, const std::vector<std::string>& names) {
  const auto day_column = static_cast<std::size_t>(std::ranges::find(names, "day") - names.begin());
  std::ranges::sort(rows, [&](const SortableRow& a, const SortableRow& b) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i == day_column && a.day != b.day) return a.day < b.day;
      if (a.order[i] != b.order[i]) return a.order[i] < b.order[i];
    }
    return false;
  });
}

}  // namespace

Result<Snapshot> Queries::pin_durable() {
  const std::uint64_t position = log_.durable_position();
  return with_catalogue(std::max(clock_.now(), log_.last_commit_time()), position);
}

Result<TotalsAnswer> Queries::totals(const Principal& principal, const TotalsRequest& request) {
  if (request.to <= request.from) return fail(ErrorKind::invalid, "to: must be after from", {}, "to");
  warehouse::SumQuery query;
  if (auto grouped = group(query, request.group_by); !grouped) return fail(std::move(grouped));
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
  std::vector<SortableRow> rows;
  bool too_many = false;
  auto read = warehouse_.sum(query, [&](const warehouse::SumRow& sum) {
    too_many = too_many || rows.size() == rows_max;
    if (!too_many) rows.push_back(to_row(sum, query, request.group_by, words));
  });
  if (!read) return fail(std::move(read));
  if (too_many) {
    return fail(
        ErrorKind::too_large,
        fmt::format("the answer would have more than {} rows: ask for a shorter period or fewer groups", rows_max), {},
        "group_by");
  }
  sort_rows(rows, request.group_by);
  answer.rows.reserve(rows.size());
  for (SortableRow& row : rows) answer.rows.push_back(std::move(row.row));
  return answer;
}

}  // namespace meterport::queries
