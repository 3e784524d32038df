#include "queries/record_spill.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "base/hash.h"
#include "queries/part_format.h"

namespace meterport::queries {

using part_format::get;
using part_format::put;

namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10;
constexpr std::size_t head_bytes = 2 * sizeof(std::uint32_t);  // bytes after it, their CRC-32C
constexpr std::size_t entry_head_bytes = 20;                   // position, arrival time, bytes of the payload
constexpr std::size_t no_block = std::numeric_limits<std::size_t>::max();

std::unexpected<Error> unreadable(std::string detail) {
  return fail(ErrorKind::store_unavailable, "a temporary file could not be read", std::move(detail));
}

}  // namespace

class SpilledRecordReader final : public RecordReader {
 public:
  explicit SpilledRecordReader(RecordSpill& spill) : spill_(spill) {}

  Result<ledger::StoredRecord> at(ledger::Position position) override {
    const auto after = std::ranges::upper_bound(spill_.blocks_, position, {}, &RecordSpill::Block::first);
    if (after == spill_.blocks_.begin()) return not_there(position);
    const auto number = static_cast<std::size_t>(after - spill_.blocks_.begin()) - 1;
    if (number != number_) {
      auto block = spill_.read_block(number);
      if (!block) return fail(std::move(block));
      block_ = std::move(*block);
      number_ = number;
      at_ = 0;
    }
    // An earlier position than the last: from the block's beginning once more.
    if (at_ == block_.size() || get<std::uint64_t>(block_.data() + at_) > position) at_ = 0;
    for (; at_ < block_.size(); at_ += entry_head_bytes + get<std::uint32_t>(block_.data() + at_ + 16)) {
      if (get<std::uint64_t>(block_.data() + at_) == position) return entry();
    }
    return not_there(position);
  }

 private:
  static std::unexpected<Error> not_there(ledger::Position position) {
    return fail(ErrorKind::not_found, fmt::format("there is no record {}", position));
  }

  [[nodiscard]] ledger::StoredRecord entry() const {
    const char* const at = block_.data() + at_;
    return {.position = get<std::uint64_t>(at),
            .kind = ledger::RecordKind::usage,
            .commit_time = {},
            .arrival_time = Instant{get<std::int64_t>(at + 8)},
            .payload = std::string_view(at + entry_head_bytes, get<std::uint32_t>(at + 16)),
            .stub = {}};
  }

  RecordSpill& spill_;
  std::string block_;
  std::size_t number_ = no_block;
  std::size_t at_ = 0;
};

Result<std::unique_ptr<RecordSpill>> RecordSpill::create(FileSystem& files, const std::string& path) {
  auto spill = std::make_unique<RecordSpill>();
  if (path.empty()) return spill;
  auto file = files.open(path, OpenMode::create_new);
  if (!file) return fail(std::move(file));
  spill->file_ = std::move(*file);
  return spill;
}

Status RecordSpill::add(std::uint64_t position, std::string_view payload, Instant arrival_time) {
  if (open_.empty()) {
    blocks_.push_back({.first = position, .offset = file_ == nullptr ? memory_.size() : size_});
    open_.resize(head_bytes);
  }
  put(open_, position);
  put(open_, arrival_time.us);
  put(open_, static_cast<std::uint32_t>(payload.size()));
  open_ += payload;
  return open_.size() < block_bytes ? Status() : flush();
}

Status RecordSpill::flush() {
  if (open_.empty()) return {};
  const std::string_view entries = std::string_view(open_).substr(head_bytes);
  part_format::set(open_.data(), static_cast<std::uint32_t>(entries.size()));
  part_format::set(open_.data() + sizeof(std::uint32_t), crc32c(0, entries));
  if (file_ == nullptr) {
    memory_.push_back(std::exchange(open_, {}));
    return {};
  }
  if (auto written = file_->write_at(size_, open_); !written) return written;
  size_ += open_.size();
  open_.clear();
  return {};
}

Status RecordSpill::finish() {
  return flush();
}

std::unique_ptr<RecordReader> RecordSpill::open() {
  return std::make_unique<SpilledRecordReader>(*this);
}

Result<std::string> RecordSpill::read_block(std::size_t number) {
  const Block& block = blocks_[number];
  if (file_ == nullptr) return memory_[block.offset].substr(head_bytes);
  const std::uint64_t end = number + 1 < blocks_.size() ? blocks_[number + 1].offset : size_;
  std::string bytes(end - block.offset, '\0');
  const auto got = file_->read_at(block.offset, std::span<char>(bytes.data(), bytes.size()));
  if (!got) return unreadable(got.error().detail);
  if (*got != bytes.size() || bytes.size() < head_bytes) return unreadable("it ends too early");
  const std::string_view entries = std::string_view(bytes).substr(head_bytes);
  const bool fits = get<std::uint32_t>(bytes.data()) == entries.size() &&
                    get<std::uint32_t>(bytes.data() + sizeof(std::uint32_t)) == crc32c(0, entries);
  if (!fits) return unreadable("a block's checksum does not fit");
  return bytes.substr(head_bytes);
}

}  // namespace meterport::queries
