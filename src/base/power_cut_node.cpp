#include "base/power_cut_node.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace meterport {
namespace {

constexpr std::size_t page_bytes = PowerCutNode::page_bytes;

/// The durable bytes of a file whose name is not durable: sparse, in memory.
class MemoryFile final : public File {
 public:
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    size_ = std::max(size_, offset + bytes.size());
    while (!bytes.empty()) {
      const std::size_t at = offset % page_bytes;
      const std::size_t n = std::min(bytes.size(), page_bytes - at);
      std::memcpy(pages_[offset / page_bytes].data() + at, bytes.data(), n);
      bytes.remove_prefix(n);
      offset += n;
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    const std::uint64_t end = std::min<std::uint64_t>(offset + out.size(), size_);
    if (offset >= end) return 0;
    std::fill_n(out.begin(), end - offset, '\0');
    for (auto page = pages_.lower_bound(offset / page_bytes); page != pages_.end(); ++page) {
      const std::uint64_t start = page->first * page_bytes;
      if (start >= end) break;
      const std::uint64_t from = std::max(start, offset);
      const std::uint64_t to = std::min(start + page_bytes, end);
      std::memcpy(out.data() + (from - offset), page->second.data() + (from - start), to - from);
    }
    return end - offset;
  }

  Status sync() override { return {}; }
  Status allocate(std::uint64_t size) override { return truncate(std::max(size, size_)); }

  Status truncate(std::uint64_t size) override {
    if (size < size_) {
      pages_.erase(pages_.lower_bound((size + page_bytes - 1) / page_bytes), pages_.end());
      const auto last = pages_.find(size / page_bytes);
      if (last != pages_.end()) std::fill(last->second.begin() + size % page_bytes, last->second.end(), '\0');
    }
    size_ = size;
    return {};
  }

  Result<std::uint64_t> size() override { return size_; }

  Status copy_to(File& other) const {
    if (auto s = other.truncate(size_); !s) return s;
    for (const auto& [index, bytes] : pages_) {
      const std::uint64_t start = index * page_bytes;
      const std::size_t n = std::min<std::uint64_t>(page_bytes, size_ - start);
      if (auto s = other.write_at(start, {bytes.data(), n}); !s) return s;
    }
    return {};
  }

 private:
  std::map<std::uint64_t, std::array<char, page_bytes>> pages_;
  std::uint64_t size_ = 0;
};

}  // namespace

PowerCutNode::PowerCutNode(FileSystem& below) : below_(below), disk_(std::make_unique<MemoryFile>()) {}

Result<std::shared_ptr<PowerCutNode>> PowerCutNode::of_existing(FileSystem& below, const std::string& path) {
  auto node = std::make_shared<PowerCutNode>(below);
  node->disk_.reset();
  node->path_ = path;
  const auto file = node->disk();
  if (!file) return fail(file);
  const auto size = (*file)->size();
  if (!size) return fail(size);
  node->settle(*size);
  node->drop_handle();
  return node;
}

Result<File*> PowerCutNode::disk() {
  if (!disk_) {
    auto file = below_.open(path_, OpenMode::read_write);
    if (!file && file.error().kind == ErrorKind::store_unavailable) file = below_.open(path_, OpenMode::read);
    if (!file) return fail(std::move(file));
    disk_ = std::move(*file);
  }
  return disk_.get();
}

/// What is read under the changed pages: durable bytes, zeros where they were cut off.
Status PowerCutNode::read_base(std::uint64_t offset, std::span<char> out) {
  std::ranges::fill(out, '\0');
  if (offset >= smallest_size_ || out.empty()) return {};
  const auto file = disk();
  if (!file) return fail(file);
  const auto got = (*file)->read_at(offset, out.first(std::min<std::uint64_t>(out.size(), smallest_size_ - offset)));
  if (!got) return fail(got);
  return {};
}

Result<PowerCutNode::Page*> PowerCutNode::page_at(std::uint64_t index) {
  const auto [page, is_new] = pages_.try_emplace(index);
  if (is_new) {
    if (auto s = read_base(index * page_bytes, page->second.bytes); !s) {
      pages_.erase(page);
      return fail(std::move(s));
    }
  }
  return &page->second;
}

Status PowerCutNode::write(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t at = offset % page_bytes;
    const std::size_t n = std::min(bytes.size(), page_bytes - at);
    const auto page = page_at(offset / page_bytes);
    if (!page) return fail(page);
    std::memcpy((*page)->bytes.data() + at, bytes.data(), n);
    for (std::size_t sector = at / sector_bytes; sector * sector_bytes < at + n; ++sector) {
      (*page)->changed.at(sector) = true;
    }
    bytes.remove_prefix(n);
    offset += n;
    size_ = std::max(size_, offset);
  }
  return {};
}

