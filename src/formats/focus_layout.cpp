#include <algorithm>
#include <span>

#include "base/hash.h"
#include "base/json_writer.h"
#include "formats/focus.h"
#include "formats/focus_mask.h"

namespace meterport::formats {

std::string hex_mask(const std::vector<bool>& bits) {
  std::string hex;
  for (std::size_t i = 0; i < bits.size(); i += 4) {
    unsigned digit = 0;
    for (std::size_t bit = 0; bit < 4 && i + bit < bits.size(); ++bit) digit |= unsigned{bits[i + bit]} << bit;
    hex += "0123456789abcdef"[digit];
  }
  while (hex.size() > 1 && hex.back() == '0') hex.pop_back();
  std::reverse(hex.begin(), hex.end());
  return hex;
}

std::string FocusLayout::to_json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("columns").begin_array();
  for (const std::string& column : columns) json.string(column);
  json.end_array();
  json.field("header_quoted", std::string_view(hex_mask(header_quoted)));
  json.field("line_end", crlf ? "crlf" : "lf");
  json.field("bom", bom);
  json.field("final_newline", final_newline);
  json.end_object();
  return out;
}

std::string FocusLayout::key() const {
  const Digest digest = sha256(to_json());
  return to_hex(std::span(digest).first(6));
}

std::string focus_row_hash(const std::vector<std::pair<std::string_view, std::optional<std::string_view>>>& cells) {
  constexpr std::string_view after_name = "\x1F";
  constexpr std::string_view after_cell = "\x1E";
  constexpr std::string_view null_cell("\0", 1);
  auto sorted = cells;
  std::ranges::sort(sorted, {}, [](const auto& cell) { return cell.first; });
  std::string text;
  for (const auto& [name, cell] : sorted) {
    text += name;
    text += after_name;
    text += cell.value_or(null_cell);
    text += after_cell;
  }
  return to_hex(sha256(text));
}

}  // namespace meterport::formats
