#include "exports/spill_file.h"

#include <cstring>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "exports/artifact.h"

namespace meterport::exports {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10;
constexpr std::size_t head_bytes = 2 * sizeof(std::uint32_t);

void append_u32(std::string& out, std::uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::unexpected<Error> unreadable_spill(std::string detail) {
  return fail(ErrorKind::store_unavailable, "The export could not be made: a temporary file could not be read.",
              std::move(detail));
}

}  // namespace

Result<std::unique_ptr<SpillFile>> SpillFile::create(FileSystem& files, std::string path) {
  auto spill = std::unique_ptr<SpillFile>(new SpillFile(files, std::move(path)));
  auto opened = files.open(spill->path_, OpenMode::create_or_open);
  if (!opened) return fail(unwritten(fail(std::move(opened))));
  spill->file_ = std::move(*opened);
  if (auto emptied = spill->file_->truncate(0); !emptied) return fail(unwritten(std::move(emptied)));
  return spill;
}

SpillFile::~SpillFile() {
  file_.reset();
  const Status removed = files_.remove(path_);
  if (!removed && removed.error().kind != ErrorKind::not_found) {
    log::warning("a temporary file of an export stays behind", {{"path", path_}, {"detail", removed.error().detail}});
  }
}

Status SpillFile::append(std::string_view key, std::string_view line) {
  if (block_.empty()) block_.resize(head_bytes);
  append_u32(block_, static_cast<std::uint32_t>(key.size()));
  append_u32(block_, static_cast<std::uint32_t>(line.size()));
  block_ += key;
  block_ += line;
  return block_.size() < block_bytes ? Status() : flush();
}

Status SpillFile::flush() {
  if (block_.empty()) return {};
  const std::string_view payload = std::string_view(block_).substr(head_bytes);
  const auto size = static_cast<std::uint32_t>(payload.size());
  const std::uint32_t crc = crc32c(0, payload);
  std::memcpy(block_.data(), &size, sizeof size);
  std::memcpy(block_.data() + sizeof size, &crc, sizeof crc);
  if (auto written = file_->write_at(size_, block_); !written) return unwritten(std::move(written));
  size_ += block_.size();
  block_.clear();
  return {};
}

Result<SpillRun> SpillFile::end_run() {
  if (auto flushed = flush(); !flushed) return fail(std::move(flushed));
  return SpillRun{std::exchange(run_begin_, size_), size_};
}

Status SpillFile::read(std::uint64_t offset, std::string& out) {
  const auto read = file_->read_at(offset, std::span<char>(out.data(), out.size()));
  if (!read) return unreadable_spill(read.error().detail);
  return *read == out.size() ? Status() : Status(unreadable_spill("it ends too early"));
}

Status SpillFile::Reader::read_block() {
  std::string head(head_bytes, '\0');
  if (auto read = spill_->read(run_.begin, head); !read) return read;
  const std::uint32_t size = u32_at(head, 0);
  if (size == 0 || run_.end - run_.begin < head_bytes || size > run_.end - run_.begin - head_bytes) {
    return unreadable_spill("a block's size does not fit");
  }
  block_.resize(size);
  if (auto read = spill_->read(run_.begin + head_bytes, block_); !read) return read;
  if (crc32c(0, block_) != u32_at(head, sizeof size)) return unreadable_spill("a block's checksum does not fit");
  run_.begin += head_bytes + size;
  at_ = 0;
  return {};
}

Result<bool> SpillFile::Reader::next() {
  if (at_ == block_.size()) {
    if (run_.begin == run_.end) return false;
    if (auto read = read_block(); !read) return fail(std::move(read));
  }
  const std::string_view block = block_;
  const std::uint32_t key_bytes = u32_at(block, at_), line_bytes = u32_at(block, at_ + sizeof key_bytes);
  at_ += 2 * sizeof key_bytes;
  key_ = block.substr(at_, key_bytes);
  line_ = block.substr(at_ + key_bytes, line_bytes);
  at_ += key_bytes + line_bytes;
  return true;
}

}  // namespace meterport::exports
