// POST and GET /v1/usage. The POST is the server's hot path: it parses on the socket's thread, hands the batch to
// intake and answers from intake's callback; no thread waits for the disk.
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <memory>
#include <utility>

#include "dialects/meterport/auth.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/job_json.h"
#include "dialects/meterport/json_text.h"
#include "dialects/meterport/usage_body.h"
#include "formats/usage_json.h"
#include "http/text.h"
#include "queries/zone.h"

namespace meterport::api {
namespace {

using intake::BatchResult;
using intake::ItemResult;
using intake::ItemState;

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

Result<RecordBatch> read_batch(const Settings& settings, http::Request& request, std::string_view default_source) {
  auto body = read_usage_body(settings, request);
  if (!body) return fail(std::move(body));
  formats::UsageReadOptions options;
  options.records_max = static_cast<std::size_t>(settings.number("intake.batch_records_max"));
  options.record_bytes_max = static_cast<std::size_t>(settings.number("intake.record_bytes_max"));
  options.default_source = default_source;
  return body->is_lines ? formats::read_usage_ndjson(std::move(body->text), options)
                        : formats::read_usage_json(std::move(body->text), options);
}

// A thousand results are written by plain appends: a general writer's bookkeeping would cost more than the results.

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_item(std::string& out, std::size_t index, const ItemResult& item) {
  out += "{\"index\":";
  append_number(out, index);
  out += ",\"status\":\"";
  out += intake::to_string(item.state);
  out += '"';
  if (item.position != 0) {
    out += ",\"position\":";
    append_number(out, item.position);
  }
  if (item.error) {
    out += ",\"error\":{\"code\":\"";
    out += to_string(item.error->code);
    out += "\",\"pointer\":";
    append_json_string(out, item.error->pointer);
    out += ",\"text\":";
    append_json_string(out, item.error->text);
    out += '}';
  }
  out += '}';
}

std::string batch_json(const BatchResult& batch, bool is_minimal) {
  constexpr std::size_t head_bytes = 160, item_bytes = 64;
  std::string out;
  out.reserve(head_bytes + item_bytes * (is_minimal ? batch.items.size() - batch.stored : batch.items.size()));
  out += "{\"batch\":";
  if (batch.batch_id.empty()) {
    out += "null";
  } else {
    append_json_string(out, batch.batch_id);
  }
  const std::pair<std::string_view, std::uint64_t> counts[] = {{",\"position\":", batch.last_position},
                                                               {",\"stored\":", batch.stored},
                                                               {",\"duplicates\":", batch.duplicates},
                                                               {",\"conflicts\":", batch.conflicts},
                                                               {",\"rejected\":", batch.rejected}};
  for (const auto& [name, value] : counts) {
    out += name;
    append_number(out, value);
  }
  out += ",\"results\":[";
  bool is_first = true;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    if (is_minimal && batch.items[i].state == ItemState::stored) continue;
    if (!is_first) out += ',';
    is_first = false;
    append_item(out, i, batch.items[i]);
  }
  out += "]}";
  return out;
}

/// What must live until a batch is settled: records that name no source view the default one.
struct Pending {
  http::Reply reply;
  http::Request request;  ///< without its body
  std::string default_source;
  bool is_minimal = false;
};

}  // namespace

bool is_usage_async(const http::Request& request) {
  return prefers(request, "respond-async");
}

void post_usage(Context& context, Call call, http::Reply reply) {
  if (is_usage_async(call.request)) {
    auto answer = post_usage_async(context, call);
    return reply(answer ? std::move(*answer) : render_problem(call.request, answer.error()));
  }
  const auto pending = std::make_shared<Pending>();
  pending->reply = std::move(reply);
  pending->default_source = call.principal.default_source.empty() ? call.principal.name : call.principal.default_source;
  pending->is_minimal = prefers(call.request, "return=minimal");
  auto batch = read_batch(context.services.settings, call.request, pending->default_source);
  pending->request = std::move(call.request);
  if (!batch) {
    pending->reply(render_problem(pending->request, batch.error()));
    return;
  }
  context.services.intake.submit(call.principal, std::move(*batch), "v1", [pending](Result<BatchResult> result) {
    if (!result) {
      pending->reply(render_problem(pending->request, result.error()));
      return;
    }
    auto response = http::Response::json(200, batch_json(*result, pending->is_minimal));
    if (pending->is_minimal) response.with_header("Preference-Applied", "return=minimal");
    pending->reply(std::move(response));
  });
}

