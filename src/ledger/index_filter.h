// The resident filter over the keys of runs: answers "surely new" or "maybe, look into these runs". Immutable once
// built.
//
// It keeps the leading 33 bits of each key, sorted, and 5 bits that say in which slot of runs it lies. The hashes are
// cut into 64 x 2^q equal ranges; a bucket of 64 ranges holds the number of keys in each in unary (a key = 1, end of a
// range = 0) and then per key its 27-q low bits and its slot. At n keys that is about 32 - log2(n/64) + 2.2 bits a key:
// 20 at 1 million, 15 at 50 million, 14 at 100 million. Of strangers 0.01 %, 0.6 % and 1.2 % pass, each to one slot.
// Two filters merge in one pass without the keys, which a Bloom filter can't.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace meterport::ledger {

class KeyFilter {
 public:
  static constexpr unsigned hash_bits = 33;
  static constexpr unsigned slot_bits = 5;
  static constexpr std::uint64_t slots = std::uint64_t{1} << slot_bits;
  /// What the filter keeps of a key.
  static std::uint64_t hash_of(const Hash128& key) { return key.high >> (64 - hash_bits); }

  class Builder {
   public:
    explicit Builder(std::uint64_t keys);
    /// In ascending order, exactly as many as announced.
    void add(std::uint64_t hash, std::uint64_t slot);
    KeyFilter finish();

   private:
    void end_bucket();
    std::vector<std::uint64_t> bucket_;  ///< of the bucket being filled: hash, then slot bits
    std::uint64_t bucket_index_ = 0;
    std::vector<std::uint8_t> bits_;  ///< size_ bytes and spare ones
    std::size_t size_ = 0;
    std::vector<std::uint32_t> offsets_;
    unsigned bucket_bits_;
    std::uint64_t keys_ = 0;
  };

  /// `slot_of_a[s]` is the merged filter's slot for keys that lie in slot s of a; likewise of b.
  using SlotMap = std::array<std::uint8_t, slots>;
  static KeyFilter merge(const KeyFilter& a, const SlotMap& slot_of_a, const KeyFilter& b, const SlotMap& slot_of_b);
  /// The slots that may hold the key, as a bit mask; 0: surely none.
  [[nodiscard]] std::uint32_t slots_of(std::uint64_t hash) const;
  // For many look-ups at once: call one for all hashes, then the other, then slots_of.
  void prefetch_offset(std::uint64_t hash) const { __builtin_prefetch(&offsets_[bucket_of(hash)]); }
  void prefetch_bucket(std::uint64_t hash) const {
    const std::uint8_t* bucket = bits_.data() + offsets_[bucket_of(hash)];
    __builtin_prefetch(bucket);
    __builtin_prefetch(bucket + 64);
  }

  [[nodiscard]] std::uint64_t keys() const { return keys_; }
  [[nodiscard]] std::uint64_t bytes() const { return bits_.size() + offsets_.size() * sizeof(std::uint32_t); }

  /// File form: magic, facts, offsets, bits, CRC-32C; integers little-endian.
  [[nodiscard]] std::string to_bytes() const;
  /// None: damaged, or of another version.
  static std::optional<KeyFilter> from_bytes(std::string_view bytes);

 private:
  class Cursor;
  KeyFilter() = default;
  [[nodiscard]] std::uint64_t bucket_of(std::uint64_t hash) const { return hash >> (hash_bits - bucket_bits_); }

  unsigned bucket_bits_ = 0;
  std::uint64_t keys_ = 0;
  std::vector<std::uint32_t> offsets_;  ///< byte where each bucket begins
  std::vector<std::uint8_t> bits_;      ///< with 8 spare bytes, so that words can be read at any byte
};

}  // namespace meterport::ledger
