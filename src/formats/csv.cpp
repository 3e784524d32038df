#include "formats/csv.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace meterport::formats {
namespace {

constexpr auto none = std::string_view::npos;

}  // namespace

CsvReader::After CsvReader::read_plain(std::vector<CsvCell>& cells) {
  const std::size_t start = offset_;
  const std::size_t end = text_.find_first_of(",\n", start);
  if (end != none && text_[end] == ',') {
    cells.push_back({text_.substr(start, end - start), false});
    offset_ = end + 1;
    return After::comma;
  }
  std::string_view cell = text_.substr(start, end == none ? none : end - start);
  if (end != none && cell.ends_with('\r')) cell.remove_suffix(1);
  cells.push_back({cell, false});
  offset_ = end == none ? text_.size() : end + 1;
  if (end != none) ++line_;
  return After::row;
}

Result<CsvReader::After> CsvReader::read_quoted(std::vector<CsvCell>& cells) {
  const std::size_t start = offset_ + 1;
  std::size_t piece = start;  // begin of the text not yet in unescaped_
  const std::size_t rewritten_from = unescaped_.size();
  while (true) {
    const std::size_t quote = text_.find('"', piece);
    if (quote == none) return fail(ErrorKind::malformed, "a quote is not closed");
    if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
      unescaped_ += text_.substr(piece, quote + 1 - piece);
      piece = quote + 2;
      continue;
    }
    if (piece != start) unescaped_ += text_.substr(piece, quote - piece);
    offset_ = quote + 1;
    // A cell that began with a doubled quote has piece != start too, so `piece` tells whether it was rewritten.
    return end_quoted(cells, piece == start ? start : none, rewritten_from);
  }
}

Result<CsvReader::After> CsvReader::end_quoted(std::vector<CsvCell>& cells, std::size_t start,
                                               std::size_t rewritten_from) {
  const std::size_t closing = offset_ - 1;
  if (start == none) {
    rewritten_.push_back({cells.size(), rewritten_from, unescaped_.size() - rewritten_from});
    cells.push_back({{}, true});
  } else {
    cells.push_back({text_.substr(start, closing - start), true});
  }
  if (offset_ == text_.size()) return After::row;
  if (text_[offset_] == ',') {
    ++offset_;
    return After::comma;
  }
  if (text_.substr(offset_).starts_with("\r\n")) ++offset_;
  if (text_[offset_] == '\n') {
    ++offset_;
    ++line_;
    return After::row;
  }
  return fail(ErrorKind::malformed, "there is text after a closing quote");
}

std::unexpected<Error> CsvReader::refuse(std::size_t row_start, std::string text) {
  const std::size_t end = text_.find('\n', row_start);
  offset_ = end == none ? text_.size() : end + 1;
  line_ = row_line_ + 1;
  end_row(row_start);
  return fail(ErrorKind::malformed, fmt::format("line {}: {}", row_line_, text));
}

void CsvReader::end_row(std::size_t row_start) {
  raw_ = text_.substr(row_start, offset_ - row_start);
  if (raw_.ends_with('\n')) {
    raw_.remove_suffix(1);
    if (raw_.ends_with('\r')) raw_.remove_suffix(1);
  }
}

Result<bool> CsvReader::next(std::vector<CsvCell>& cells) {
  cells.clear();
  unescaped_.clear();
  rewritten_.clear();
  if (offset_ >= text_.size()) return false;
  row_line_ = line_;
  const std::size_t row_start = offset_;
  After after = After::comma;
  while (after == After::comma) {
    if (offset_ < text_.size() && text_[offset_] == '"') {
      Result<After> quoted = read_quoted(cells);
      if (!quoted) return refuse(row_start, std::move(quoted.error().text));
      after = *quoted;
    } else {
      after = read_plain(cells);
    }
  }
  for (const Rewritten& cell : rewritten_) {
    cells[cell.cell].text = std::string_view(unescaped_).substr(cell.start, cell.size);
  }
  end_row(row_start);
  // Line breaks inside quoted cells; raw() has lost at most the row's own line end.
  line_ += static_cast<std::size_t>(std::count(raw_.begin(), raw_.end(), '\n'));
  return true;
}

bool needs_csv_quotes(std::string_view value) {
  return value.find_first_of(",\"\r\n") != none;
}

void append_csv_cell(std::string& out, std::string_view value) {
  if (!needs_csv_quotes(value)) {
    out += value;
    return;
  }
  out += '"';
  for (std::size_t quote = value.find('"'); quote != none; quote = value.find('"')) {
    out += value.substr(0, quote + 1);
    out += '"';
    value.remove_prefix(quote + 1);
  }
  out += value;
  out += '"';
}

}  // namespace meterport::formats
