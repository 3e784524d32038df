#include "intake/operations/result_file.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/hash.h"

namespace meterport::intake {
namespace {

constexpr std::uint32_t magic = 0x3152504D;  // "MPR1"
constexpr std::size_t head_bytes = 24;
constexpr std::size_t entry_bytes = 16;
constexpr std::size_t pointer_bytes_max = std::numeric_limits<std::uint16_t>::max();

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}
template <class T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::internal, "the stored results are damaged", "a chunk of results has another CRC or size");
}

}  // namespace

std::uint64_t ResultReader::Head::rest_bytes() const {
  return std::uint64_t{count} * entry_bytes + text_bytes;
}

Result<ResultReader> ResultReader::open(FileSystem& files, const std::string& path, std::uint64_t bytes) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return fail(std::move(file));
  return ResultReader(std::move(*file), bytes);
}

Result<bool> ResultReader::read_head(Head& head) {
  if (next_chunk_ == bytes_) return false;
  if (bytes_ - next_chunk_ < head_bytes) return damaged();
  char bytes[head_bytes];
  const auto got = file_->read_at(next_chunk_, bytes);
  if (!got) return fail(got);
  const std::string_view text(bytes, *got);
  if (*got != head_bytes || get<std::uint32_t>(text, 0) != magic) return damaged();
  head = {get<std::uint64_t>(text, 4), get<std::uint32_t>(text, 12), get<std::uint32_t>(text, 16),
          get<std::uint32_t>(text, 20)};
  if (head.first != first_ + count_ || head.count == 0) return damaged();
  if (bytes_ - next_chunk_ - head_bytes < head.rest_bytes()) return damaged();
  return true;
}

Result<bool> ResultReader::enter_chunk() {
  Head head;
  const auto is_there = read_head(head);
  if (!is_there || !*is_there) return is_there;
  std::string rest(head.rest_bytes(), '\0');
  const auto got = file_->read_at(next_chunk_ + head_bytes, rest);
  if (!got) return fail(got);
  if (*got != rest.size() || crc32c(0, rest) != head.crc) return damaged();
  next_chunk_ += head_bytes + rest.size();
  chunk_ = std::move(rest);
  first_ = head.first;
  count_ = head.count;
  at_ = 0;
  text_at_ = std::size_t{count_} * entry_bytes;
  return true;
}

Result<bool> ResultReader::next(ItemOutcome& outcome) {
  if (at_ == count_) {
    const auto entered = enter_chunk();
    if (!entered || !*entered) return entered;
  }
  const std::string_view chunk = chunk_;
  const std::string_view entry = chunk.substr(std::size_t{at_} * entry_bytes, entry_bytes);
  const auto text_bytes = get<std::uint32_t>(entry, 8);
  const auto pointer_bytes = get<std::uint16_t>(entry, 12);
  if (chunk.size() - text_at_ < std::size_t{text_bytes} + pointer_bytes) return damaged();
  outcome.index = first_ + at_;
  outcome.position = get<std::uint64_t>(entry, 0);
  outcome.state = static_cast<ItemState>(get<std::uint8_t>(entry, 14));
  outcome.code = static_cast<RecordErrorCode>(get<std::uint8_t>(entry, 15));
  outcome.pointer = chunk.substr(text_at_, pointer_bytes);
  outcome.text = chunk.substr(text_at_ + pointer_bytes, text_bytes);
  text_at_ += std::size_t{text_bytes} + pointer_bytes;
  ++at_;
  return true;
}

void ResultReader::rewind() {
  next_chunk_ = first_ = 0;
  count_ = at_ = 0;
}

Status ResultReader::skip_to(std::uint64_t index) {
  while (first_ + count_ <= index) {
    Head head;
    const auto is_there = read_head(head);
    if (!is_there) return fail(is_there);
    if (!*is_there) {
      at_ = count_;
      return {};
    }
    if (head.first + head.count <= index) {
      next_chunk_ += head_bytes + head.rest_bytes();
      first_ = head.first;
      at_ = count_ = head.count;
      continue;
    }
    if (const auto entered = enter_chunk(); !entered) return fail(entered);
  }
  for (ItemOutcome outcome; first_ + at_ < index;) {
    if (const auto read = next(outcome); !read) return fail(read);
  }
  return {};
}

Result<ResultFile> ResultFile::open(FileSystem& files, const std::string& path) {
  const bool is_new = !files.exists(path);
  auto opened = files.open(path, OpenMode::create_or_open);
  if (!opened) return fail(std::move(opened));
  ResultFile file(std::move(*opened));
  if (is_new) {
    if (auto synced = files.sync_folder(parent_folder(path)); !synced) return fail(std::move(synced));
    return file;
  }
  const auto size = file.file_->size();
  if (!size) return fail(size);
  auto reader = ResultReader::open(files, path, *size);
  if (!reader) return fail(std::move(reader));
  ItemCounts in_chunk;
  ItemOutcome outcome;
  for (;;) {
    const std::uint64_t end_before = reader->end_of_chunk();
    const auto read = reader->next(outcome);
    // What can't be read now may be whole.
    if (!read && read.error().kind != ErrorKind::internal) return fail(read);
    // An item of the next chunk, or the end, or damage: the chunk before was whole.
    if (!read || !*read || reader->end_of_chunk() != end_before) {
      file.bytes_ = end_before;
      file.counts_ = in_chunk;
    }
    if (!read && read.error().kind != ErrorKind::internal) return fail(read);
    if (!read || !*read) break;
    in_chunk.add(outcome.state);
  }
  if (auto cut = file.file_->truncate(file.bytes_); !cut) return fail(std::move(cut));
  return file;
}

Status ResultFile::append(std::span<const ItemResult> results) {
  std::string entries, texts;
  entries.reserve(results.size() * entry_bytes);
  ItemCounts added = counts_;
  for (const ItemResult& result : results) {
    std::string_view pointer, text;
    auto code = RecordErrorCode{};
    if (result.error) {
      pointer = std::string_view(result.error->pointer).substr(0, pointer_bytes_max);
      text = result.error->text;
      code = result.error->code;
    }
    put(entries, std::uint64_t{result.position});
    put(entries, static_cast<std::uint32_t>(text.size()));
    put(entries, static_cast<std::uint16_t>(pointer.size()));
    put(entries, static_cast<std::uint8_t>(result.state));
    put(entries, static_cast<std::uint8_t>(code));
    texts.append(pointer).append(text);
    added.add(result.state);
  }
  std::string chunk;
  chunk.reserve(head_bytes + entries.size() + texts.size());
  put(chunk, magic);
  put(chunk, std::uint64_t{counts_.all()});
  put(chunk, static_cast<std::uint32_t>(results.size()));
  put(chunk, static_cast<std::uint32_t>(texts.size()));
  entries += texts;
  put(chunk, crc32c(0, entries));
  chunk += entries;
  if (auto written = file_->write_at(bytes_, chunk); !written) return written;
  bytes_ += chunk.size();
  counts_ = added;
  return {};
}

}  // namespace meterport::intake
