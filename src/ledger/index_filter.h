// The resident filter over the keys of runs: answers "surely new" or "maybe there". Immutable once built.
//
// It keeps the leading 37 bits of each key, sorted: 64 x 2^q equal ranges; per bucket of 64 ranges the number of keys
// in each range in unary (a key = 1, end of a range = 0) and then the 31-q low bits of every key. At n keys that is
// about 31 - log2(n/64) + 2.2 bits a key: 19 at 1 million, under 14 from 64 million on, with 0.0004 % and 0.07 % false
// maybes. Two filters merge in one pass without the keys, which a Bloom filter can't.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace meterport::ledger {

class KeyFilter {
 public:
  static constexpr unsigned hash_bits = 37;
  /// What the filter keeps of a key.
  static std::uint64_t hash_of(const Hash128& key) { return key.high >> (64 - hash_bits); }

  class Builder {
   public:
    explicit Builder(std::uint64_t keys);
    /// In ascending order, exactly as many as announced.
    void add(std::uint64_t hash);
    KeyFilter finish();

   private:
    void end_bucket();
    std::vector<std::uint64_t> bucket_;  ///< hashes of the bucket being filled
    std::uint64_t bucket_index_ = 0;
    std::vector<std::uint8_t> bits_;  ///< size_ bytes and spare ones
    std::size_t size_ = 0;
    std::vector<std::uint32_t> offsets_;
    unsigned bucket_bits_;
    std::uint64_t keys_ = 0;
  };

  static KeyFilter merge(const KeyFilter& a, const KeyFilter& b);
  [[nodiscard]] bool may_contain(std::uint64_t hash) const;
  // For many look-ups at once: call one for all hashes, then the other, then may_contain.
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
