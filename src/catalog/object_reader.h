// Reads one JSON object of a catalogue file member by member and remembers the first rule that is broken, with its JSON
// pointer; after that every read gives a default, so that a parser is straight-line code and asks once at its end.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"
#include "catalog/json_tree.h"

namespace meterport::catalog {

/// Shared by all readers of one document.
struct FormCheck {
  bool is_replay =
      false;  ///< of a ledger record: it was checked when written, and a newer version may have written more
  std::optional<Error> first;

  void refuse(const std::string& pointer, std::string_view rule);
};

enum class Need { optional, required };

inline constexpr std::size_t text_characters_max = 255;

class ObjectReader {
 public:
  ObjectReader(FormCheck& check, const JsonValue& value, std::string pointer,
               std::initializer_list<std::string_view> members);

  [[nodiscard]] bool has(std::string_view name) const { return value_.find(name) != nullptr; }
  /// "" if left out. Refuses control characters and more than `characters_max`.
  std::string text(std::string_view name, Need need, std::size_t characters_max = text_characters_max);
  /// As text, of the characters crosswalk 2.1 allows an id.
  std::string id(std::string_view name, Need need);
  /// JSON string or number, exact.
  std::optional<Decimal> decimal(std::string_view name, Need need);
  std::optional<Day> day(std::string_view name, Need need);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<bool> boolean(std::string_view name);
  /// Distinct texts.
  std::vector<std::string> texts(std::string_view name, std::size_t characters_max = text_characters_max);
  /// The array's items; empty if left out.
  const std::vector<JsonValue>& items(std::string_view name, Need need);
  /// The object; null if left out.
  const JsonValue* object(std::string_view name);
  /// One of the enumeration's names, by its parse function.
  template <class E>
  std::optional<E> word(std::string_view name, Need need, std::optional<E> (*parse)(std::string_view),
                        std::string_view allowed) {
    const std::string given = text(name, need);
    if (given.empty()) return std::nullopt;
    const std::optional<E> value = parse(given);
    if (!value) refuse(name, std::string("must be one of ") + std::string(allowed));
    return value;
  }

  void refuse(std::string_view name, std::string_view rule) { check_.refuse(at(name), rule); }
  [[nodiscard]] std::string at(std::string_view name) const { return pointer_to(pointer_, name); }
  FormCheck& check() { return check_; }

 private:
  FormCheck& check_;
  const JsonValue& value_;
  std::string pointer_;
};

/// A text by itself, as an item of an array or a member of a map.
std::string read_text(FormCheck& check, const JsonValue& value, const std::string& pointer,
                      std::size_t characters_max = text_characters_max);

}  // namespace meterport::catalog
