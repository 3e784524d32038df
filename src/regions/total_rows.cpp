// Rows of totals on their way between regions.
#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "catalog/object_reader.h"
#include "regions/json_values.h"
#include "regions/messages.h"

namespace meterport::regions {
namespace {

using catalog::FormCheck;
using catalog::JsonValue;
using catalog::Need;
using catalog::ObjectReader;
using queries::TotalRow;

constexpr std::size_t rows_max = 200'000;  // of one answer of totals

void append_row(std::string& json, const TotalRow& row) {
  JsonWriter out(json);
  out.begin_object().field("org", row.org).field("meter", row.meter);
  if (row.day) out.field("day", format_day(*row.day));
  if (row.window) write_period(out, "window", *row.window);
  out.key("dims").begin_array();
  for (const std::string& dim : row.dims) out.string(dim);
  out.end_array().field("quantity", row.quantity.to_text()).field("records", row.records).end_object();
  json += '\n';
}

Result<TotalRow> read_row(std::string_view line) {
  const auto tree = catalog::parse_json(line);
  if (!tree) return fail(tree);
  FormCheck check{.is_replay = true, .first = {}};  // texts as they are; a newer version may say more
  ObjectReader reader(check, *tree, "", {"org", "meter", "day", "window", "dims", "quantity", "records"});
  TotalRow row;
  row.org = reader.text("org", Need::optional);
  row.meter = reader.text("meter", Need::optional);
  row.day = reader.day("day", Need::optional);
  if (reader.has("window")) row.window = read_period(reader, "window");
  // Not texts(): two dimensions may well have the same text.
  for (const JsonValue& item : reader.items("dims", Need::required)) {
    row.dims.push_back(read_text(check, item, "/dims"));
  }
  const auto quantity = parse_total(reader.text("quantity", Need::required));
  if (!quantity) reader.refuse("quantity", "must be a decimal number");
  row.quantity = quantity.value_or(Total());
  row.records = read_position(reader, "records");
  if (check.first) return std::unexpected(*check.first);
  return row;
}

}  // namespace

std::string total_rows_json(const std::vector<TotalRow>& rows) {
  std::string json;
  for (const TotalRow& row : rows) append_row(json, row);
  return json;
}

Result<std::vector<TotalRow>> read_total_rows(std::string_view lines) {
  std::vector<TotalRow> rows;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    if (end == std::string_view::npos) return fail(ErrorKind::malformed, "the last line has no end");
    if (rows.size() == rows_max) return fail(ErrorKind::too_large, "there are more than 200,000 rows");
    auto row = read_row(lines.substr(0, end));
    if (!row) return fail(std::move(row));
    rows.push_back(std::move(*row));
    lines.remove_prefix(end + 1);
  }
  return rows;
}

bool is_row_of(const TotalRow& row, const TotalsCall& call) {
  const auto& [request, orgs, as_of] = call;
  const auto has = [&](std::string_view column) {
    return std::ranges::find(request.group_by, column) != request.group_by.end();
  };
  const std::ptrdiff_t others = std::ranges::count_if(request.group_by, [](const std::string& column) {
    return column != "org" && column != "meter" && column != "day" && column != "window";
  });
  const bool has_window = has("day") || has("window");
  if (has("org") ? !std::ranges::binary_search(orgs, row.org) : !row.org.empty()) return false;
  if (has("meter") ? row.meter.empty() || (!request.meter.empty() && row.meter != request.meter) : !row.meter.empty())
    return false;
  if (row.day.has_value() != has("day") || row.window.has_value() != has_window) return false;
  if (has_window && (row.window->from >= request.to || row.window->to <= request.from)) return false;
  return std::ssize(row.dims) == others;
}

}  // namespace meterport::regions
