#include "ledger/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

constexpr std::size_t window_bytes = 1 << 20;

/// A view of a file that moves along.
class Window {
 public:
  Window(File& file, std::uint64_t size) : file_(file), size_(size) {}

  /// At least `want` bytes from the offset, fewer only at the end of the file.
  Result<std::string_view> at(std::uint64_t offset, std::size_t want) {
    const std::uint64_t rest = size_ - std::min(offset, size_);
    want = static_cast<std::size_t>(std::min<std::uint64_t>(want, rest));
    if (offset < start_ || offset + want > start_ + buffer_.size()) {
      buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(std::max(want, window_bytes), rest)));
      const auto got = file_.read_at(offset, buffer_);
      if (!got) return fail(got);
      buffer_.resize(*got);
      start_ = offset;
    }
    return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - start_));
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  File& file_;
  std::uint64_t size_;
  std::uint64_t start_ = 0;
  std::string buffer_;
};

/// Checks the frames of a batch; false: they are not all there and intact.
Result<bool> frames_are_valid(Window& window, std::uint64_t offset, const BatchHead& head) {
  const std::uint64_t end = offset + head.payload_bytes;
  if (end > window.size()) return false;
  for (std::uint32_t i = 0; i < head.records; ++i) {
    const auto lead = window.at(offset, frame_head_bytes);
    if (!lead) return fail(lead);
    Frame frame;
    Parse p = parse_frame(*lead, frame);
    if (p == Parse::incomplete && lead->size() >= frame_head_bytes) {
      const auto all = window.at(offset, frame_head_bytes + get_fixed<std::uint32_t>(lead->data()));
      if (!all) return fail(all);
      p = parse_frame(*all, frame);
    }
    // A frame of a newer format is intact: whoever reads it will refuse it.
    if (p != Parse::ok && p != Parse::new_version) return false;
    offset += frame.bytes.size();
    if (offset > end) return false;
  }
  return offset == end;
}

/// True when the batch is the next one of the chain. `group`: first position of the sync group before it.
bool continues(const BatchHead& head, const FileHeader& file, const ChainPoint& end, Position group) {
  return head.first == end.next && head.ledger == file.ledger && head.previous_chain == end.chain &&
         head.commit_time >= end.commit_time && (head.group_first == head.first || head.group_first == group);
}

Status read_batches(Window& window, const FileHeader& file, ActiveScan& scan) {
  Position last_group = 0;
  while (true) {
    const auto bytes = window.at(scan.end_offset, head_bytes);
    if (!bytes) return fail(bytes);
    BatchHead head;
    const Parse p = parse_head(*bytes, head);
    if (p == Parse::new_version) return fail_new_version(fmt::format("ledger batch at position {}", scan.end.next));
    if (p != Parse::ok || !continues(head, file, scan.end, last_group)) return {};
    const Digest chain = chain_after(bytes->substr(0, head_bytes));
    const auto valid = frames_are_valid(window, scan.end_offset + head_bytes, head);
    if (!valid) return fail(valid);
    if (!*valid) return {};
    scan.marks.push_back({head.first, scan.end_offset, head.commit_time});
    if (head.group_first != last_group) scan.last_group_offset = scan.end_offset;
    last_group = head.group_first;
    scan.end = {head.last() + 1, chain, head.commit_time};
    scan.end_offset += head_bytes + head.payload_bytes;
  }
}

/// True when a batch head of a sync group that begins above `position` lies behind the offset. `ledger`: null = any.
Result<bool> has_later_group(Window& window, std::uint64_t offset, const LedgerId* ledger, Position position) {
  while (offset < window.size()) {
    const auto bytes = window.at(offset, head_bytes);
    if (!bytes) return fail(bytes);
    if (bytes->size() < head_bytes) return false;
    const std::size_t found = bytes->find(head_magic);
    if (found != std::string_view::npos && found + head_bytes <= bytes->size()) {
      BatchHead head;
      const bool is_head = parse_head(bytes->substr(found), head) == Parse::ok;
      if (is_head && (ledger == nullptr || head.ledger == *ledger) && head.group_first > position) return true;
      offset += found + 1;
    } else {
      offset += bytes->size() - head_bytes + 1;
    }
  }
  return false;
}

Result<std::uint64_t> end_of_nonzero(Window& window, std::uint64_t offset) {
  std::uint64_t end = offset;
  while (offset < window.size()) {
    const auto bytes = window.at(offset, window_bytes);
    if (!bytes) return fail(bytes);
    const std::size_t last = bytes->find_last_not_of('\0');
    if (last != std::string_view::npos) end = offset + last + 1;
    if (bytes->empty()) break;
    offset += bytes->size();
  }
  return end;
}

}  // namespace

Result<ActiveScan> scan_active(File& file, const FileHeader& header, bool has_header) {
  const auto size = file.size();
  if (!size) return fail(size);
  Window window(file, *size);
  ActiveScan scan;
  scan.end = header.before;
  scan.end_offset = scan.last_group_offset = file_header_bytes;
  if (has_header) {
    if (auto s = read_batches(window, header, scan); !s) return fail(std::move(s));
  }
  const auto dirty_end = end_of_nonzero(window, has_header ? scan.end_offset : 0);
  if (!dirty_end) return fail(dirty_end);
  scan.dirty_end = std::max(*dirty_end, scan.end_offset);
  if (*dirty_end > scan.end_offset) {
    const auto later = has_header ? has_later_group(window, scan.end_offset, &header.ledger, scan.end.next)
                                  : has_later_group(window, scan.end_offset, nullptr, 0);
    if (!later) return fail(later);
    scan.is_damaged_middle = *later;
  }
  return scan;
}

}  // namespace meterport::ledger
