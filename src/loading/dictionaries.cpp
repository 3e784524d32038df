#include "loading/dictionaries.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "model/usage_record.h"

namespace meterport::loading {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::dimension_count;

namespace {

/// Text of a code, read without a lock: blocks of doubling size that never move.
class Texts {
 public:
  /// Empty for codes not yet published.
  [[nodiscard]] std::string_view at(Code code) const {
    if (code > last_.load(std::memory_order_acquire)) return {};
    const auto [block, place] = where(code);
    const auto& texts = blocks_[block];
    return texts == nullptr ? std::string_view() : texts[place];
  }
  void set(Code code, std::string_view text) {
    const auto [block, place] = where(code);
    if (blocks_[block] == nullptr) blocks_[block] = std::make_unique<std::string_view[]>(first_block << block);
    blocks_[block][place] = text;
    if (code > last()) last_.store(code, std::memory_order_release);
  }
  [[nodiscard]] Code last() const { return last_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t first_block = 256;
  static std::pair<std::size_t, std::size_t> where(Code code) {
    const std::uint64_t n = std::uint64_t{code} + first_block;
    const auto block = static_cast<std::size_t>(std::bit_width(n) - std::bit_width(first_block));
    return {block, static_cast<std::size_t>(n - (first_block << block))};
  }
  std::array<std::unique_ptr<std::string_view[]>, 26> blocks_;
  std::atomic<Code> last_{0};
};

/// One dimension. The loader alone changes it, so it reads without the lock; others look up under it.
class Dictionary {
 public:
  [[nodiscard]] Code find(std::string_view text) const {
    const std::shared_lock lock(mutex_);
    return slots_[slot_of(text, hash_of(text))].code;
  }
  [[nodiscard]] std::string_view text(Code code) const { return texts_.at(code); }

  Code add(std::string_view text, bool& is_new) {
    // Neighbouring records mostly repeat a value.
    if (last_code_ != 0 && text == last_text_) return last_code_;
    const std::uint32_t hash = hash_of(text);
    Code code = slots_[slot_of(text, hash)].code;
    if (code == 0) {
      is_new = true;
      code = texts_.last() + 1;
      insert(code, text, hash);
    }
    last_code_ = code;
    last_text_ = texts_.at(code);
    return code;
  }
  void restore(Code code, std::string_view text) { insert(code, text, hash_of(text)); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    Code code = 0;  ///< 0 = free
  };

  static std::uint32_t hash_of(std::string_view text) {
    const std::uint64_t h = std::hash<std::string_view>()(text);
    return static_cast<std::uint32_t>(h ^ (h >> 32));
  }
  /// The text's slot, or the free one where it belongs.
  [[nodiscard]] std::size_t slot_of(std::string_view text, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = hash & mask;
    while (slots_[place].code != 0 && (slots_[place].hash != hash || texts_.at(slots_[place].code) != text)) {
      place = (place + 1) & mask;
    }
    return place;
  }
  void insert(Code code, std::string_view text, std::uint32_t hash) {
    const std::unique_lock lock(mutex_);
    texts_.set(code, arena_.keep(text));
    if ((++used_) * 2 > slots_.size()) grow();
    slots_[slot_of(text, hash)] = {.hash = hash, .code = code};
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.code == 0) continue;
      std::size_t place = slot.hash & mask;
      while (slots_[place].code != 0) place = (place + 1) & mask;
      slots_[place] = slot;
    }
  }

  mutable std::shared_mutex mutex_;
  std::vector<Slot> slots_{64};  // at most half of them used
  std::size_t used_ = 0;
  Texts texts_;
  TextArena arena_;
  std::string_view last_text_;
  Code last_code_ = 0;
};

}  // namespace

struct Dictionaries::State {
  std::array<Dictionary, dimension_count> dimensions;
  Dictionary& of(Dimension dimension) { return dimensions.at(static_cast<std::size_t>(dimension)); }
};

Dictionaries::Dictionaries() : state_(std::make_unique<State>()) {}
Dictionaries::~Dictionaries() = default;

Code Dictionaries::find(Dimension dimension, std::string_view text) const {
  return text.empty() ? 0 : state_->of(dimension).find(text);
}

std::string_view Dictionaries::text(Dimension dimension, Code code) const {
  return code == 0 ? std::string_view() : state_->of(dimension).text(code);
}

Code Dictionaries::add(Dimension dimension, std::string_view text, bool& is_new) {
  is_new = false;
  return text.empty() ? 0 : state_->of(dimension).add(text, is_new);
}

void Dictionaries::restore(Dimension dimension, Code code, std::string_view text) {
  state_->of(dimension).restore(code, text);
}

}  // namespace meterport::loading
