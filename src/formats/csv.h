// CSV (RFC 4180) reading and writing. The writer quotes only where a value needs it; the reader tells quoted from
// unquoted cells, because FOCUS does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace meterport::formats {

struct CsvCell {
  std::string_view text;  ///< unquoted, "" undoubled
  bool quoted = false;
};

/// Reads one CSV text row by row. Cells are views valid until the next call. LF and CRLF line ends; a quoted cell
/// may hold line breaks.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}
  /// false at the end. `malformed` for an unclosed quote or text after a closing quote; the reader then stands at the
  /// next line.
  Result<bool> next(std::vector<CsvCell>& cells);
  /// Line number of the row last returned, from 1.
  [[nodiscard]] std::size_t line() const { return row_line_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::size_t row_line_ = 0;
  std::string unescaped_;
};

/// Appends a cell: as it is, or quoted with doubled quotes if it holds comma, quote, CR or LF.
void append_csv_cell(std::string& out, std::string_view value);
/// True when the writer above would quote it.
bool needs_csv_quotes(std::string_view value);

}  // namespace meterport::formats