Result<std::size_t> PowerCutNode::read(std::uint64_t offset, std::span<char> out) {
  const std::uint64_t end = std::min<std::uint64_t>(offset + out.size(), size_);
  if (offset >= end) return 0;
  out = out.first(end - offset);
  if (auto s = read_base(offset, out); !s) return fail(std::move(s));
  for (auto page = pages_.lower_bound(offset / page_bytes); page != pages_.end(); ++page) {
    const std::uint64_t start = page->first * page_bytes;
    if (start >= end) break;
    const std::uint64_t from = std::max(start, offset);
    const std::uint64_t to = std::min(start + page_bytes, end);
    std::memcpy(out.data() + (from - offset), page->second.bytes.data() + (from - start), to - from);
  }
  return out.size();
}

Status PowerCutNode::resize(std::uint64_t size) {
  if (size < size_) {
    pages_.erase(pages_.lower_bound((size + page_bytes - 1) / page_bytes), pages_.end());
    const auto last = pages_.find(size / page_bytes);
    if (last != pages_.end()) {
      auto& bytes = last->second.bytes;
      std::fill(bytes.begin() + size % page_bytes, bytes.end(), '\0');
    }
    smallest_size_ = std::min(smallest_size_, size);
  }
  size_ = size;
  return {};
}

void PowerCutNode::settle(std::uint64_t size) {
  durable_size_ = smallest_size_ = size_ = size;
  pages_.clear();
}

Status PowerCutNode::set_disk_size(std::uint64_t smallest, std::uint64_t size) {
  const auto file = disk();
  if (!file) return fail(file);
  // In two steps, because what lies beyond the smallest size must read as zeros when the file grows again.
  if (smallest < durable_size_) {
    if (auto s = (*file)->truncate(smallest); !s) return s;
  }
  if (size != std::min(smallest, durable_size_)) return (*file)->truncate(size);
  return {};
}

/// The changed sectors of the page that begin before `end`, cut there.
Status PowerCutNode::write_sectors(std::uint64_t index, const Page& page, std::uint64_t end) {
  const auto file = disk();
  if (!file) return fail(file);
  std::size_t sector = 0;
  while (sector < page.changed.size()) {
    std::size_t next = sector;
    while (next < page.changed.size() && page.changed.at(next)) ++next;
    const std::uint64_t from = index * page_bytes + sector * sector_bytes;
    const std::uint64_t to = std::min<std::uint64_t>(index * page_bytes + next * sector_bytes, end);
    if (from < to) {
      const char* first = page.bytes.data() + sector * sector_bytes;
      if (auto s = (*file)->write_at(from, {first, to - from}); !s) return s;
    }
    sector = next + 1;
  }
  return {};
}

Status PowerCutNode::sync() {
  if (pages_.empty() && size_ == durable_size_ && smallest_size_ == durable_size_) return {};
  if (auto s = set_disk_size(smallest_size_, size_); !s) return s;
  for (const auto& [index, page] : pages_) {
    if (auto s = write_sectors(index, page, size_); !s) return s;
  }
  settle(size_);
  return {};
}

Status PowerCutNode::lose(std::mt19937_64& luck) {
  if (pages_.empty() && size_ == durable_size_ && smallest_size_ == durable_size_) return {};
  // A shrink may not have reached the disk; then nothing written beyond it later has either.
  const bool is_shrunk = smallest_size_ < durable_size_;
  const bool shrink_kept = !is_shrunk || luck() % 2 == 0;
  std::uint64_t end = smallest_size_;
  if (shrink_kept) {
    const std::uint64_t growth = size_ - smallest_size_;
    const std::uint64_t choice = luck() % 3;
    if (choice == 1) end += growth;
    if (choice == 2 && growth > 0) end += luck() % growth;
    if (auto s = set_disk_size(smallest_size_, end); !s) return s;
  }
  for (auto& [index, page] : pages_) {
    const std::uint64_t choice = luck() % 3;
    for (bool& changed : page.changed) {
      const bool kept = choice == 0 ? false : choice == 1 ? true : luck() % 2 == 0;
      changed = changed && kept;
    }
    if (auto s = write_sectors(index, page, end); !s) return s;
  }
  settle(shrink_kept ? end : durable_size_);
  return {};
}

Status PowerCutNode::appear(const std::string& path) {
  auto file = below_.open(path, OpenMode::create_or_open);
  if (!file) return fail(std::move(file));
  // Only nodes without a durable name appear, and theirs is always a MemoryFile.
  const auto* kept = dynamic_cast<const MemoryFile*>(disk_.get());
  if (kept != nullptr) {
    if (auto s = kept->copy_to(**file); !s) return s;
  }
  path_ = path;
  disk_ = std::move(*file);
  if (handles_ == 0) drop_handle();
  return {};
}

Status PowerCutNode::disappear() {
  const auto file = disk();  // open Files go on reading it, as after unlink(2)
  path_.clear();
  if (!file) return fail(file);
  return {};
}

void PowerCutNode::closed() {
  --handles_;
  if (handles_ == 0 && !path_.empty()) drop_handle();
}

}  // namespace meterport
