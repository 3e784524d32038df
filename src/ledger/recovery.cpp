#include "ledger/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ledger/scan.h"

namespace meterport::ledger {
namespace {

struct Found {
  bool has_active = false;
  bool has_sealed = false;
};

class Recovery {
 public:
  Recovery(FileSystem& files, const std::string& folder, std::uint64_t segment_bytes, Random& random)
      : files_(files), folder_(folder), segment_bytes_(segment_bytes), random_(random) {}

  Result<Recovered> run() {
    if (auto s = files_.make_folders(folder_); !s) return fail(std::move(s));
    if (auto s = list(); !s) return fail(std::move(s));
    for (const auto& [first, found] : found_) {
      if (first != out_.end.next) {
        return fail_damaged(segment_name(out_.end.next, SegmentState::sealed),
                            fmt::format("it is missing, the next one begins at position {}", first));
      }
      const bool is_last = first == found_.rbegin()->first;
      if (auto s = take(first, found, is_last); !s) return fail(std::move(s));
    }
    // Only now: a folder that is refused is left as it was.
    for (const std::string& name : to_remove_) {
      if (auto s = files_.remove(folder_ + "/" + name); !s) return fail(std::move(s));
    }
    if (tail_file_) {
      if (auto s = mend_tail(); !s) return fail(std::move(s));
    } else if (auto s = begin_tail(); !s) {
      return fail(std::move(s));
    }
    return std::move(out_);
  }

 private:
  Status list() {
    const auto names = files_.list(folder_);
    if (!names) return fail(names);
    for (const std::string& name : *names) {
      const auto parsed = parse_segment_name(name);
      if (name == spare_name || (parsed && parsed->state == SegmentState::sealing)) {
        to_remove_.push_back(name);
      } else if (parsed) {
        (parsed->state == SegmentState::active ? found_[parsed->first].has_active : found_[parsed->first].has_sealed) =
            true;
      }
    }
    return {};
  }

  Status take(Position first, const Found& found, bool is_last) {
    if (!found.has_sealed) return take_active(first, is_last);
    auto sealed = SealedSegment::open(files_, folder_, first);
    if (!sealed && found.has_active && sealed.error().kind == ErrorKind::internal) {
      to_remove_.push_back(segment_name(first, SegmentState::sealed));
      return take_active(first, is_last);
    }
    if (!sealed) return fail(std::move(sealed));
    if (found.has_active) to_remove_.push_back(segment_name(first, SegmentState::active));
    if (auto s = check_continues((*sealed)->header(), SegmentState::sealed); !s) return s;
    const Trailer& trailer = (*sealed)->trailer();
    out_.end = {trailer.last + 1, trailer.chain, trailer.last_commit};
    out_.segments->add(std::move(*sealed));
    return {};
  }

  /// Takes the ledger id from the first segment.
  Status check_continues(const FileHeader& header, SegmentState state) {
    if (out_.end.next == 1) out_.ledger = header.ledger;
    if (header.ledger == out_.ledger && header.before.next == out_.end.next && header.before.chain == out_.end.chain) {
      return {};
    }
    return fail_damaged(segment_name(out_.end.next, state), "it does not continue the chain of the segment before it");
  }

  Status take_active(Position first, bool is_last) {
    const std::string name = segment_name(first, SegmentState::active);
    auto file = files_.open(folder_ + "/" + name, OpenMode::read_write);
    if (!file) return fail(std::move(file));
    std::string bytes(file_header_bytes, '\0');
    const auto got = (*file)->read_at(0, bytes);
    if (!got) return fail(got);
    FileHeader header;
    const Parse parsed = parse_file_header(std::string_view(bytes).substr(0, *got), header);
    if (parsed == Parse::new_version) return fail_new_version("ledger segment " + name);
    const bool has_header = parsed == Parse::ok && !header.is_sealed;
    if (has_header) {
      if (auto s = check_continues(header, SegmentState::active); !s) return s;
    } else {
      if (first == 1) random_.fill(out_.ledger);
      header = {false, out_.ledger, out_.end};
    }
    auto scan = scan_active(**file, header, has_header);
    if (!scan) return fail(std::move(scan));
    if (scan->is_damaged_middle) {
      return fail_damaged(name, fmt::format("position {} cannot be read, but later ones can", scan->end.next));
    }
    if (!is_last && (!has_header || scan->dirty_end > scan->end_offset || scan->marks.empty())) {
      return fail_damaged(name,
                          fmt::format("position {} cannot be read, but there is a later segment", scan->end.next));
    }
    auto segment = std::make_shared<ActiveSegment>(folder_ + "/" + name, std::move(*file), header);
    segment->publish(scan->marks, scan->end.next - 1, scan->end_offset);
    out_.end = scan->end;
    out_.segments->add(segment);
    if (is_last) {
      tail_file_ = &segment->file();
      tail_scan_ = std::move(*scan);
      tail_has_header_ = has_header;
      out_.tail = std::move(segment);
    } else {
      segment->complete();
      out_.to_seal.push_back(std::move(segment));
    }
    return {};
  }

