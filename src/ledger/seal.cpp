#include "ledger/seal.h"

#include <fmt/format.h>
#include <zstd.h>

#include "ledger/unit_reader.h"

namespace meterport::ledger {
namespace {

/// Higher levels cost speed and gain next to nothing on records in blocks of 256 KiB.
constexpr int zstd_level = 1;

struct ContextFree {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class SealWriter {
 public:
  SealWriter(File& file, const FileHeader& header) : file_(file), header_(header), point_(header.before) {
    header_.is_sealed = true;
    trailer_.ledger = header.ledger;
    trailer_.first = header.before.next;
  }

  Status write(ActiveSegment& segment) {
    if (auto s = put(encode_file_header(header_)); !s) return s;
    auto reader = UnitReader::open(segment, segment.first());
    if (!reader) return fail(std::move(reader));
    while (true) {
      const StreamState before = reader->state();
      const auto more = reader->next();
      if (!more) return fail(more);
      if (!*more) break;
      if (reader->is_head()) {
        if (auto s = enter_batch(*reader); !s) return s;
      }
      if (auto s = add_unit(*reader, before); !s) return s;
    }
    if (reader->state().records_left != 0 || point_.next != segment.complete_last().value_or(0) + 1) {
      return fail_damaged(segment_name(header_.before.next, SegmentState::active), "its last batch is incomplete");
    }
    return finish();
  }

 private:
  Status enter_batch(const UnitReader& reader) {
    const BatchHead& head = reader.head();
    if (head.previous_chain != point_.chain || head.ledger != header_.ledger) {
      return fail_damaged(segment_name(header_.before.next, SegmentState::active),
                          fmt::format("the chain is broken at position {}", head.first));
    }
    if (trailer_.plain_bytes == 0 && plain_.empty()) trailer_.first_commit = head.commit_time;
    point_ = {head.last() + 1, chain_after(reader.bytes()), head.commit_time};
    return {};
  }

  Status add_unit(const UnitReader& reader, const StreamState& before) {
    const std::string_view unit = reader.bytes();
    if (!plain_.empty() && plain_.size() + unit.size() > block_plain_bytes_max) {
      if (auto s = end_block(); !s) return s;
    }
    if (plain_.empty()) {
      entry_ = {};
      entry_.first = before.next;
      entry_.records_left = before.records_left;
      entry_.commit_time = reader.head().commit_time;
      entry_.arrival_time = reader.head().arrival_time;
    }
    plain_ += unit;
    return {};
  }

  Status end_block() {
    packed_.resize(ZSTD_compressBound(plain_.size()));
    const std::size_t size =
        ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(), plain_.data(), plain_.size(), zstd_level);
    if (ZSTD_isError(size) != 0)
      return fail(ErrorKind::internal, "a block cannot be compressed", ZSTD_getErrorName(size));
    packed_.resize(size);
    entry_.offset = offset_;
    entry_.compressed_bytes = static_cast<std::uint32_t>(size);
    entry_.plain_bytes = static_cast<std::uint32_t>(plain_.size());
    entry_.crc = crc32c(0, packed_);
    append_table_entry(table_, entry_);
    ++trailer_.blocks;
    trailer_.plain_bytes += plain_.size();
    plain_.clear();
    return put(packed_);
  }

  Status finish() {
    if (!plain_.empty()) {
      if (auto s = end_block(); !s) return s;
    }
    trailer_.table_offset = offset_;
    trailer_.table_crc = crc32c(0, table_);
    trailer_.last = point_.next - 1;
    trailer_.last_commit = point_.commit_time;
    trailer_.chain = point_.chain;
    if (auto s = put(table_ + encode_trailer(trailer_)); !s) return s;
    return file_.sync();
  }

  Status put(std::string_view bytes) {
    if (auto s = file_.write_at(offset_, bytes); !s) return s;
    offset_ += bytes.size();
    return {};
  }

  File& file_;
  FileHeader header_;
  ChainPoint point_;
  Trailer trailer_;
  BlockEntry entry_;
  std::unique_ptr<ZSTD_CCtx, ContextFree> context_{ZSTD_createCCtx()};
  std::uint64_t offset_ = 0;
  std::string plain_, packed_, table_;
};

}  // namespace

Result<std::shared_ptr<SealedSegment>> seal_segment(FileSystem& files, const std::string& folder,
                                                    ActiveSegment& segment) {
  const std::string beside = folder + "/" + segment_name(segment.first(), SegmentState::sealing);
  {
    auto file = files.open(beside, OpenMode::create_or_open);
    if (!file) return fail(std::move(file));
    if (auto s = (*file)->truncate(0); !s) return fail(std::move(s));
    if (auto s = SealWriter(**file, segment.header()).write(segment); !s) return fail(std::move(s));
  }
  const std::string sealed = folder + "/" + segment_name(segment.first(), SegmentState::sealed);
  if (auto s = files.rename(beside, sealed); !s) return fail(std::move(s));
  if (auto s = files.sync_folder(folder); !s) return fail(std::move(s));
  return SealedSegment::open(files, folder, segment.first());
}

}  // namespace meterport::ledger
