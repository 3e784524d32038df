// FOCUS 1.0 CSV -> rows (crosswalk 5). Pure reading: what is in the file and what each row means. Making orgs and
// meters of it is intake's work (intake/focus_import.h).
//
// A broken row costs one row: it stays in its place with the reason. Every error text begins "line N: ". Blank lines
// are no rows. Thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/usage_record.h"

namespace meterport::formats {

/// The header of a FOCUS file: column order, which header cells were quoted, line end, BOM. Stored once per layout
/// so that a FOCUS export can print the file again to the byte.
struct FocusLayout {
  std::vector<std::string> columns;
  std::vector<bool> header_quoted;
  bool crlf = false;
  bool bom = false;
  bool final_newline = true;
  /// JSON text of the above; equal layouts give equal text.
  [[nodiscard]] std::string to_json() const;
  /// The value of a record's property focus.layout: the first 12 hex digits of SHA-256 of to_json().
  [[nodiscard]] std::string key() const;
};

/// One data row. A null cell (unquoted NULL or empty) has no value in the named fields.
struct FocusRow {
  std::size_t line = 0;              ///< in the file, from 1
  std::string_view raw;              ///< the row's bytes without its line end, for a file of rejected rows
  std::optional<RecordError> error;  ///< row-level: cell_count, bad_encoding, bad_format, no_quantity, no_sku ...
  // The columns the importer reads; views that live as long as the FocusFile. Filled as far as the row is readable,
  // also beside an error.
  std::string_view billing_account_id, billing_account_name, sub_account_id, sub_account_name;
  std::string_view sku_id, sku_price_id, service_name, service_category, consumed_unit;
  std::string_view charge_category, billed_cost, billing_currency;
  std::string_view original_id;  ///< Id or x_Id, empty: none
  /// time, quantity, id (or the row's hash, crosswalk 5.3), source "focus", asset, environment, resource, category,
  /// project, folder, properties focus.* and tags.*; org and meter are still empty.
  UsageRecord record;
};

struct FocusOptions {
  std::string project_tag, folder_tag;  ///< settings focus.project_tag, focus.folder_tag
};

struct FocusFile {
  std::string bytes;  ///< rows view into it
  TextArena arena;
  FocusLayout layout;
  std::string_view header_raw;  ///< the header row's bytes without BOM and line end
  std::vector<FocusRow> rows;
};

/// malformed: no header, or not a FOCUS header (no ChargePeriodStart or ConsumedQuantity column, a column twice).
Result<FocusFile> read_focus(std::string bytes, const FocusOptions& options);

/// The hash id of a row without Id (crosswalk 5.3), without the "-<n>" ending. A null cell is an empty optional.
std::string focus_row_hash(const std::vector<std::pair<std::string_view, std::optional<std::string_view>>>& cells);

}  // namespace meterport::formats