  Status begin_tail() {
    if (out_.end.next == 1) random_.fill(out_.ledger);
    auto tail = create_active(files_, folder_, {false, out_.ledger, out_.end}, segment_bytes_, nullptr);
    if (!tail) return fail(std::move(tail));
    out_.tail = std::move(*tail);
    out_.tail_capacity = segment_bytes_;
    out_.segments->add(out_.tail);
    return {};
  }

  Status mend_tail() {
    const auto size = tail_file_->size();
    if (!size) return fail(size);
    out_.tail_capacity = *size;
    if (*size < segment_bytes_) {
      // A full disk is no reason not to open: what is there can be read and exported.
      if (auto s = tail_file_->allocate(segment_bytes_); s) {
        out_.tail_capacity = segment_bytes_;
      } else if (s.error().kind != ErrorKind::storage_full || *size < file_header_bytes) {
        return s;
      }
    }
    if (!tail_has_header_) {
      if (auto s = tail_file_->write_at(0, encode_file_header(out_.tail->header())); !s) return s;
    }
    out_.cut_bytes = tail_scan_.dirty_end - tail_scan_.end_offset;
    if (auto s = write_zeros(tail_scan_.end_offset, tail_scan_.dirty_end); !s) return s;
    if (auto s = rewrite(tail_scan_.last_group_offset, tail_scan_.end_offset); !s) return s;
    if (auto s = tail_file_->sync(); !s) return s;
    return files_.sync_folder(folder_);
  }

  Status write_zeros(std::uint64_t from, std::uint64_t to) {
    const std::string zeros(static_cast<std::size_t>(std::min<std::uint64_t>(to - from, piece_bytes)), '\0');
    for (; from < to; from += std::min<std::uint64_t>(to - from, piece_bytes)) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(to - from, piece_bytes));
      if (auto s = tail_file_->write_at(from, std::string_view(zeros).substr(0, size)); !s) return s;
    }
    return {};
  }

  /// Makes pages dirty again that a failed sync may have marked clean.
  Status rewrite(std::uint64_t from, std::uint64_t to) {
    std::string piece;
    for (; from < to; from += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(to - from, piece_bytes)));
      const auto got = tail_file_->read_at(from, piece);
      if (!got) return fail(got);
      if (*got != piece.size()) return fail(ErrorKind::store_unavailable, "the ledger's newest segment cannot be read");
      if (auto s = tail_file_->write_at(from, piece); !s) return s;
    }
    return {};
  }

  static constexpr std::uint64_t piece_bytes = 1 << 20;

  FileSystem& files_;
  const std::string& folder_;
  const std::uint64_t segment_bytes_;
  Random& random_;
  std::map<Position, Found> found_;
  std::vector<std::string> to_remove_;
  Recovered out_;
  File* tail_file_ = nullptr;  ///< null: a new active segment is needed
  ActiveScan tail_scan_;
  bool tail_has_header_ = false;
};

}  // namespace

Result<Recovered> recover(FileSystem& files, const std::string& folder, std::uint64_t segment_bytes, Random& random) {
  return Recovery(files, folder, segment_bytes, random).run();
}

Result<std::shared_ptr<ActiveSegment>> create_active(FileSystem& files, const std::string& folder,
                                                     const FileHeader& header, std::uint64_t bytes,
                                                     std::unique_ptr<File> file) {
  const std::string path = folder + "/" + segment_name(header.before.next, SegmentState::active);
  if (file) {
    if (auto s = files.rename(folder + "/" + std::string(spare_name), path); !s) return fail(std::move(s));
  } else {
    auto opened = files.open(path, OpenMode::create_or_open);
    if (!opened) return fail(std::move(opened));
    file = std::move(*opened);
  }
  if (auto s = file->allocate(bytes); !s) {
    // The segment is not part of the ledger yet; if its removal fails too, open finds an empty one.
    (void)files.remove(path);
    return fail(std::move(s));
  }
  if (auto s = file->write_at(0, encode_file_header(header)); !s) return fail(std::move(s));
  if (auto s = file->sync(); !s) return fail(std::move(s));
  if (auto s = files.sync_folder(folder); !s) return fail(std::move(s));
  return std::make_shared<ActiveSegment>(path, std::move(file), header);
}

}  // namespace meterport::ledger
