#include "ledger/index_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
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

unsigned RunFilter::slot_shift() const {
  unsigned shift = 0;
  while ((last_run >> shift) - (first_run >> shift) >= KeyFilter::slots) ++shift;
  return shift;
}

std::vector<Maybe> FilterSet::find(const std::vector<Hash128>& keys) const {
  std::vector<Maybe> maybes;
  for (const auto& run_filter : filters) {
    const KeyFilter& filter = run_filter->filter;
    const unsigned shift = run_filter->slot_shift();
    const auto add = [&](std::uint32_t key, std::uint32_t slots) {
      for (; slots != 0; slots &= slots - 1) {
        const std::uint64_t slot = (run_filter->first_run >> shift) + static_cast<unsigned>(std::countr_zero(slots));
        const std::uint64_t end = std::min(((slot + 1) << shift) - 1, run_filter->last_run);
        for (std::uint64_t run = std::max(slot << shift, run_filter->first_run); run <= end; ++run) {
          maybes.push_back({key, run});
        }
      }
    };
    for (std::size_t begin = 0; begin < keys.size(); begin += keys_at_once) {
      const std::size_t end = std::min(begin + keys_at_once, keys.size());
      for (std::size_t i = begin; i < end; ++i) filter.prefetch_offset(KeyFilter::hash_of(keys[i]));
      for (std::size_t i = begin; i < end; ++i) filter.prefetch_bucket(KeyFilter::hash_of(keys[i]));
      for (std::size_t i = begin; i < end; ++i) {
        if (const std::uint32_t slots = filter.slots_of(KeyFilter::hash_of(keys[i]))) {
          add(static_cast<std::uint32_t>(i), slots);
        }
      }
    }
  }
  return maybes;
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
  for (std::uint64_t run = have + 1; run <= runs.facts().runs; ++run) {
    if (Status made = make_again(runs, run, set); !made) return fail(std::move(made));
  }
  remove_stale(set);
  return set;
}

Status FilterFiles::make_again(RunStore& runs, std::uint64_t run, FilterSet& set) {
  log::warning("index: a filter file is missing or damaged; reading a run's keys to make it again", {{"run", run}});
  std::vector<KeyValue> entries;
  const Status scanned = runs.for_each(run, [&](const Hash128& key) { entries.push_back({key, {}}); });
  if (!scanned) return scanned;
  Result<std::shared_ptr<const RunFilter>> filter = make(run, entries);
  if (!filter) return fail(std::move(filter));
  set.filters.push_back(std::move(*filter));
  for (;;) {
    const Result<bool> merged = merge_newest(set);
    if (!merged) return fail(merged);
    if (!*merged) return {};
  }
}

Result<std::shared_ptr<const RunFilter>> FilterFiles::make(std::uint64_t run, std::span<const KeyValue> entries) {
  KeyFilter::Builder builder(entries.size());
  for (const KeyValue& entry : entries) builder.add(KeyFilter::hash_of(entry.key), 0);
  auto filter = std::make_shared<const RunFilter>(RunFilter{run, run, builder.finish()});
  if (Status saved = save(*filter); !saved) return fail(std::move(saved));
  return filter;
}

Result<bool> FilterFiles::merge_newest(FilterSet& set) {
  if (set.filters.size() < 2) return false;
  const RunFilter& newer = *set.filters.back();
  const RunFilter& older = *set.filters[set.filters.size() - 2];
  if (newer.filter.keys() * size_ratio <= older.filter.keys()) return false;
  RunFilter merged{older.first_run, newer.last_run, KeyFilter::Builder(0).finish()};
  const auto slots_in_merged = [&merged](const RunFilter& from) {
    KeyFilter::SlotMap map{};
    for (std::uint64_t slot = 0; slot < map.size(); ++slot) {
      const std::uint64_t run =
          std::max(((from.first_run >> from.slot_shift()) + slot) << from.slot_shift(), from.first_run);
      if (run <= from.last_run) map[slot] = static_cast<std::uint8_t>(merged.slot_of(run));
    }
    return map;
  };
  merged.filter = KeyFilter::merge(older.filter, slots_in_merged(older), newer.filter, slots_in_merged(newer));
  if (Status saved = save(merged); !saved) return fail(std::move(saved));
  set.filters.pop_back();
  set.filters.back() = std::make_shared<const RunFilter>(std::move(merged));
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
