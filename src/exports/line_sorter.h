// Private to exports: an external merge sort of lines by key. What is added is kept in memory until the budget is full,
// then sorted and spilled as a run into a temporary file; merge() hands all out in order.
//
// Keys are compared as unsigned bytes; lines of equal keys keep the order in which they were added. Memory: about the
// budget while lines are added, a block per run while they are merged. The temporary files are gone when the object is.
//
// Used by one thread. After an error the object is of no more use. Errors have a text that is safe to show; those of
// `look` and `each` come back as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/instant.h"
#include "exports/spill_file.h"

namespace meterport::exports {

// Parts of keys, whose bytes are in the order of the values. A key is a row of such parts, the same for all lines.
/// By bytes; the empty text, which is none, last.
void append_key(std::string& key, std::string_view text);
void append_key(std::string& key, std::uint64_t number);
void append_key(std::string& key, Instant time);
void append_key(std::string& key, Day day);

class LineSorter {
 public:
  struct Options {
    std::string path;  ///< of the temporary files, less their ends
    std::size_t memory_bytes = std::size_t{32} << 20;
    std::size_t runs_merged_max = 64;  ///< at once; at least 2
    std::function<Status()> look{};    ///< asked now and then while runs are written or merged; an error ends that
  };
  using Each = std::function<Status(std::string_view key, std::string_view line)>;

  LineSorter(FileSystem& files, Options options);

  Status add(std::string_view key, std::string_view line);
  /// Once, after the last add().
  Status merge(const Each& each);

  [[nodiscard]] bool is_empty() const { return lines_ == 0; }
  [[nodiscard]] std::uint64_t line_bytes() const { return line_bytes_; }  ///< of all that was added
  /// An error came from the temporary files.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  struct Entry {
    std::uint64_t prefix = 0;  ///< of the key, so that most comparisons need no more
    std::uint64_t at = 0;      ///< of the key in memory_; the line follows
    std::uint32_t key_bytes = 0, line_bytes = 0;
  };
  /// Runs in one file, in the order in which their lines were added.
  struct Level {
    std::unique_ptr<SpillFile> file;
    std::vector<SpillRun> runs;
  };
  [[nodiscard]] std::string_view key_of(const Entry& entry) const;
  [[nodiscard]] std::string_view line_of(const Entry& entry) const;
  void sort_memory();
  Status each_in_memory(const Each& each);
  Status spill();
  Result<Level> new_level();
  /// Merges runs `first` to `end` (exclusive) of the level.
  Status merge_runs(Level& level, std::size_t first, std::size_t end, const Each& each);
  /// Fewer, longer runs.
  Status merge_level();
  Status look();
  Status blame(Status status);

  FileSystem& files_;
  const Options options_;
  std::string memory_;
  std::vector<Entry> entries_;
  Level level_;
  unsigned levels_ = 0;
  std::uint64_t lines_ = 0, line_bytes_ = 0, looks_ = 0;
  bool has_failed_ = false;
};

}  // namespace meterport::exports
