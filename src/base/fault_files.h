// Disks that fail, for tests: FaultFiles (scripted or seeded faults) and PowerCutFiles (a disk that loses what no
// sync covered). Both are thread-safe FileSystems around another one; the server runs on them through
// files_from_environment(). Never part of a production path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace meterport {

enum class FaultKind {
  open_error,    ///< open() fails, store_unavailable
  short_write,   ///< a part of the bytes is written, then the call fails, store_unavailable
  no_space,      ///< a part of the bytes is written, then the call fails, storage_full; allocate() fails too
  sync_error,    ///< File::sync() syncs nothing and fails, store_unavailable (EIO)
  read_error,    ///< read_at() fails, store_unavailable (EIO)
  torn_read,     ///< read_at() returns zeros from some 512-byte boundary on
  flipped_read,  ///< read_at() returns one byte changed
};

/// One scripted fault: the calls number `first` to `first + count - 1` (from 1) of the kind's sort, among files whose
/// path contains `path_contains`, go wrong.
struct Fault {
  FaultKind kind;
  std::string path_contains;
  std::uint64_t first = 1;
  std::uint64_t count = 1;
};

class FaultFiles final : public FileSystem {
 public:
  explicit FaultFiles(FileSystem& below);
  ~FaultFiles() override;

  /// Counting starts with this call. Several plans may hold at once.
  void plan(Fault fault);
  /// From now on each call goes wrong with this chance in 1000, in one of the ways `kinds` names; repeatable by seed
  /// as long as the calls come in the same order.
  void plan_seeded(std::uint64_t seed, unsigned per_thousand, std::vector<FaultKind> kinds);
  /// storage_full once files have grown by this much from now on; free_bytes() reports what is left of it.
  void limit_space(std::uint64_t bytes);
  /// Forgets every plan and limit: the disk works again.
  void heal();
  [[nodiscard]] std::uint64_t faults_injected() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Status make_folders(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  bool exists(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  struct State;
  class FaultFile;
  FileSystem& below_;
  std::shared_ptr<State> state_;
};

/// A disk that a power cut can hit. Everything is kept in memory until a completed sync covers it: bytes, sizes and
/// allocations until File::sync() of the file, names (creates, renames, removes) until sync_folder(). The disk below
/// therefore always holds one state a power cut could leave, and kill -9 loses all that was not synced. Folders
/// (make_folders) are durable at once.
///
/// cut() then leaves below one of the possible states, by seed: of each file a size between what was synced and what
/// was asked for, and each un-synced 4 KiB page dropped, kept or torn (each 512-byte sector its own luck); of each
/// folder a prefix of its un-synced name operations. A rename between folders is kept or lost in both. After it every
/// call fails with store_unavailable, so running threads see a dead machine; reopen the folder with system_files().
///
/// Files seen through it must not be changed by others meanwhile. Un-synced bytes cost memory.
class PowerCutFiles final : public FileSystem {
 public:
  /// `below` does the real work, `root` is the folder it is for; a path outside goes straight to `below`. An empty
  /// root takes all paths.
  explicit PowerCutFiles(FileSystem& below, std::string root = {});
  ~PowerCutFiles() override;

  /// May be called once, from any thread; an error means that `below` failed and the state is not to be trusted.
  Status cut(std::uint64_t seed);
  /// The sync call number `syncs` from now (1 = the next; File::sync and sync_folder count alike) does not sync but
  /// cuts, calls `then` (may be empty; it must not use these files) and fails.
  void cut_at_sync(std::uint64_t seed, std::uint64_t syncs, std::function<void()> then);
  [[nodiscard]] bool is_cut() const;
  /// Sync calls so far.
  [[nodiscard]] std::uint64_t syncs() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Status make_folders(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  bool exists(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  struct State;
  class OpenFile;
  std::shared_ptr<State> state_;
};

/// Test hook of the server process; null when neither variable is set, and an error text on stderr and exit status 2
/// when one can't be read.
///   METERPORT_TEST_POWER_CUT=seed:N[:SYNCS]  PowerCutFiles; the sync call number SYNCS cuts with seed N and ends the
///                                            process with _exit(137). Without SYNCS only kill -9 loses data.
///   METERPORT_TEST_FILE_FAULTS=KIND:PATH_PART:FIRST[:COUNT],...  FaultFiles with these plans; KIND as in FaultKind.
std::unique_ptr<FileSystem> files_from_environment(FileSystem& below);

}  // namespace meterport
