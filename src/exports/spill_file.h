// Private to exports: a temporary file of sorted runs, for the sort of what does not fit into memory. Entries (a key
// and a line, any bytes) are appended to the run that is open; a run is read from its first to its last entry, any
// number of runs at once.
//
// On disk a run is a sequence of blocks: bytes of the payload (u32, little end first), CRC-32C of the payload (u32),
// payload. The payload is whole entries: bytes of key and of line (u32 each), key, line. The file is never read by
// another process and never synced; it is removed on destruction, or with all temporary files at the next start.
//
// Used by one thread. Errors have a text that is safe to show: storage_full, store_unavailable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"

namespace meterport::exports {

/// Where a run lies in its file.
struct SpillRun {
  std::uint64_t begin = 0, end = 0;
};

class SpillFile {
 public:
  /// `path` ends in ".tmp"; what stands there is overwritten.
  static Result<std::unique_ptr<SpillFile>> create(FileSystem& files, std::string path);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  Status append(std::string_view key, std::string_view line);
  /// Ends the open run; the next append begins another.
  Result<SpillRun> end_run();

  /// The file must outlive it.
  class Reader {
   public:
    Reader(SpillFile& spill, SpillRun run) : spill_(&spill), run_(run) {}
    /// false at the run's end. Views of the entry before end here.
    Result<bool> next();
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view line() const { return line_; }

   private:
    Status read_block();
    SpillFile* spill_;
    SpillRun run_;  ///< what is not read yet
    std::string block_;
    std::size_t at_ = 0;  ///< of the next entry in block_
    std::string_view key_, line_;
  };

 private:
  SpillFile(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  Status flush();
  Status read(std::uint64_t offset, std::string& out);

  FileSystem& files_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::string block_;  ///< with room for its head
  std::uint64_t size_ = 0, run_begin_ = 0;
};

}  // namespace meterport::exports
