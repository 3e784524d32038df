#include "formats/focus.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "formats/csv.h"
#include "formats/focus_columns.h"
#include "formats/focus_mask.h"
#include "formats/json_members.h"
#include "formats/usage_checks.h"

namespace meterport::formats {
namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";
constexpr std::string_view focus_source = "focus";

bool is_null_word(const CsvCell& cell) {
  return !cell.quoted && cell.text == "NULL";
}

/// Makes rows of one file. The file's strings and arena outlive it.
class RowReader {
 public:
  RowReader(FocusFile& file, const FocusOptions& options);

  void read(const CsvReader& csv, const std::vector<CsvCell>& cells);
  void refuse_broken(const CsvReader& csv, std::string text);

 private:
  std::string_view keep(std::string_view text);
  void keep_cells(const std::vector<CsvCell>& cells);
  [[nodiscard]] std::string_view value_of(FocusColumn column) const;
  void fill_columns(FocusRow& row);
  void fill_record(FocusRow& row);
  void fill_time(FocusRow& row);
  void fill_quantity(FocusRow& row);
  void fill_id(FocusRow& row);
  void fill_tags(FocusRow& row);
  void fill_properties(FocusRow& row);
  void check(FocusRow& row);
  static void refuse(FocusRow& row, RecordErrorCode code, std::string_view column, std::string text);

