#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>

#include "ledger/segment.h"

namespace meterport::ledger {
namespace {

struct ContextFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// One a thread: blocks are independent, and making one costs more than a small block.
ZSTD_DCtx* thread_context() {
  thread_local const std::unique_ptr<ZSTD_DCtx, ContextFree> context(ZSTD_createDCtx());
  return context.get();
}

class SealedSource final : public UnitSource {
 public:
  SealedSource(std::shared_ptr<SealedSegment> segment, std::unique_ptr<File> file,
               std::shared_ptr<const std::vector<BlockEntry>> table)
      : segment_(std::move(segment)), file_(std::move(file)), table_(std::move(table)) {}

  Result<StreamState> seek(Position from) override { return go_to(block_of(from)); }

  std::optional<StreamState> seek_ahead(Position from) override {
    const std::size_t block = block_of(from);
    if (block < next_block_) return std::nullopt;
    return go_to(block);
  }

  Result<std::string_view> refill(std::size_t consumed) override {
    start_ += consumed;
    have_ -= consumed;
    // A block holds whole units: something left over is damage, which the caller sees by getting no more.
    if (have_ > 0 || next_block_ == table_->size()) return std::string_view(plain_).substr(start_, have_);
    if (auto s = load((*table_)[next_block_]); !s) return fail(std::move(s));
    ++next_block_;
    start_ = 0;
    return std::string_view(plain_).substr(0, have_);
  }

 private:
  [[nodiscard]] std::size_t block_of(Position position) const {
    const auto after = std::ranges::upper_bound(*table_, position, {}, &BlockEntry::first);
    // Blocks of one position (a batch head that just fitted, its frames in the next block): the first of them.
    const Position first = after == table_->begin() ? table_->front().first : std::prev(after)->first;
    return static_cast<std::size_t>(std::ranges::lower_bound(*table_, first, {}, &BlockEntry::first) - table_->begin());
  }

  StreamState go_to(std::size_t block) {
    next_block_ = block;
    start_ = have_ = 0;
    const BlockEntry& entry = (*table_)[block];
    return {entry.first, entry.records_left, entry.commit_time, entry.arrival_time};
  }

  Status load(const BlockEntry& entry) {
    const std::string where = fmt::format("the block at position {}", entry.first);
    if (entry.plain_bytes > batch_bytes_max || entry.compressed_bytes > batch_bytes_max) {
      return segment_->damaged(where);
    }
    packed_.resize(entry.compressed_bytes);
    const auto got = file_->read_at(entry.offset, packed_);
    if (!got) return fail(got);
    if (*got != packed_.size() || crc32c(0, packed_) != entry.crc) return segment_->damaged(where);
    if (plain_.size() < entry.plain_bytes)
      plain_.resize(std::max<std::size_t>(entry.plain_bytes, block_plain_bytes_max));
    have_ = ZSTD_decompressDCtx(thread_context(), plain_.data(), plain_.size(), packed_.data(), packed_.size());
    if (ZSTD_isError(have_) != 0 || have_ != entry.plain_bytes) {
      have_ = 0;
      return segment_->damaged(where);
    }
    return {};
  }

  std::shared_ptr<SealedSegment> segment_;
  std::unique_ptr<File> file_;
  std::shared_ptr<const std::vector<BlockEntry>> table_;
  std::size_t next_block_ = 0;
  std::string packed_;
  std::string plain_;
  std::size_t start_ = 0;  ///< in plain_, of the view
  std::size_t have_ = 0;   ///< bytes of the view
};

}  // namespace

Result<std::shared_ptr<SealedSegment>> SealedSegment::open(FileSystem& files, const std::string& folder,
                                                           Position first) {
  const std::string name = segment_name(first, SegmentState::sealed);
  // No make_shared: the constructor is private.
  std::shared_ptr<SealedSegment> segment(new SealedSegment(files, folder + "/" + name));
  const auto file = segment->open_file();
  if (!file) return fail(file.error().kind, file.error().text, file.error().detail);
  const auto size = (*file)->size();
  if (!size) return fail(size);
  if (*size < file_header_bytes + trailer_bytes) return segment->damaged("its end is missing");

  std::string bytes(trailer_bytes, '\0');
  if (const auto got = (*file)->read_at(*size - trailer_bytes, bytes); !got) return fail(got);
  const Parse trailer = parse_trailer(bytes, segment->trailer_);
  if (const auto got = (*file)->read_at(0, bytes); !got) return fail(got);
  const Parse header = parse_file_header(bytes, segment->header_);
  if (header == Parse::new_version || trailer == Parse::new_version) return fail_new_version("ledger segment " + name);
  const Trailer& t = segment->trailer_;
  if (header != Parse::ok || trailer != Parse::ok)
    return segment->damaged("header or trailer do not match their checksum");
  const std::uint64_t table_end = t.table_offset + std::uint64_t{t.blocks} * table_entry_bytes;
  if (!segment->header_.is_sealed || t.first != first || segment->header_.before.next != first || t.last < t.first ||
      t.ledger != segment->header_.ledger || t.blocks == 0 || table_end != *size - trailer_bytes) {
    return segment->damaged("header, trailer and name contradict each other");
  }
  return segment;
}

std::unexpected<Error> SealedSegment::damaged(std::string_view where) const {
  const std::size_t slash = path_.rfind('/');
  return fail_damaged(path_.substr(slash == std::string::npos ? 0 : slash + 1), where);
}

Result<std::shared_ptr<const std::vector<BlockEntry>>> SealedSegment::table() {
  const std::scoped_lock lock(mutex_);
  if (table_) return table_;
  const auto file = open_file();
  if (!file) return fail(file.error().kind, file.error().text, file.error().detail);
  std::string bytes(trailer_.blocks * table_entry_bytes, '\0');
  const auto got = (*file)->read_at(trailer_.table_offset, bytes);
  if (!got) return fail(got);
  if (*got != bytes.size() || crc32c(0, bytes) != trailer_.table_crc) return damaged("the position table");
  auto table = std::make_shared<std::vector<BlockEntry>>();
  table->reserve(trailer_.blocks);
  for (std::size_t i = 0; i < trailer_.blocks; ++i) {
    table->push_back(read_table_entry(bytes.data() + i * table_entry_bytes));
  }
  table_ = std::move(table);
  return table_;
}

Result<std::unique_ptr<UnitSource>> SealedSegment::open_source() {
  auto entries = table();
  if (!entries) return fail(std::move(entries));
  auto file = open_file();
  if (!file) return fail(std::move(file));
  return std::make_unique<SealedSource>(shared_from_this(), std::move(*file), std::move(*entries));
}

}  // namespace meterport::ledger
