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
/// may hold line breaks. A quote inside an unquoted cell is text. Bytes are not checked for UTF-8.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}
  /// false at the end. An empty line is a row of one empty cell. `malformed` for an unclosed quote or text after a
  /// closing quote; the reader then stands at the line after the one the row began on.
  Result<bool> next(std::vector<CsvCell>& cells);
  /// Line number of the row last returned (or refused), from 1.
  [[nodiscard]] std::size_t line() const { return row_line_; }
  /// Where the next row begins.
  [[nodiscard]] std::size_t offset() const { return offset_; }
  /// The bytes of the row last returned (or refused) as they stand in the file, without its line end. Lives as long
  /// as the file's text.
  [[nodiscard]] std::string_view raw() const { return raw_; }

 private:
  enum class After { comma, row };
  /// A cell whose text had to be rewritten: `unescaped_` may still move, so its view is set at the row's end.
  struct Rewritten {
    std::size_t cell = 0;
    std::size_t start = 0;
    std::size_t size = 0;
  };
  After read_plain(std::vector<CsvCell>& cells);
  Result<After> read_quoted(std::vector<CsvCell>& cells);
  Result<After> end_quoted(std::vector<CsvCell>& cells, std::size_t start, std::size_t rewritten_from);
  std::unexpected<Error> refuse(std::size_t row_start, std::string text);
  void end_row(std::size_t row_start);

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::size_t row_line_ = 0;
  std::string_view raw_;
  std::string unescaped_;
  std::vector<Rewritten> rewritten_;
};

/// Appends a cell: as it is, or quoted with doubled quotes if it holds comma, quote, CR or LF.
void append_csv_cell(std::string& out, std::string_view value);
/// True when the writer above would quote it.
bool needs_csv_quotes(std::string_view value);

}  // namespace meterport::formats
