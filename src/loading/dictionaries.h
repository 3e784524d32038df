// Append-only dictionaries, one per text dimension: text <-> code. The loader adds; readers look up at the same
// time. Texts are never moved or removed.
//
// A code means something only once the batch that brought it is loaded; a reader meets it in a warehouse row after
// that.
#pragma once

#include <memory>
#include <string_view>

#include "warehouse/warehouse.h"

namespace meterport::loading {

class Dictionaries {
 public:
  Dictionaries();
  ~Dictionaries();
  Dictionaries(const Dictionaries&) = delete;
  Dictionaries& operator=(const Dictionaries&) = delete;

  /// 0 = the text was never loaded (or is empty).
  [[nodiscard]] warehouse::Code find(warehouse::Dimension dimension, std::string_view text) const;
  /// Empty for code 0. The view lives as long as the dictionaries.
  [[nodiscard]] std::string_view text(warehouse::Dimension dimension, warehouse::Code code) const;

  // Loader only.
  /// The text's code, made if new (`is_new` tells).
  warehouse::Code add(warehouse::Dimension dimension, std::string_view text, bool& is_new);
  /// A word as read back from the warehouse.
  void restore(warehouse::Dimension dimension, warehouse::Code code, std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterport::loading
