#include "ledger/index_shards.h"

#include <algorithm>

namespace meterport::ledger {
namespace {

/// Visits items grouped by shard: `visit(shard, places)`, so that a batch takes each lock once.
template <class Items, class Visit>
void by_shard(const Items& items, const Visit& visit) {
  if (items.size() == 1) {
    const std::uint32_t only = 0;
    visit(shard_of(items[0].key), std::span(&only, 1));
    return;
  }
  std::array<std::uint32_t, shard_count + 1> starts{};
  for (const auto& item : items) ++starts[shard_of(item.key) + 1];
  for (std::size_t s = 0; s < shard_count; ++s) starts[s + 1] += starts[s];
  std::vector<std::uint32_t> places(items.size());
  std::array<std::uint32_t, shard_count> next{};
  std::copy_n(starts.begin(), shard_count, next.begin());
  for (std::uint32_t i = 0; i < items.size(); ++i) places[next[shard_of(items[i].key)]++] = i;
  for (std::size_t s = 0; s < shard_count; ++s) {
    if (starts[s] == starts[s + 1]) continue;
    visit(s, std::span<const std::uint32_t>(places).subspan(starts[s], starts[s + 1] - starts[s]));
  }
}

}  // namespace

IndexShards::IndexShards(std::size_t table_keys) : keys_per_shard_(table_keys / shard_count) {}

const IndexValue* IndexShards::find_held(const Shard& shard, const Hash128& key) {
  if (const IndexValue* held = std::as_const(*shard.active).find(key)) return held;
  for (const auto& table : shard.frozen) {
    if (const IndexValue* held = table->find(key)) return held;
  }
  return nullptr;
}

void IndexShards::claim(std::span<const ClaimRequest> requests, std::span<ClaimResult> results,
                        const Index::OnEnd& on_end) {
  by_shard(requests, [&](std::size_t shard_index, std::span<const std::uint32_t> places) {
    Shard& shard = shards_[shard_index];
    const std::lock_guard lock(shard.mutex);
    for (const std::uint32_t i : places) {
      shard.active->prefetch(requests[i].key);
      for (const auto& table : shard.frozen) table->prefetch(requests[i].key);
    }
    for (const std::uint32_t i : places) {
      const ClaimRequest& request = requests[i];
      if (const IndexValue* held = find_held(shard, request.key)) {
        results[i] = {ClaimOutcome::present, *held};
      } else if (shard.claims.insert(request.key, {1, request.fingerprint})) {
        results[i] = {ClaimOutcome::claimed, {}};
      } else {
        results[i] = {ClaimOutcome::in_flight, {0, shard.claims.find(request.key)->fingerprint}};
        shard.waiters[request.key].emplace_back(i, on_end);
      }
    }
  });
}

void IndexShards::end_claims(std::span<const KeyValue> ended, bool settled) {
  Waiters to_wake;
  by_shard(ended, [&](std::size_t shard_index, std::span<const std::uint32_t> places) {
    Shard& shard = shards_[shard_index];
    const std::lock_guard lock(shard.mutex);
    if (settled) {
      for (const std::uint32_t i : places) shard.active->prefetch(ended[i].key);
    }
    for (const std::uint32_t i : places) {
      if (ended[i].value.position != 0 && shard.active->insert(ended[i].key, ended[i].value)) {
        active_keys_.fetch_add(1, std::memory_order_relaxed);
      }
      shard.claims.erase(ended[i].key);
      if (shard.waiters.empty()) continue;
      if (auto waiting = shard.waiters.extract(ended[i].key)) {
        for (auto& waiter : waiting.mapped()) to_wake.push_back(std::move(waiter));
      }
    }
  });
  for (const auto& [request, on_end] : to_wake) on_end(request, settled);
}

bool IndexShards::insert(const KeyValue& entry) {
  Shard& shard = shards_[shard_of(entry.key)];
  const std::lock_guard lock(shard.mutex);
  if (find_held(shard, entry.key) != nullptr) return false;
  shard.active->insert(entry.key, entry.value);
  active_keys_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::optional<IndexValue> IndexShards::find(const Hash128& key) const {
  const Shard& shard = shards_[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  const IndexValue* held = find_held(shard, key);
  return held == nullptr ? std::nullopt : std::optional(*held);
}

std::size_t IndexShards::table_bytes() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.active->bytes() + shard.claims.bytes();
    for (const auto& table : shard.frozen) sum += table->bytes();
    if (shard.spare) sum += shard.spare->bytes();
  }
  return sum;
}

FrozenTables IndexShards::freeze() {
  FrozenTables tables;
  for (std::size_t s = 0; s < shard_count; ++s) {
    Shard& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    tables[s] = shard.active;
    shard.frozen.push_back(std::move(shard.active));
    shard.active = shard.spare ? std::move(shard.spare) : std::make_shared<KeyTable>();
    shard.spare = nullptr;
  }
  active_keys_.store(0, std::memory_order_relaxed);
  return tables;
}

void IndexShards::drop_oldest_frozen() {
  for (Shard& shard : shards_) {
    std::shared_ptr<const KeyTable> freed_outside_the_lock;
    const std::lock_guard lock(shard.mutex);
    freed_outside_the_lock = std::move(shard.frozen.front());
    shard.frozen.erase(shard.frozen.begin());
  }
}

void IndexShards::prepare_spares() {
  for (Shard& shard : shards_) {
    auto spare = std::make_shared<KeyTable>(keys_per_shard_);
    const std::lock_guard lock(shard.mutex);
    shard.spare = std::move(spare);
  }
}

}  // namespace meterport::ledger