  FocusFile& file_;
  const FocusOptions& options_;
  FocusColumns columns_;
  std::vector<FocusPropertySlot> slots_;  ///< names of the properties, sorted
  std::string layout_json_;
  std::vector<CsvCell> cells_;  ///< of the row being read; texts live as long as the file
  std::string scratch_;
  std::map<std::string, std::size_t> times_seen_;  ///< by row hash
};

RowReader::RowReader(FocusFile& file, const FocusOptions& options)
    : file_(file),
      options_(options),
      columns_(file.layout.columns),
      slots_(focus_property_slots(file.layout.columns, file.arena)) {
  append_json_string(layout_json_, file.layout.key());
}

void RowReader::refuse(FocusRow& row, RecordErrorCode code, std::string_view column, std::string text) {
  if (row.error) return;
  row.error = RecordError{code, std::string(column), fmt::format("line {}: {}", row.line, text)};
}

void RowReader::refuse_broken(const CsvReader& csv, std::string text) {
  FocusRow& row = file_.rows.emplace_back();
  row.line = csv.line();
  row.raw = csv.raw();
  row.error = RecordError{RecordErrorCode::bad_format, {}, std::move(text)};
}

/// Texts with doubled quotes were rewritten by the CSV reader and live only until its next row.
std::string_view RowReader::keep(std::string_view text) {
  const std::string& bytes = file_.bytes;
  const std::less_equal<const char*> not_after;
  const bool is_in_file =
      not_after(bytes.data(), text.data()) && not_after(text.data() + text.size(), bytes.data() + bytes.size());
  return is_in_file ? text : file_.arena.keep(text);
}

void RowReader::keep_cells(const std::vector<CsvCell>& cells) {
  cells_.clear();
  for (const CsvCell& cell : cells) cells_.push_back({keep(cell.text), cell.quoted});
}

std::string_view RowReader::value_of(FocusColumn column) const {
  const std::size_t at = columns_.at(column);
  if (at == FocusColumns::none || is_null_word(cells_[at])) return {};
  return cells_[at].text;
}

void RowReader::read(const CsvReader& csv, const std::vector<CsvCell>& cells) {
  if (csv.raw().empty()) return;
  FocusRow& row = file_.rows.emplace_back();
  row.line = csv.line();
  row.raw = csv.raw();
  if (cells.size() != file_.layout.columns.size()) {
    return refuse(row, RecordErrorCode::cell_count, {},
                  fmt::format("{} cells, but the header has {}", cells.size(), file_.layout.columns.size()));
  }
  if (!is_utf8(csv.raw())) return refuse(row, RecordErrorCode::bad_encoding, {}, "the text is not UTF-8");
  keep_cells(cells);
  fill_columns(row);
  fill_record(row);
  fill_id(row);
  fill_tags(row);
  fill_properties(row);
  fill_time(row);
  fill_quantity(row);
  check(row);
}

void RowReader::fill_columns(FocusRow& row) {
  row.billing_account_id = value_of(FocusColumn::billing_account_id);
  row.billing_account_name = value_of(FocusColumn::billing_account_name);
  row.sub_account_id = value_of(FocusColumn::sub_account_id);
  row.sub_account_name = value_of(FocusColumn::sub_account_name);
  row.sku_id = value_of(FocusColumn::sku_id);
  row.sku_price_id = value_of(FocusColumn::sku_price_id);
  row.service_name = value_of(FocusColumn::service_name);
  row.service_category = value_of(FocusColumn::service_category);
  row.consumed_unit = value_of(FocusColumn::consumed_unit);
  row.charge_category = value_of(FocusColumn::charge_category);
  row.billed_cost = value_of(FocusColumn::billed_cost);
  row.billing_currency = value_of(FocusColumn::billing_currency);
  const bool has_id = columns_.at(FocusColumn::id) != FocusColumns::none;
  row.original_id = value_of(has_id ? FocusColumn::id : FocusColumn::x_id);
}

/// crosswalk 1.7, column "in"
void RowReader::fill_record(FocusRow& row) {
  UsageRecord& r = row.record;
  r.source = focus_source;
  r.category = row.service_name;
  r.resource.id = value_of(FocusColumn::resource_id);
  r.resource.name = value_of(FocusColumn::resource_name);
  r.asset.name = r.resource.name.empty() ? r.resource.id : r.resource.name;
  r.asset.type = value_of(FocusColumn::resource_type);
  r.environment.id = value_of(FocusColumn::region_id);
  r.environment.name = value_of(FocusColumn::region_name);
  if (!r.environment.id.empty() || !r.environment.name.empty()) r.environment.type = "Region";
}

void RowReader::fill_time(FocusRow& row) {
  const std::string_view text = value_of(FocusColumn::charge_period_start);
  if (text.empty()) {
    return refuse(row, RecordErrorCode::missing_field, "ChargePeriodStart", "no ChargePeriodStart; a time is required");
  }
  const Result<Instant> time = parse_instant(text, true);
  if (time) {
    row.record.time = *time;
    return;
  }
  refuse(row, RecordErrorCode::bad_format, "ChargePeriodStart",
         fmt::format("ChargePeriodStart {} is no time; 2024-09-03 10:30:00 or ISO 8601 is required", shown(text)));
}

void RowReader::fill_quantity(FocusRow& row) {
  const std::string_view text = value_of(FocusColumn::consumed_quantity);
  if (text.empty()) {
    const auto or_none = [](std::string_view value) { return value.empty() ? std::string_view("none") : value; };
    return refuse(row, RecordErrorCode::no_quantity, "ConsumedQuantity",
                  fmt::format("no ConsumedQuantity ({}, Id {}), BilledCost {} {}", or_none(row.charge_category),
                              or_none(row.original_id), or_none(row.billed_cost), row.billing_currency));
  }
  if (const auto quantity = Decimal::parse(text)) {
    row.record.quantity = *quantity;
    return;
  } else if (!row.error) {
    const RecordError error = decimal_error(quantity.error(), "ConsumedQuantity", "ConsumedQuantity", text);
    refuse(row, error.code, "ConsumedQuantity", error.text);
  }
}

void RowReader::fill_id(FocusRow& row) {
  if (!row.original_id.empty()) {
    row.record.id = row.original_id;
    return;
  }
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> cells;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    auto& cell = cells.emplace_back(file_.layout.columns[i], std::nullopt);
    if (!is_null_word(cells_[i])) cell.second = cells_[i].text;
  }
  std::string id = focus_row_hash(cells);
  const std::size_t n = ++times_seen_[id];
  id += fmt::format("-{}", n);
  row.record.id = file_.arena.keep(id);
}

void RowReader::fill_tags(FocusRow& row) {
  const std::string_view tags = value_of(FocusColumn::tags);
  if (!tags.starts_with('{')) return;
  constexpr std::size_t levels_max = 16;
  std::vector<Property>& properties = row.record.properties;
  if (!read_json_members(tags, "tags.", levels_max, file_.arena, properties)) return;
  const auto tag = [&](const std::string& name) -> std::string_view {
    if (name.empty()) return {};
    const auto found = std::ranges::find(properties, "tags." + name, &Property::name);
    return found == properties.end() ? std::string_view() : text_of_json(found->json, file_.arena);
  };
  row.record.project = tag(options_.project_tag);
  row.record.folder = tag(options_.folder_tag);
  std::ranges::sort(properties, {}, &Property::name);
}

