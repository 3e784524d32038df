#include "regions/messages.h"

#include <algorithm>
#include <charconv>

#include "base/ids.h"
#include "base/json_writer.h"
#include "catalog/object_reader.h"
#include "regions/json_values.h"

namespace meterport::regions {
namespace {

using catalog::FormCheck;
using catalog::JsonValue;
using catalog::Need;
using catalog::ObjectReader;
using warehouse::Dimension;

constexpr std::size_t group_columns_max = 20;

std::optional<Dimension> parse_dimension(std::string_view text) {
  for (std::size_t i = 0; i < warehouse::dimension_count; ++i) {
    if (const auto dimension = static_cast<Dimension>(i); warehouse::column_name(dimension) == text) return dimension;
  }
  return std::nullopt;
}

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

/// Ids, ascending, at least one.
std::vector<std::string> read_orgs(ObjectReader& reader) {
  std::vector<std::string> orgs;
  const auto& items = reader.items("orgs", Need::required);
  if (items.empty() || items.size() > orgs_max) reader.refuse("orgs", "must name 1 to 100000 organizations");
  orgs.reserve(items.size());
  for (const JsonValue& item : items) {
    if (item.type != JsonValue::Type::string || !is_safe_id(item.text) || (!orgs.empty() && orgs.back() >= item.text)) {
      reader.refuse("orgs", "must be ids, ascending, each once");
      return {};
    }
    orgs.push_back(item.text);
  }
  return orgs;
}

/// An id or nothing.
std::string read_meter(ObjectReader& reader) {
  return reader.has("meter") ? reader.id("meter", Need::optional) : std::string();
}

std::vector<Dimension> read_dims(ObjectReader& reader) {
  std::vector<Dimension> dims;
  for (const JsonValue& item : reader.items("dims", Need::required)) {
    const auto dimension = item.type == JsonValue::Type::string ? parse_dimension(item.text) : std::nullopt;
    if (!dimension || *dimension <= Dimension::meter || (!dims.empty() && dims.back() >= *dimension)) {
      reader.refuse("dims", "must be columns besides org and meter, ascending, each once");
      return {};
    }
    dims.push_back(*dimension);
  }
  return dims;
}

bool is_whole_day(Instant at) {
  return start_of(day_of(at)) == at;
}

void check_periods(ObjectReader& reader, const queries::PartRequest& request) {
  const auto& [shown, period] = std::pair(request.shown, request.period);
  if (shown.from >= shown.to) reader.refuse("shown", "must begin before it ends");
  if (period.from >= period.to) reader.refuse("period", "must begin before it ends");
  const std::int64_t earliest_us = shown.from.us - days_before_shown_max * Instant::us_per_day;
  if (period.from.us < earliest_us || period.to > shown.to) {
    reader.refuse("period", "must begin at most 62 days before what is shown, and not end after it");
  }
  const bool is_by_day = request.grain == queries::PartGrain::day_sums;
  if (is_by_day && !(is_whole_day(period.from) && is_whole_day(period.to))) {
    reader.refuse("period", "must be whole UTC days");
  }
}

template <class T>
Result<T> checked(const FormCheck& check, T value) {
  if (check.first) return std::unexpected(*check.first);
  return value;
}

}  // namespace

std::string part_request_json(const queries::PartRequest& request) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("as_of", format_rfc3339(request.as_of)).field("grain", to_string(request.grain));
  write_texts(out, "orgs", request.orgs);
  write_period(out, "period", request.period);
  write_period(out, "shown", request.shown);
  if (!request.meter.empty()) out.field("meter", request.meter);
  out.key("dims").begin_array();
  for (const Dimension dimension : request.dims) out.string(warehouse::column_name(dimension));
  out.end_array().field("with_first_days", request.with_first_days).end_object();
  return json;
}

