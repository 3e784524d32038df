// Private to exports: whether the volume of the artifacts has room for more. Exports pause first (DESIGN section 3):
// the ledger's reserve, and as much again, stays free of them, so that usage is still taken when exports no longer run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/file_system.h"

namespace meterport::exports {

/// Asks the volume at each call: one system call. Thread-safe. A volume that can't be asked is not low; it will show
/// its state when it is written to.
class SpaceWatch {
 public:
  /// The reserve is the smaller of a size and a share of the volume, as for the ledger.
  SpaceWatch(FileSystem& files, std::string folder, std::uint64_t reserve_bytes, unsigned reserve_percent);
  [[nodiscard]] bool is_low() const;

 private:
  FileSystem& files_;
  const std::string folder_;
  const std::uint64_t reserve_bytes_;
  const unsigned reserve_percent_;
  mutable std::atomic<bool> was_low_ = false;  ///< for a line in the log at each change
};

}  // namespace meterport::exports
