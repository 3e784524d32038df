// Private to intake: what became of an operation's items, in their order (docs/formats/operation-files.md): an
// append-only file of chunks, each with its own sum. What a crash tears off is found and cut; it can be made again from
// the body.
//
// A chunk: magic u32, first item u64, count u32, bytes of texts u32, CRC-32C of all that follows it u32; then 16 bytes
// an item (position u64, text bytes u32, pointer bytes u16, state u8, code u8); then the pointers and texts.
// Little-endian. Not thread-safe; a reader may follow the file while a writer appends to it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/file_system.h"
#include "intake/operations/operation.h"

namespace meterport::intake {

/// One settled item. Texts are valid until the reader moves on.
struct ItemOutcome {
  std::uint64_t index = 0;
  ItemState state = ItemState::rejected;
  ledger::Position position = 0;
  RecordErrorCode code = RecordErrorCode::internal;  ///< rejected and conflict only, as the texts
  std::string_view pointer, text;
};

class ResultFile {
 public:
  /// Goes on behind the whole chunks that are there; cuts the rest off. After a read error nothing is cut.
  static Result<ResultFile> open(FileSystem& files, const std::string& path);

  /// The items that follow those settled so far.
  Status append(std::span<const ItemResult> results);
  Status sync() { return file_->sync(); }

  [[nodiscard]] const ItemCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  explicit ResultFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  std::unique_ptr<File> file_;
  ItemCounts counts_;
  std::uint64_t bytes_ = 0;
};

class ResultReader {
 public:
  /// Reads the first `bytes` of the file. not_found.
  static Result<ResultReader> open(FileSystem& files, const std::string& path, std::uint64_t bytes);
  explicit ResultReader(std::unique_ptr<File> file, std::uint64_t bytes) : file_(std::move(file)), bytes_(bytes) {}

  /// The next item; false: there is none. internal: a chunk is damaged.
  Result<bool> next(ItemOutcome& outcome);
  void rewind();
  /// Forward to the item of that index (or the end, if it is not settled), without reading those before it.
  Status skip_to(std::uint64_t index);
  /// Where the last whole chunk ends.
  [[nodiscard]] std::uint64_t end_of_chunk() const { return next_chunk_; }

 private:
  struct Head {
    std::uint64_t first = 0;
    std::uint32_t count = 0, text_bytes = 0, crc = 0;
    [[nodiscard]] std::uint64_t rest_bytes() const;
  };
  /// False: the file ends here.
  Result<bool> read_head(Head& head);
  Result<bool> enter_chunk();

  std::unique_ptr<File> file_;
  std::uint64_t bytes_;
  std::uint64_t next_chunk_ = 0;
  std::string chunk_;  ///< entries and texts of the chunk being read
  std::uint64_t first_ = 0;
  std::uint32_t count_ = 0, at_ = 0;
  std::size_t text_at_ = 0;
};

}  // namespace meterport::intake
