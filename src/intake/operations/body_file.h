// Private to intake: what an operation was sent, with the place of each item (docs/formats/operation-files.md): the
// body as it came, then 12 bytes an item (begin u64, size u32, little-endian), then the CRC-32C of that table.
//
// Not thread-safe. Reads of any part cost memory for that part alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/file_system.h"
#include "intake/operations/operation.h"

namespace meterport::intake {

class BodyFile {
 public:
  /// Durable, its name included, when it returns.
  static Status write(FileSystem& files, const std::string& path, std::string_view body,
                      std::span<const formats::TextRange> items);
  /// not_found; internal: it is not as long as it should be.
  static Result<BodyFile> open(FileSystem& files, const std::string& path, std::uint64_t body_bytes,
                               std::uint64_t items);

  /// Reads all of it. internal: the body has another digest, or the table another sum.
  Status verify(std::string_view body_sha256_hex);
  /// Items from `first` on, at least one, until one of the bounds is reached. `first` < items.
  Result<ItemChunk> read_items(std::uint64_t first, std::uint64_t count_max, std::uint64_t bytes_max);

 private:
  static constexpr std::uint64_t entry_bytes = 12;

  BodyFile(std::unique_ptr<File> file, std::uint64_t body_bytes, std::uint64_t items)
      : file_(std::move(file)), body_bytes_(body_bytes), items_(items) {}
  Status for_each_piece(std::uint64_t begin, std::uint64_t end, const std::function<void(std::string_view)>& use);
  Status read_exactly(std::uint64_t offset, std::span<char> out);

  std::unique_ptr<File> file_;
  std::uint64_t body_bytes_, items_;
};

}  // namespace meterport::intake
