// Open-addressing table of keys: a shard of the index's RAM table, or of its claims. Keys are SipHash output, so their
// leading bits choose the place, and the entries lie nearly sorted. Not thread-safe: the shard's mutex guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ledger/index.h"

namespace meterport::ledger {

/// The leading key bits that choose the shard; inside a shard they are equal.
inline constexpr unsigned shard_bits = 6;
inline constexpr std::size_t shard_count = std::size_t{1} << shard_bits;
inline std::size_t shard_of(const Hash128& key) {
  return static_cast<std::size_t>(key.high >> (64 - shard_bits));
}

class KeyTable {
 public:
  KeyTable() : KeyTable(0) {}
  /// Room for so many keys without growing.
  explicit KeyTable(std::size_t expected_keys);

  /// Null: not there. Valid until the next insert or erase.
  [[nodiscard]] IndexValue* find(const Hash128& key);
  [[nodiscard]] const IndexValue* find(const Hash128& key) const;
  /// False: the key is there already and stays as it was. `value.position` is not 0.
  bool insert(const Hash128& key, IndexValue value);
  bool erase(const Hash128& key);
  void prefetch(const Hash128& key) const { __builtin_prefetch(&slots_[home(key)]); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(KeyValue); }
  /// All entries, by key.
  void append_sorted(std::vector<KeyValue>& out) const;

 private:
  [[nodiscard]] std::size_t home(const Hash128& key) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((Wide{key.high << shard_bits} * capacity_) >> 64);
  }
  void reserve_slots(std::size_t capacity);
  void grow();

  std::vector<KeyValue> slots_;  ///< capacity_ homes and a tail to spill into; position 0 = free
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace meterport::ledger
