#include "ledger/index_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace meterport::ledger {
namespace {

constexpr unsigned range_bits = 6;
constexpr unsigned ranges = 1u << range_bits;
constexpr unsigned bucket_bits_max = 24;
constexpr std::size_t spare_bytes = 8;
constexpr std::string_view magic = "MPKF0002";

struct Header {
  std::uint64_t keys;
  std::uint64_t bits_bytes;
  std::uint32_t bucket_bits;
  std::uint32_t hash_bits;
};
static_assert(KeyFilter::slots == 32, "a mask of slots is 32 bits");

unsigned bucket_bits_for(std::uint64_t keys) {
  const unsigned log2 = keys == 0 ? 0 : static_cast<unsigned>(std::bit_width(keys)) - 1;
  return log2 <= range_bits ? 0 : std::min(log2 - range_bits, bucket_bits_max);
}

/// Bits kept of each key: what its range does not say of the hash, and the slot.
unsigned low_bits_of(unsigned bucket_bits) {
  return KeyFilter::hash_bits - range_bits - bucket_bits + KeyFilter::slot_bits;
}

std::uint64_t low_bits(std::uint64_t value, unsigned count) {
  return value & ((std::uint64_t{1} << count) - 1);
}

std::uint64_t word_at(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// `count` <= 57 bits from a bit offset.
std::uint64_t bits_at(const std::uint8_t* bytes, std::uint64_t bit, unsigned count) {
  return (word_at(bytes + bit / 8) >> (bit % 8)) & ((std::uint64_t{1} << count) - 1);
}

/// Place of the n-th zero (from 0). The caller knows that there is one.
std::uint64_t find_zero(const std::uint8_t* bytes, unsigned n) {
  for (std::uint64_t base = 0;; base += 64) {
    std::uint64_t zeros = ~word_at(bytes + base / 8);
    const auto count = static_cast<unsigned>(std::popcount(zeros));
    if (n >= count) {
      n -= count;
      continue;
    }
    for (; n > 0; --n) zeros &= zeros - 1;
    return base + static_cast<unsigned>(std::countr_zero(zeros));
  }
}

/// Sets bits of zeroed bytes; `value` has at most 57 bits.
void put_bits(std::uint8_t* bytes, std::uint64_t bit, std::uint64_t value) {
  const std::uint64_t word = word_at(bytes + bit / 8) | (value << (bit % 8));
  std::memcpy(bytes + bit / 8, &word, sizeof word);
}

}  // namespace

KeyFilter::Builder::Builder(std::uint64_t keys) : bucket_bits_(bucket_bits_for(keys)) {
  offsets_.reserve(std::size_t{1} << bucket_bits_);
  const unsigned bits_per_key = low_bits_of(bucket_bits_) + 2;
  bits_.reserve(keys * bits_per_key / 8 + (std::size_t{2} << bucket_bits_) + 64);
}

void KeyFilter::Builder::add(std::uint64_t hash, std::uint64_t slot) {
  const std::uint64_t bucket = hash >> (hash_bits - bucket_bits_);
  while (bucket_index_ < bucket) end_bucket();
  bucket_.push_back(hash << slot_bits | slot);
  ++keys_;
}

void KeyFilter::Builder::end_bucket() {
  const std::size_t begin = size_;
  offsets_.push_back(static_cast<std::uint32_t>(begin));
  const unsigned low_count = low_bits_of(bucket_bits_);
  const std::uint64_t unary_bits = ranges + bucket_.size();
  size_ += (unary_bits + bucket_.size() * low_count + 7) / 8;
  bits_.resize(size_ + spare_bytes);
  std::uint8_t* bytes = bits_.data() + begin;
  std::uint64_t low_at = unary_bits;
  for (std::size_t i = 0; i < bucket_.size(); ++i, low_at += low_count) {
    // Before the i-th key stand i keys and the ends of all ranges before its own.
    put_bits(bytes, i + (bucket_[i] >> low_count) % ranges, 1);
    put_bits(bytes, low_at, low_bits(bucket_[i], low_count));
  }
  bucket_.clear();
  ++bucket_index_;
}

KeyFilter KeyFilter::Builder::finish() {
  while (bucket_index_ < (std::uint64_t{1} << bucket_bits_)) end_bucket();
  KeyFilter filter;
  filter.bucket_bits_ = bucket_bits_;
  filter.keys_ = keys_;
  filter.offsets_ = std::move(offsets_);
  filter.bits_ = std::move(bits_);
  filter.bits_.shrink_to_fit();
  return filter;
}

std::uint32_t KeyFilter::slots_of(std::uint64_t hash) const {
  const std::uint8_t* bucket = bits_.data() + offsets_[bucket_of(hash)];
  const unsigned low_count = low_bits_of(bucket_bits_);
  const std::uint64_t wanted = hash << slot_bits;
  const unsigned range = static_cast<unsigned>(wanted >> low_count) % ranges;
  std::uint64_t bit = range == 0 ? 0 : find_zero(bucket, range - 1) + 1;
  if (bits_at(bucket, bit, 1) == 0) return 0;
  const std::uint64_t unary_end = find_zero(bucket, ranges - 1) + 1;
  std::uint32_t found = 0;
  // `range` zeros lie before `bit`, so bit - range keys do.
  for (std::uint64_t index = bit - range; bits_at(bucket, bit, 1) == 1; ++bit, ++index) {
    const std::uint64_t low = bits_at(bucket, unary_end + index * low_count, low_count);
    if (low >> slot_bits == low_bits(wanted, low_count) >> slot_bits) found |= 1u << low_bits(low, slot_bits);
  }
  return found;
}

/// Walks all hashes of a filter in order.
class KeyFilter::Cursor {
 public:
  explicit Cursor(const KeyFilter& filter) : filter_(filter), low_count_(low_bits_of(filter.bucket_bits_)) {
    open();
    if (!at_end()) find();
  }
  [[nodiscard]] bool at_end() const { return done_ == filter_.keys_; }
  [[nodiscard]] std::uint64_t hash() const { return value_ >> slot_bits; }
  [[nodiscard]] std::uint64_t slot() const { return low_bits(value_, slot_bits); }
  void next() {
    ++done_;
    if (!at_end()) find();
  }

