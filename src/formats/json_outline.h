// A JSON document checked whole, of which only the outline is kept: the members of its object and the items of one
// large array as ranges of the text. For requests whose many items are stored as they came and read later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace meterport::formats {

/// Bytes of a text, blanks around the value left out.
struct TextRange {
  std::uint64_t begin = 0;
  std::uint32_t size = 0;
};

struct OutlineMember {
  std::string name;
  std::string_view value;  ///< JSON text, a view into the document
};

struct JsonOutline {
  std::string_view value;              ///< the document's value
  std::vector<OutlineMember> members;  ///< of an object, in their order; names distinct
  std::vector<TextRange> items;        ///< of the wanted array, in the document
};

/// `items_max`: more are too_large. `items_of`: the member whose items are wanted if it is an array; empty: those of
/// the document itself. `text` gets spare room for the parser, but no other bytes. malformed: no JSON (RFC 8259,
/// UTF-8), nested deeper than 64 levels, a member of the outer object given twice, or longer than 4 GiB.
Result<JsonOutline> outline_json(std::string& text, std::string_view items_of, std::size_t items_max);

/// Appends valid JSON without the blanks between its tokens; nothing else changes.
void append_compact_json(std::string& out, std::string_view json);

}  // namespace meterport::formats
