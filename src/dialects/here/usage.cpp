// Usage records as JSON pages and as CSV, and the two small answers beside them (here.md 3.1, 3.2).
#include <fmt/format.h>

#include "dialects/here/answers.h"
#include "dialects/here/context.h"
#include "dialects/here/here_error.h"
#include "exports/billed_csv.h"

namespace meterport::here {
namespace {

/// How many records there are, those of the page passed to `each`.
Result<std::uint64_t> read_records(const Services& services, const RealmCaller& caller, const UsageQuery& query,
                                   std::uint64_t skip, std::uint64_t count,
                                   const std::function<void(const queries::BilledRow&)>& each) {
  queries::BilledPageRequest wanted{.org = caller.org->id, .period = query.period, .spec = query.spec};
  wanted.skip = skip;
  wanted.count = count;
  const bool has_none = query.period.from >= query.period.to;
  if (has_none || !keep_to_project(caller.token.principal, wanted.spec)) return std::uint64_t{0};
  const auto page = services.queries.billed_page(caller.token.principal, wanted, [&](const queries::BilledRow& row) {
    each(row);
    return Status();
  });
  if (!page) return fail(page);
  return page->total;
}

}  // namespace

Result<http::Response> get_health(const Services& services, const http::Request& request) {
  if (auto caller = authenticate(services, request); !caller) return fail(std::move(caller));
  return http::Response::json(200, R"({"status":"OK"})");
}

Result<http::Response> get_version(const Services& services, const http::Request& request) {
  if (auto caller = authenticate(services, request); !caller) return fail(std::move(caller));
  return http::Response::json(200, R"({"apiVersion":"2.2.0"})");
}

Result<http::Response> get_usage(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::usage);
  if (!caller) return fail(caller);
  const auto query = read_usage_query(request, false);
  if (!query) return fail(query);
  const auto page = read_page_query(request);
  if (!page) return fail(page);
  const bool has_quoted_dates = services.settings.flag("here.quoted_dates");
  std::string items;
  JsonWriter out(items);
  out.begin_array();
  const auto total =
      read_records(services, *caller, *query, page->offset * page->limit, page->limit,
                   [&](const queries::BilledRow& row) { append_usage_row(out, row, query->spec, has_quoted_dates); });
  if (!total) return fail(total);
  out.end_array();
  return http::Response::json(200, usage_page(*total, *page, items));
}

Result<http::Response> get_usage_csv(const Services& services, const http::Request& request) {
  const auto caller = enter_realm(services, request, Need::usage);
  if (!caller) return fail(caller);
  auto query = read_usage_query(request, false);
  if (!query) return fail(query);
  const auto rows_max = static_cast<std::uint64_t>(services.settings.number("here.csv_rows_max"));
  query->spec.with_extra_columns = services.settings.flag("here.csv_extra_columns");
  query->spec.rows_max = rows_max;
  exports::BilledCsv csv(query->spec, day_of(query->period.to.plus_us(-1)));
  http::Response response{200, "text/csv", csv.header(), {}, {}};
  const auto total = read_records(services, *caller, *query, 0, rows_max,
                                  [&](const queries::BilledRow& row) { csv.append(response.body, row); });
  if (!total && total.error().kind == ErrorKind::too_large) {
    return fail(ErrorKind::too_large,
                fmt::format("There are more than {} records; ask for a shorter period, or for a report.", rows_max), {},
                std::string(csv_rows_field));
  }
  if (!total) return fail(total);
  return response;
}

}  // namespace meterport::here