namespace {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find(',');
    out.emplace_back(trimmed(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

/// `window`: day when left out.
Result<Window> asked_window(const Call& call) {
  const std::string given = call.query("window");
  if (given.empty()) return Window::day;
  if (const auto window = parse_window(given)) return *window;
  return fail(ErrorKind::invalid, "window: must be hour, day, month or none", {}, "window");
}

/// The group columns: as asked, else org and meter; a window's own column, last if it is not named, is "day" or
/// "window". Without `window`, columns that are given are all.
Result<std::vector<std::string>> group_columns(const Call& call, Window window) {
  std::vector<std::string> columns = {"org", "meter"};
  const auto given = call.request.query_value("group_by");
  if (given) columns = split_list(*given);
  bool has_window = false;
  for (std::string& column : columns) {
    if (column == "day" && (window == Window::hour || window == Window::month)) {
      return fail(ErrorKind::invalid, fmt::format("group_by: day does not go with window={}", to_string(window)), {},
                  "group_by");
    }
    if (column == "window" && window == Window::day) column = "day";
    has_window = has_window || column == "day" || column == "window";
  }
  const bool wants_window = window != Window::none && (!given || !call.query("window").empty());
  if (wants_window && !has_window) columns.emplace_back(window == Window::day ? "day" : "window");
  return columns;
}

/// `tz`, else the org's own.
std::string asked_zone(const Context& context, const Call& call, const std::string& org) {
  if (std::string given = call.query("tz"); !given.empty()) return given;
  const auto catalogue = context.services.catalog.current();
  const Org* known = catalogue->may_know(call.principal, org) ? catalogue->org(org) : nullptr;
  return known == nullptr ? "UTC" : known->time_zone;
}

/// A bare date is 00:00 in the zone.
Result<Instant> asked_edge(const Call& call, std::string_view name, const queries::Zone& zone) {
  const std::string given = call.query(name);
  if (given.empty()) return fail(ErrorKind::invalid, fmt::format("{}: is required", name), {}, std::string(name));
  if (const auto day = parse_day(given)) return zone.start_of(*day);
  return parse_time_or_day(given, name);
}

Result<Period> asked_period(const Call& call, const queries::Zone& zone) {
  const auto from = asked_edge(call, "from", zone);
  if (!from) return fail(from);
  const auto to = asked_edge(call, "to", zone);
  if (!to) return fail(to);
  return Period{*from, *to};
}

/// `as_of`: a position, or a time.
Status set_as_of(const Call& call, queries::TotalsRequest& request) {
  const std::string given = call.query("as_of");
  if (given.empty()) return {};
  if (given.find_first_not_of("0123456789") == std::string::npos) {
    const auto position = parse_count(given, "as_of", std::numeric_limits<std::uint64_t>::max());
    if (!position) return fail(position);
    request.as_of_position = *position;
    return {};
  }
  const auto time = parse_time_or_day(given, "as_of");
  if (!time) return fail(ErrorKind::invalid, "as_of: must be a position or an RFC 3339 time", {}, "as_of");
  request.as_of_time = *time;
  return {};
}

/// A day's date tells all about a UTC day; other windows are told by where they begin and end.
void append_window(JsonWriter& out, const queries::TotalRow& row, const std::string& zone) {
  if (row.day) out.field("day", format_day(*row.day));
  if (!row.window || (row.day && zone == "UTC")) return;
  out.field("window_start", format_rfc3339(row.window->from)).field("window_end", format_rfc3339(row.window->to));
}

void append_row(JsonWriter& out, const queries::TotalRow& row, const queries::TotalsRequest& request) {
  out.begin_object();
  std::size_t dimension = 0;
  for (const std::string& column : request.group_by) {
    if (column == "org") {
      out.field(column, row.org);
    } else if (column == "meter") {
      out.field(column, row.meter);
    } else if (column == "day" || column == "window") {
      append_window(out, row, request.time_zone);
    } else {
      field_or_null(out, column, row.dims[dimension++]);
    }
  }
  out.field("quantity", row.quantity.to_text()).field("records", row.records).end_object();
}

}  // namespace

Answer get_usage(Context& context, const Call& call) {
  const auto window = asked_window(call);
  if (!window) return fail(window);
  auto columns = group_columns(call, *window);
  if (!columns) return fail(std::move(columns));
  const auto all_linked = parse_flag(call.query("all_linked"), "all_linked");
  if (!all_linked) return fail(all_linked);
  auto org = org_or_default(*context.services.catalog.current(), call.principal, call.query("org"));
  if (!org) return fail(std::move(org));
  std::string zone_name = asked_zone(context, call, *org);
  const auto zone = queries::Zone::find(zone_name);
  if (!zone) return fail(zone);
  const auto period = asked_period(call, *zone);
  if (!period) return fail(period);
  queries::TotalsRequest request;
  if (auto set = set_as_of(call, request); !set) return fail(std::move(set));
  request.from = period->from;
  request.to = period->to;
  request.org = std::move(*org);
  request.all_linked = *all_linked;
  request.meter = call.query("meter");
  request.group_by = std::move(*columns);
  request.window = *window;
  request.time_zone = std::move(zone_name);
  const auto totals = context.services.queries.totals(call.principal, request);
  if (!totals) return fail(totals);
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("from", format_rfc3339(period->from)).field("to", format_rfc3339(period->to));
  if (request.time_zone != "UTC") out.field("tz", request.time_zone);
  append_snapshot(out, totals->snapshot);
  out.key("rows").begin_array();
  for (const queries::TotalRow& row : totals->rows) append_row(out, row, request);
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace meterport::api