 private:
  void open() {
    bytes_ = filter_.bits_.data() + filter_.offsets_[bucket_];
    low_at_ = find_zero(bytes_, ranges - 1) + 1;
    bit_ = 0;
    range_ = 0;
  }
  void find() {
    for (;;) {
      const std::uint64_t word = bits_at(bytes_, bit_, 57);
      const auto zeros = static_cast<unsigned>(std::countr_zero(word | (std::uint64_t{1} << 57)));
      range_ += zeros;
      bit_ += zeros;
      if (range_ >= ranges) {
        ++bucket_;
        open();
      } else if (zeros < 57) {
        break;
      }
    }
    ++bit_;
    value_ = (((bucket_ << range_bits) | range_) << low_count_) | bits_at(bytes_, low_at_, low_count_);
    low_at_ += low_count_;
  }

  const KeyFilter& filter_;
  unsigned low_count_;
  std::uint64_t bucket_ = 0, done_ = 0, value_ = 0, bit_ = 0, low_at_ = 0;
  unsigned range_ = 0;
  const std::uint8_t* bytes_ = nullptr;
};

KeyFilter KeyFilter::merge(const KeyFilter& a, const SlotMap& slot_of_a, const KeyFilter& b, const SlotMap& slot_of_b) {
  Builder builder(a.keys_ + b.keys_);
  Cursor left(a);
  Cursor right(b);
  while (!left.at_end() || !right.at_end()) {
    const bool takes_left = right.at_end() || (!left.at_end() && left.hash() <= right.hash());
    Cursor& smaller = takes_left ? left : right;
    builder.add(smaller.hash(), (takes_left ? slot_of_a : slot_of_b)[smaller.slot()]);
    smaller.next();
  }
  return builder.finish();
}

std::string KeyFilter::to_bytes() const {
  const Header header{keys_, bits_.size(), bucket_bits_, hash_bits};
  std::string out;
  out.reserve(magic.size() + sizeof header + bytes() + 4);
  out.append(magic);
  const auto append = [&out](const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); };
  append(&header, sizeof header);
  append(offsets_.data(), offsets_.size() * sizeof(std::uint32_t));
  append(bits_.data(), bits_.size());
  const std::uint32_t crc = crc32c(0, out);
  append(&crc, sizeof crc);
  return out;
}

std::optional<KeyFilter> KeyFilter::from_bytes(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  Header header{};
  std::uint32_t crc = 0;
  if (bytes.size() < magic.size() + sizeof header + sizeof crc || !bytes.starts_with(magic)) return std::nullopt;
  std::memcpy(&crc, bytes.data() + bytes.size() - sizeof crc, sizeof crc);
  bytes.remove_suffix(sizeof crc);
  if (crc32c(0, bytes) != crc) return std::nullopt;
  std::memcpy(&header, bytes.data() + magic.size(), sizeof header);
  bytes.remove_prefix(magic.size() + sizeof header);
  if (header.hash_bits != hash_bits || header.bucket_bits > bucket_bits_max) return std::nullopt;
  KeyFilter filter;
  filter.bucket_bits_ = header.bucket_bits;
  filter.keys_ = header.keys;
  filter.offsets_.resize(std::size_t{1} << header.bucket_bits);
  const std::size_t offset_bytes = filter.offsets_.size() * sizeof(std::uint32_t);
  if (bytes.size() != offset_bytes + header.bits_bytes) return std::nullopt;
  std::memcpy(filter.offsets_.data(), bytes.data(), offset_bytes);
  filter.bits_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(offset_bytes), bytes.end());
  return filter;
}

}  // namespace meterport::ledger
