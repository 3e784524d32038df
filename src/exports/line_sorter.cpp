#include "exports/line_sorter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace meterport::exports {
namespace {

constexpr std::uint64_t lines_per_look = 512;
constexpr char text_follows = '\x01';
constexpr char no_text = '\x02';
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

/// Big end first; a short key ends in zeros.
std::uint64_t prefix_of(std::string_view key) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof prefix; ++i) {
    prefix = prefix << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
  }
  return prefix;
}

}  // namespace

/// Two zeros end a text, and a zero inside is followed by a byte above zero: so a text stands before those it begins.
void append_key(std::string& key, std::string_view text) {
  if (text.empty()) {
    key += no_text;
    return;
  }
  key += text_follows;
  for (const char c : text) {
    key += c;
    if (c == '\0') key += '\xff';
  }
  key.append(2, '\0');
}

void append_key(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}
void append_key(std::string& key, Instant time) {
  append_key(key, static_cast<std::uint64_t>(time.us) ^ sign_bit);
}
void append_key(std::string& key, Day day) {
  append_key(key, static_cast<std::uint64_t>(std::int64_t{day.days}) ^ sign_bit);
}

LineSorter::LineSorter(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}

std::string_view LineSorter::key_of(const Entry& entry) const {
  return std::string_view(memory_).substr(entry.at, entry.key_bytes);
}
std::string_view LineSorter::line_of(const Entry& entry) const {
  return std::string_view(memory_).substr(entry.at + entry.key_bytes, entry.line_bytes);
}

Status LineSorter::look() {
  return looks_++ % lines_per_look == 0 && options_.look ? options_.look() : Status();
}

Status LineSorter::blame(Status status) {
  if (!status) has_failed_ = true;
  return status;
}

Status LineSorter::add(std::string_view key, std::string_view line) {
  ++lines_;
  line_bytes_ += line.size();
  entries_.push_back({.prefix = prefix_of(key),
                      .at = memory_.size(),
                      .key_bytes = static_cast<std::uint32_t>(key.size()),
                      .line_bytes = static_cast<std::uint32_t>(line.size())});
  memory_ += key;
  memory_ += line;
  const std::size_t used = memory_.size() + entries_.size() * sizeof(Entry);
  return used < options_.memory_bytes ? Status() : spill();
}

/// Entries of equal keys stay in the order of their places.
void LineSorter::sort_memory() {
  std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.at < b.at;
  });
}

Status LineSorter::each_in_memory(const Each& each) {
  sort_memory();
  for (const Entry& entry : entries_) {
    if (auto may_go_on = look(); !may_go_on) return may_go_on;
    if (auto taken = each(key_of(entry), line_of(entry)); !taken) return taken;
  }
  return {};
}

Result<LineSorter::Level> LineSorter::new_level() {
  auto file = SpillFile::create(files_, fmt::format("{}.{}.tmp", options_.path, levels_++));
  if (!file) return fail(blame(fail(std::move(file))));
  return Level{std::move(*file), {}};
}

Status LineSorter::spill() {
  if (!level_.file) {
    auto level = new_level();
    if (!level) return fail(std::move(level));
    level_ = std::move(*level);
  }
  Status written = each_in_memory(
      [this](std::string_view key, std::string_view line) { return blame(level_.file->append(key, line)); });
  if (!written) return written;
  auto run = level_.file->end_run();
  if (!run) return blame(fail(std::move(run)));
  level_.runs.push_back(*run);
  memory_.clear();
  entries_.clear();
  return {};
}

Status LineSorter::merge_runs(Level& level, std::size_t first, std::size_t end, const Each& each) {
  struct Source {
    SpillFile::Reader reader;
    std::size_t number;
  };
  std::vector<Source> sources;
  sources.reserve(end - first);  // readers must not move once they show an entry
  for (std::size_t i = first; i < end; ++i) sources.push_back({SpillFile::Reader(*level.file, level.runs[i]), i});
  // The least entry on top; of equal keys the one of the earlier run.
  const auto is_later = [](const Source* a, const Source* b) {
    const int order = a->reader.key().compare(b->reader.key());
    return order != 0 ? order > 0 : a->number > b->number;
  };
  std::vector<Source*> heap;
  const auto take_in = [&](Source* source) -> Status {
    const auto has_more = source->reader.next();
    if (!has_more) return blame(fail(has_more));
    if (*has_more) {
      heap.push_back(source);
      std::ranges::push_heap(heap, is_later);
    }
    return {};
  };
  for (Source& source : sources) {
    if (auto taken = take_in(&source); !taken) return taken;
  }
  while (!heap.empty()) {
    if (auto may_go_on = look(); !may_go_on) return may_go_on;
    std::ranges::pop_heap(heap, is_later);
    Source* const least = heap.back();
    heap.pop_back();
    if (auto taken = each(least->reader.key(), least->reader.line()); !taken) return taken;
    if (auto taken = take_in(least); !taken) return taken;
  }
  return {};
}

/// Neighbours are merged, so that runs stay in the order in which their lines were added.
Status LineSorter::merge_level() {
  auto next = new_level();
  if (!next) return fail(std::move(next));
  for (std::size_t first = 0; first < level_.runs.size(); first += options_.runs_merged_max) {
    const std::size_t end = std::min(first + options_.runs_merged_max, level_.runs.size());
    Status merged = merge_runs(level_, first, end, [&](std::string_view key, std::string_view line) {
      return blame(next->file->append(key, line));
    });
    if (!merged) return merged;
    auto run = next->file->end_run();
    if (!run) return blame(fail(std::move(run)));
    next->runs.push_back(*run);
  }
  level_ = std::move(*next);
  return {};
}

Status LineSorter::merge(const Each& each) {
  if (!level_.file) return each_in_memory(each);
  if (!entries_.empty()) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  memory_.shrink_to_fit();
  entries_.shrink_to_fit();
  while (level_.runs.size() > options_.runs_merged_max) {
    if (auto merged = merge_level(); !merged) return merged;
  }
  return merge_runs(level_, 0, level_.runs.size(), each);
}

}  // namespace meterport::exports
