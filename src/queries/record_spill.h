// Private to queries: whole records of a part store, in a file beside it (without a path: in memory), found by
// position.
//
// Blocks of entries with a checksum each, by ascending position; where a block lies is held in memory, 16 bytes for
// about 64 KiB. The file is never read by another process and never synced. Written by one thread, then read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "queries/record_source.h"

namespace meterport::queries {

class RecordSpill final : public RecordSource {
 public:
  /// `path` must not exist; empty: in memory. The caller removes the file.
  static Result<std::unique_ptr<RecordSpill>> create(FileSystem& files, const std::string& path);

  /// Positions ascend.
  Status add(std::uint64_t position, std::string_view payload, Instant arrival_time);
  /// After the last: what was added can be read.
  Status finish();
  std::unique_ptr<RecordReader> open() override;

 private:
  friend class SpilledRecordReader;
  struct Block {
    std::uint64_t first = 0;   ///< position
    std::uint64_t offset = 0;  ///< in the file, or place in memory_
  };
  Status flush();
  /// The block that would hold the position, if any does.
  Result<std::string> read_block(std::size_t number);

  std::unique_ptr<File> file_;
  std::vector<std::string> memory_;  ///< blocks, where there is no file
  std::vector<Block> blocks_;
  std::string open_;  ///< block being filled
  std::uint64_t size_ = 0;
};

}  // namespace meterport::queries