void RowReader::fill_properties(FocusRow& row) {
  std::vector<bool> quoted;
  for (const CsvCell& cell : cells_) quoted.push_back(cell.quoted);
  std::vector<Property> all;
  all.reserve(slots_.size() + row.record.properties.size());
  for (const FocusPropertySlot& slot : slots_) {
    scratch_.clear();
    if (slot.column == FocusPropertySlot::layout) {
      all.push_back({slot.name, file_.arena.keep(layout_json_)});
      continue;
    }
    if (slot.column == FocusPropertySlot::quoted) {
      append_json_string(scratch_, hex_mask(quoted));
    } else if (is_null_word(cells_[slot.column])) {
      scratch_ = "null";
    } else {
      append_json_string(scratch_, cells_[slot.column].text);
    }
    all.push_back({slot.name, file_.arena.keep(scratch_)});
  }
  // "focus." sorts before "tags.", so the whole stays sorted.
  all.insert(all.end(), row.record.properties.begin(), row.record.properties.end());
  row.record.properties = std::move(all);
}

void RowReader::check(FocusRow& row) {
  if (row.error) return;
  if (row.billing_account_id.empty()) {
    return refuse(row, RecordErrorCode::no_billing_account, "BillingAccountId",
                  "no BillingAccountId; it names the organization");
  }
  if (row.sku_id.empty() && row.sku_price_id.empty()) {
    return refuse(row, RecordErrorCode::no_sku, "SkuId", "neither SkuId nor SkuPriceId; one of them names the meter");
  }
  UsageReadOptions options;
  options.is_wire = false;
  if (const auto error = check_limits(row.record, options)) refuse(row, error->code, error->pointer, error->text);
}

Status read_header(FocusFile& file, CsvReader& csv, std::vector<CsvCell>& cells) {
  const Result<bool> has_row = csv.next(cells);
  if (!has_row) return fail(ErrorKind::malformed, fmt::format("The header cannot be read: {}.", has_row.error().text));
  if (!*has_row) return fail(ErrorKind::malformed, "The file is empty; a FOCUS header is required.");
  if (!is_utf8(csv.raw())) return fail(ErrorKind::malformed, "The header is not UTF-8.");
  file.header_raw = csv.raw();
  std::set<std::string_view> names;
  for (const CsvCell& cell : cells) {
    if (!names.insert(cell.text).second) {
      return fail(ErrorKind::malformed, fmt::format("The header has the column {} twice.", shown(cell.text)));
    }
    if (cell.text == "quoted" || cell.text == "layout") {
      return fail(ErrorKind::malformed, fmt::format("The column name {} is reserved.", shown(cell.text)));
    }
    file.layout.columns.emplace_back(cell.text);
    file.layout.header_quoted.push_back(cell.quoted);
  }
  for (const std::string_view wanted : {"ChargePeriodStart", "ConsumedQuantity"}) {
    if (!names.contains(wanted)) {
      return fail(ErrorKind::malformed, fmt::format("This is no FOCUS 1.0 file: it has no column {}.", wanted));
    }
  }
  return {};
}

}  // namespace

Result<FocusFile> read_focus(std::string bytes, const FocusOptions& options) {
  FocusFile file;
  file.bytes = std::move(bytes);
  std::string_view text = file.bytes;
  file.layout.bom = text.starts_with(bom);
  if (file.layout.bom) text.remove_prefix(bom.size());
  file.layout.final_newline = text.ends_with('\n');
  CsvReader csv(text);
  std::vector<CsvCell> cells;
  if (Status read = read_header(file, csv, cells); !read) return fail(std::move(read));
  file.layout.crlf = text.substr(0, csv.offset()).ends_with("\r\n");

  file.rows.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  RowReader rows(file, options);
  while (true) {
    Result<bool> has_row = csv.next(cells);
    if (!has_row) {
      rows.refuse_broken(csv, std::move(has_row.error().text));
    } else if (*has_row) {
      rows.read(csv, cells);
    } else {
      break;
    }
  }
  return file;
}

}  // namespace meterport::formats
