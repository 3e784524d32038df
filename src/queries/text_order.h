// Private to queries: the codes that a piece of an answer holds, ranked by their texts. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "loading/dictionaries.h"

namespace meterport::queries {

enum class NoValue { first, last };

class TextOrder {
 public:
  TextOrder(const loading::Dictionaries& dictionaries, warehouse::Dimension dimension,
            NoValue no_value = NoValue::first)
      : dictionaries_(dictionaries), dimension_(dimension), no_value_(no_value) {}

  void see(warehouse::Code code) {
    if (code >= rank_by_code_.size())
      rank_by_code_.resize(std::max<std::size_t>(code + 1, rank_by_code_.size() * 2), 0);
    if (rank_by_code_[code] != 0) return;
    rank_by_code_[code] = 1;
    words_.push_back({code, dictionaries_.text(dimension_, code)});
  }
  /// After the last see(): byte order, "no value" at its end.
  void rank() {
    std::ranges::sort(words_, [this](const Word& a, const Word& b) {
      if ((a.code == 0) != (b.code == 0)) return (a.code == 0) == (no_value_ == NoValue::first);
      return a.text < b.text;
    });
    for (std::size_t i = 0; i < words_.size(); ++i) rank_by_code_[words_[i].code] = static_cast<std::uint32_t>(i);
  }
  [[nodiscard]] std::uint32_t rank_of(warehouse::Code code) const { return rank_by_code_[code]; }
  /// Empty for "no value".
  [[nodiscard]] std::string_view text(std::uint32_t rank) const { return words_[rank].text; }
  [[nodiscard]] warehouse::Code code(std::uint32_t rank) const { return words_[rank].code; }
  [[nodiscard]] std::size_t size() const { return words_.size(); }

 private:
  struct Word {
    warehouse::Code code;
    std::string_view text;
  };
  const loading::Dictionaries& dictionaries_;
  warehouse::Dimension dimension_;
  NoValue no_value_;
  std::vector<Word> words_;
  std::vector<std::uint32_t> rank_by_code_;
};

}  // namespace meterport::queries
