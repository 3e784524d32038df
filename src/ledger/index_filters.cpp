#include "ledger/index_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/file_system.h"
#include "base/log.h"

namespace meterport::ledger {
namespace {

/// A filter stays beside the one before it while it is at least so many times smaller.
constexpr std::uint64_t size_ratio = 4;
constexpr std::size_t keys_at_once = 32;
constexpr std::string_view prefix = "filter-";

struct RunRange {
  std::uint64_t first = 0, last = 0;
};

std::optional<RunRange> parse_name(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  RunRange range;
  const auto [dash, first_error] = std::from_chars(name.data(), name.data() + name.size(), range.first);
  if (first_error != std::errc{} || dash == name.data() + name.size() || *dash != '-') return std::nullopt;
  const auto [end, last_error] = std::from_chars(dash + 1, name.data() + name.size(), range.last);
  if (last_error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return range;
}

}  // namespace

void FilterSet::may_contain(const std::vector<Hash128>& keys, std::vector<std::uint8_t>& maybe) const {
  maybe.assign(keys.size(), 0);
  for (const auto& run : filters) {
    const KeyFilter& filter = run->filter;
    for (std::size_t begin = 0; begin < keys.size(); begin += keys_at_once) {
      const std::size_t end = std::min(begin + keys_at_once, keys.size());
      for (std::size_t i = begin; i < end; ++i) filter.prefetch_offset(KeyFilter::hash_of(keys[i]));
      for (std::size_t i = begin; i < end; ++i) filter.prefetch_bucket(KeyFilter::hash_of(keys[i]));
      for (std::size_t i = begin; i < end; ++i) {
        if (maybe[i] == 0 && filter.may_contain(KeyFilter::hash_of(keys[i]))) maybe[i] = 1;
      }
    }
  }
}

std::uint64_t FilterSet::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& run : filters) sum += run->filter.bytes();
  return sum;
}

std::string FilterFiles::path_of(std::uint64_t first_run, std::uint64_t last_run) const {
  return fmt::format("{}/{}{}-{}", folder_, prefix, first_run, last_run);
}

Status FilterFiles::save(const RunFilter& filter) const {
  return replace_file(system_files(), path_of(filter.first_run, filter.last_run), filter.filter.to_bytes());
}

std::shared_ptr<const RunFilter> FilterFiles::read(std::uint64_t first_run, std::uint64_t last_run) const {
  const Result<std::string> bytes = read_file(system_files(), path_of(first_run, last_run));
  if (!bytes) return nullptr;
  std::optional<KeyFilter> filter = KeyFilter::from_bytes(*bytes);
  if (!filter) return nullptr;
  return std::make_shared<const RunFilter>(RunFilter{first_run, last_run, std::move(*filter)});
}

Result<FilterSet> FilterFiles::load(RunStore& runs) {
  const Result<std::vector<std::string>> names = system_files().list(folder_);
  if (!names) return fail(names);
  FilterSet set;
  std::uint64_t have = 0;
  while (have < runs.facts().runs) {
    // The file that begins here and reaches farthest; shorter ones were merged into it.
    std::uint64_t last = 0;
    for (const std::string& name : *names) {
      const std::optional<RunRange> range = parse_name(name);
      if (range && range->first == have + 1 && range->last <= runs.facts().runs) last = std::max(last, range->last);
    }
    std::shared_ptr<const RunFilter> filter = last == 0 ? nullptr : read(have + 1, last);
    if (!filter) break;
    set.filters.push_back(std::move(filter));
    have = last;
  }
  if (have < runs.facts().runs) {
    log::warning("index: a filter file is missing or damaged; reading all keys to make it again");
    KeyFilter::Builder builder(runs.facts().keys);
    const Status scanned = runs.for_each([&](const Hash128& key) { builder.add(KeyFilter::hash_of(key)); });
    if (!scanned) return fail(scanned);
    auto all = std::make_shared<const RunFilter>(RunFilter{1, runs.facts().runs, builder.finish()});
    if (Status saved = save(*all); !saved) return fail(std::move(saved));
    set.filters.assign(1, std::move(all));
  }
  remove_stale(set);
  return set;
}

Result<std::shared_ptr<const RunFilter>> FilterFiles::make(std::uint64_t run, std::span<const KeyValue> entries) {
  KeyFilter::Builder builder(entries.size());
  for (const KeyValue& entry : entries) builder.add(KeyFilter::hash_of(entry.key));
  auto filter = std::make_shared<const RunFilter>(RunFilter{run, run, builder.finish()});
  if (Status saved = save(*filter); !saved) return fail(std::move(saved));
  return filter;
}

Result<bool> FilterFiles::merge_newest(FilterSet& set) {
  if (set.filters.size() < 2) return false;
  const auto& newest = *set.filters.back();
  const auto& older = *set.filters[set.filters.size() - 2];
  if (newest.filter.keys() * size_ratio <= older.filter.keys()) return false;
  auto merged = std::make_shared<const RunFilter>(
      RunFilter{older.first_run, newest.last_run, KeyFilter::merge(older.filter, newest.filter)});
  if (Status saved = save(*merged); !saved) return fail(std::move(saved));
  set.filters.pop_back();
  set.filters.back() = std::move(merged);
  return true;
}

void FilterFiles::remove_stale(const FilterSet& set) {
  const Result<std::vector<std::string>> names = system_files().list(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::optional<RunRange> range = parse_name(name);
    const bool is_live = range && std::ranges::any_of(set.filters, [&](const auto& filter) {
                           return filter->first_run == range->first && filter->last_run == range->last;
                         });
    // A leftover that cannot be deleted now is deleted at the next start.
    if (name.starts_with(prefix) && !is_live) (void)system_files().remove(folder_ + "/" + name);
  }
}

}  // namespace meterport::ledger
