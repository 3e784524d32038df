#include "exports/space_watch.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace meterport::exports {

SpaceWatch::SpaceWatch(FileSystem& files, std::string folder, std::uint64_t reserve_bytes, unsigned reserve_percent)
    : files_(files), folder_(std::move(folder)), reserve_bytes_(reserve_bytes), reserve_percent_(reserve_percent) {}

bool SpaceWatch::is_low() const {
  const auto free = files_.free_bytes(folder_);
  std::uint64_t reserve = reserve_bytes_;
  if (const auto total = files_.total_bytes(folder_)) reserve = std::min(reserve, *total / 100 * reserve_percent_);
  const bool is_low = free && *free / 2 < reserve;
  if (was_low_.exchange(is_low) != is_low) {
    if (is_low) {
      log::warning("exports pause: the disk is nearly full", {{"free_bytes", *free}, {"reserve_bytes", reserve}});
    } else {
      log::info("exports go on: the disk has room again");
    }
  }
  return is_low;
}

}  // namespace meterport::exports
