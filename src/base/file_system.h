// Seam for files: the few calls the ledger, operations and artifacts need, with durability spelled out.
//
// A write is in the page cache; only sync() makes it durable. A created, renamed or removed name is durable only
// after sync_folder() of its parent; make_folders() does that itself. After a failed sync the file's state is unknown:
// never sync over it. A FileSystem is thread-safe. Errors carry a public text without path; the path and the cause are
// in the detail. Production: system_files(). Tests: FaultFiles (seeded short writes, EIO, ENOSPC) and PowerCutFiles
// (keeps in memory what no completed sync covers; at a cut it drops, tears or keeps it at random), in
// base/fault_files.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace meterport {

/// An open file. Not thread-safe, except that read_at may run beside anything. Closes on destruction.
class File {
 public:
  virtual ~File() = default;
  /// Writes all bytes at the offset. storage_full on ENOSPC or EDQUOT, else store_unavailable.
  virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Reads up to out.size() bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) = 0;
  /// fdatasync: what was written, and the size, are on disk when this returns without error.
  virtual Status sync() = 0;
  /// Reserves disk space (posix_fallocate), growing the size; new bytes read as zero.
  virtual Status allocate(std::uint64_t size) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode { read, create_new, read_write, create_or_open };

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// not_found: no such file; conflict: create_new and it exists.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Replaces `to` if it exists. not_found: no `from`.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// A file, not a folder. not_found: no such file.
  virtual Status remove(const std::string& path) = 0;
  virtual Status sync_folder(const std::string& path) = 0;
  /// With all parents; durable when it returns. Existing ones are fine.
  virtual Status make_folders(const std::string& path) = 0;
  /// File names (not paths, no folders) in the folder, sorted. not_found: no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// True for files and folders.
  virtual bool exists(const std::string& path) = 0;
  /// Bytes free to us on the volume of the path (which must exist).
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
  /// Size of that volume; not_supported where it is not known.
  virtual Result<std::uint64_t> total_bytes(const std::string& path);
};

/// The operating system's files. New files have mode 0640, folders 0750 (less the umask). Built with
/// METERPORT_BREAK_SYNC, File::sync() does nothing: that build exists to show that the durability tests notice.
FileSystem& system_files();

/// Whole file as a string.
Result<std::string> read_file(FileSystem& files, const std::string& path);
/// Writes beside it, syncs, renames over it, syncs the folder: old or new content after a crash, never a mix.
/// Calls for the same path must not overlap (the file beside it is `path` + ".new").
Status replace_file(FileSystem& files, const std::string& path, std::string_view bytes);

/// The folder part of a path: "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::string parent_folder(std::string_view path);

}  // namespace meterport
