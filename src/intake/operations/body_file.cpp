#include "intake/operations/body_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/hash.h"
#include "formats/usage_json.h"

namespace meterport::intake {
namespace {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian, and so is every machine we build for");

constexpr std::uint64_t sum_bytes = 4;
constexpr std::uint64_t verify_piece_bytes = 1 << 20;

template <class T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}
template <class T>
T get(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::internal, "the stored request is damaged", std::string(what));
}

}  // namespace

Status BodyFile::write(FileSystem& files, const std::string& path, std::string_view body,
                       std::span<const formats::TextRange> items) {
  std::string table(items.size() * entry_bytes + sum_bytes, '\0');
  char* at = table.data();
  for (const formats::TextRange& item : items) {
    put(at, item.begin);
    put(at + sizeof item.begin, item.size);
    at += entry_bytes;
  }
  put(at, crc32c(0, std::string_view(table).substr(0, table.size() - sum_bytes)));
  auto file = files.open(path, OpenMode::create_new);
  if (!file) return fail(std::move(file));
  if (auto written = (*file)->write_at(0, body); !written) return written;
  if (auto written = (*file)->write_at(body.size(), table); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  return files.sync_folder(parent_folder(path));
}

Result<BodyFile> BodyFile::open(FileSystem& files, const std::string& path, std::uint64_t body_bytes,
                                std::uint64_t items) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return fail(std::move(file));
  const auto size = (*file)->size();
  if (!size) return fail(size);
  if (*size != body_bytes + items * entry_bytes + sum_bytes) {
    return damaged(fmt::format("{} has {} bytes", path, *size));
  }
  return BodyFile(std::move(*file), body_bytes, items);
}

Status BodyFile::read_exactly(std::uint64_t offset, std::span<char> out) {
  const auto got = file_->read_at(offset, out);
  if (!got) return fail(got);
  if (*got != out.size()) return damaged("it ends too early");
  return {};
}

Status BodyFile::for_each_piece(std::uint64_t begin, std::uint64_t end,
                                const std::function<void(std::string_view)>& use) {
  std::string piece;
  for (std::uint64_t at = begin; at < end; at += piece.size()) {
    piece.resize(std::min(verify_piece_bytes, end - at));
    if (auto read = read_exactly(at, piece); !read) return read;
    use(piece);
  }
  return {};
}

Status BodyFile::verify(std::string_view body_sha256_hex) {
  Sha256 digest;
  if (auto read = for_each_piece(0, body_bytes_, [&](std::string_view piece) { digest.update(piece); }); !read) {
    return read;
  }
  if (to_hex(digest.finish()) != body_sha256_hex) return damaged("its body has another SHA-256");
  std::uint32_t sum = 0;
  const std::uint64_t table_end = body_bytes_ + items_ * entry_bytes;
  if (auto read = for_each_piece(body_bytes_, table_end, [&](std::string_view piece) { sum = crc32c(sum, piece); });
      !read) {
    return read;
  }
  char stored[sum_bytes];
  if (auto read = read_exactly(table_end, stored); !read) return read;
  if (sum != get<std::uint32_t>(stored)) return damaged("its table has another CRC");
  return {};
}

Result<ItemChunk> BodyFile::read_items(std::uint64_t first, std::uint64_t count_max, std::uint64_t bytes_max) {
  std::string table(std::min(count_max, items_ - first) * entry_bytes, '\0');
  if (auto read = read_exactly(body_bytes_ + first * entry_bytes, table); !read) return fail(std::move(read));
  const auto range_at = [&](std::uint64_t n) -> formats::TextRange {
    const char* at = table.data() + n * entry_bytes;
    return {get<std::uint64_t>(at), get<std::uint32_t>(at + sizeof(std::uint64_t))};
  };
  const std::uint64_t begin = range_at(0).begin;
  std::uint64_t end = begin, count = 0;
  for (; count * entry_bytes < table.size(); ++count) {
    const formats::TextRange range = range_at(count);
    if (range.begin < end || range.begin > body_bytes_ || range.size > body_bytes_ - range.begin) {
      return damaged("an item stands outside of it");
    }
    const std::uint64_t range_end = range.begin + range.size;
    if (count > 0 && range_end - begin > bytes_max) break;
    end = range_end;
  }
  ItemChunk chunk;
  chunk.bytes.reserve(end - begin + formats::body_spare_bytes);
  chunk.bytes.resize(end - begin);
  if (auto read = read_exactly(begin, chunk.bytes); !read) return fail(std::move(read));
  const std::string_view bytes = chunk.bytes;
  for (std::uint64_t n = 0; n < count; ++n) {
    const formats::TextRange range = range_at(n);
    chunk.items.push_back({first + n, bytes.substr(range.begin - begin, range.size)});
  }
  return chunk;
}

}  // namespace meterport::intake
