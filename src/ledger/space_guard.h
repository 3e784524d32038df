// Private to ledger: keeps a reserve of free disk space, the smaller of a fixed size and a share of the volume.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>

#include "base/file_system.h"
#include "ledger/log.h"

namespace meterport::ledger {

/// Watches the reserve of free disk space. Thread-safe.
class SpaceGuard {
 public:
  SpaceGuard(const LogOptions& options, FileSystem& files)
      : files_(files), folder_(options.folder), reserve_(options.reserve_bytes) {
    const auto total = files.total_bytes(folder_);
    if (total) reserve_ = std::min(reserve_, *total / 100 * options.reserve_percent);
    refresh();
  }

  /// Cheap while there is room: the disk is asked after each group, and at each append once it is low.
  Status check() {
    if (!is_low_.load(std::memory_order_relaxed)) return {};
    refresh();
    if (!is_low_.load(std::memory_order_relaxed)) return {};
    return fail(ErrorKind::storage_full, "the disk is nearly full: the ledger takes nothing new until there is room");
  }
  void refresh() {
    const auto free = files_.free_bytes(folder_);
    // A volume that can't be asked will show its state when the next segment is made.
    is_low_.store(free && *free < reserve_, std::memory_order_relaxed);
  }

 private:
  FileSystem& files_;
  const std::string folder_;
  std::uint64_t reserve_;
  std::atomic<bool> is_low_ = false;
};

}  // namespace meterport::ledger