Result<queries::PartRequest> read_part_request(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check;
  ObjectReader reader(check, *tree, "",
                      {"as_of", "grain", "orgs", "period", "shown", "meter", "dims", "with_first_days"});
  queries::PartRequest request;
  request.as_of = read_instant(reader, "as_of");
  const auto grain = reader.word("grain", Need::required, queries::parse_part_grain, "day-sums, facts, records");
  request.grain = grain.value_or(queries::PartGrain::day_sums);
  request.orgs = read_orgs(reader);
  request.period = read_period(reader, "period");
  request.shown = read_period(reader, "shown");
  request.meter = read_meter(reader);
  request.dims = read_dims(reader);
  request.with_first_days = reader.boolean("with_first_days").value_or(false);
  check_periods(reader, request);
  return checked(check, std::move(request));
}

std::string totals_call_json(const TotalsCall& call) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("as_of", format_rfc3339(call.as_of));
  write_texts(out, "orgs", call.orgs);
  write_period(out, "period", {.from = call.request.from, .to = call.request.to});
  if (!call.request.meter.empty()) out.field("meter", call.request.meter);
  write_texts(out, "group_by", call.request.group_by);
  out.field("window", to_string(call.request.window)).field("time_zone", call.request.time_zone).end_object();
  return json;
}

Result<TotalsCall> read_totals_call(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check;
  ObjectReader reader(check, *tree, "", {"as_of", "orgs", "period", "meter", "group_by", "window", "time_zone"});
  TotalsCall call;
  call.as_of = read_instant(reader, "as_of");
  call.orgs = read_orgs(reader);
  const Period period = read_period(reader, "period");
  call.request.from = period.from;
  call.request.to = period.to;
  if (period.from >= period.to) reader.refuse("period", "must begin before it ends");
  call.request.meter = read_meter(reader);
  call.request.group_by = reader.texts("group_by");
  if (call.request.group_by.size() > group_columns_max) reader.refuse("group_by", "must be at most 20 columns");
  const auto window = reader.word("window", Need::required, parse_window, "none, hour, day, month");
  call.request.window = window.value_or(Window::none);
  call.request.time_zone = reader.text("time_zone", Need::required);
  return checked(check, std::move(call));
}

std::string waiting_json(const Waiting& waiting) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .field("state", waiting.waits_for.empty() ? "making" : "waiting")
      .field("rows", waiting.rows)
      .field("waits_for", waiting.waits_for)
      .field("now", format_rfc3339(waiting.now))
      .end_object();
  return json;
}

Result<Waiting> read_waiting(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check{.is_replay = true, .first = {}};  // texts as they are; a newer version may say more
  ObjectReader reader(check, *tree, "", {"state", "rows", "waits_for", "now"});
  Waiting waiting;
  waiting.rows = read_position(reader, "rows");
  waiting.waits_for = reader.text("waits_for", Need::optional);
  waiting.now = read_instant(reader, "now");
  return checked(check, std::move(waiting));
}

std::string ping_json(const Ping& ping) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .field("name", ping.name)
      .field("version", ping.version)
      .field("now", format_rfc3339(ping.now))
      .field("catalogue_position", ping.catalogue_position)
      .end_object();
  return json;
}

Result<Ping> read_ping(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check{.is_replay = true, .first = {}};
  ObjectReader reader(check, *tree, "", {"name", "version", "now", "catalogue_position"});
  Ping ping;
  ping.name = reader.id("name", Need::required);
  ping.version = reader.text("version", Need::required);
  ping.now = read_instant(reader, "now");
  ping.catalogue_position = read_position(reader, "catalogue_position");
  return checked(check, std::move(ping));
}

std::string feed_json(const catalog::CatalogueFeed& feed) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().field("position", feed.position).key("file");
  feed.file_json.empty() ? out.null() : out.raw(feed.file_json);
  out.end_object();
  return json;
}

Result<catalog::CatalogueFeed> read_feed(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check{.is_replay = true, .first = {}};
  ObjectReader reader(check, *tree, "", {"position", "file"});
  catalog::CatalogueFeed feed;
  feed.position = read_position(reader, "position");
  if (const JsonValue* file = reader.object("file"); file != nullptr) {
    JsonWriter out(feed.file_json);
    catalog::append_json(out, *file);
  }
  return checked(check, std::move(feed));
}

}  // namespace meterport::regions
