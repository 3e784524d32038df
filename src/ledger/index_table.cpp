#include "ledger/index_table.h"

#include <algorithm>

namespace meterport::ledger {
namespace {

constexpr std::size_t capacity_min = 32;
/// Slots past the last home; probing never wraps, so that slot order stays key order.
constexpr std::size_t tail_slots = 64;

constexpr std::size_t slots_for(std::size_t keys) {
  return std::max(capacity_min, keys + keys / 2);
}

}  // namespace

KeyTable::KeyTable(std::size_t expected_keys) {
  reserve_slots(slots_for(expected_keys));
}

void KeyTable::reserve_slots(std::size_t capacity) {
  capacity_ = capacity;
  slots_.assign(capacity + tail_slots, KeyValue{});
}

const IndexValue* KeyTable::find(const Hash128& key) const {
  for (std::size_t i = home(key); i < slots_.size() && slots_[i].value.position != 0; ++i) {
    if (slots_[i].key == key) return &slots_[i].value;
  }
  return nullptr;
}

IndexValue* KeyTable::find(const Hash128& key) {
  return const_cast<IndexValue*>(static_cast<const KeyTable*>(this)->find(key));
}

bool KeyTable::insert(const Hash128& key, IndexValue value) {
  if (size_ + size_ / 4 >= capacity_) grow();
  std::size_t i = home(key);
  for (; i < slots_.size() && slots_[i].value.position != 0; ++i) {
    if (slots_[i].key == key) return false;
  }
  if (i == slots_.size()) {
    grow();
    return insert(key, value);
  }
  slots_[i] = {key, value};
  ++size_;
  return true;
}

bool KeyTable::erase(const Hash128& key) {
  std::size_t hole = home(key);
  while (hole < slots_.size() && slots_[hole].value.position != 0 && slots_[hole].key != key) ++hole;
  if (hole == slots_.size() || slots_[hole].value.position == 0) return false;
  // Backward shift: whatever probed past the hole moves into it.
  for (std::size_t i = hole + 1; i < slots_.size() && slots_[i].value.position != 0; ++i) {
    if (home(slots_[i].key) > hole) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};
  --size_;
  return true;
}

void KeyTable::grow() {
  std::vector<KeyValue> old = std::move(slots_);
  reserve_slots(capacity_ * 2);
  size_ = 0;
  for (const KeyValue& entry : old) {
    if (entry.value.position != 0) insert(entry.key, entry.value);
  }
}

void KeyTable::append_sorted(std::vector<KeyValue>& out) const {
  const std::size_t first = out.size();
  for (const KeyValue& entry : slots_) {
    if (entry.value.position == 0) continue;
    // Entries are out of order only inside a probe cluster: an insertion sort of few steps.
    std::size_t at = out.size();
    out.push_back(entry);
    for (; at > first && entry.key < out[at - 1].key; --at) out[at] = out[at - 1];
    out[at] = entry;
  }
}

}  // namespace meterport::ledger
