// One file of PowerCutFiles: what a completed sync covered (on the disk below, or in memory while its name is not
// durable), and over it what no sync covers yet. Private to power_cut_files.cpp. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace meterport {

class PowerCutNode {
 public:
  static constexpr std::size_t sector_bytes = 512;
  static constexpr std::size_t page_bytes = 4096;

  /// A file that has no durable name yet.
  explicit PowerCutNode(FileSystem& below);
  /// A file that is on the disk below.
  static Result<std::shared_ptr<PowerCutNode>> of_existing(FileSystem& below, const std::string& path);

  Status write(std::uint64_t offset, std::string_view bytes);
  Result<std::size_t> read(std::uint64_t offset, std::span<char> out);
  Status resize(std::uint64_t size);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// A completed sync: everything is durable.
  Status sync();
  /// The power cut: some of what is not durable becomes so, the rest is forgotten.
  Status lose(std::mt19937_64& luck);

  // The name below, and how many File objects are open: the file below is held open only while there is one.
  Status appear(const std::string& path);
  void moved(const std::string& path) { path_ = path; }
  Status disappear();
  void opened() { ++handles_; }
  void closed();
  void drop_handle() { disk_.reset(); }

 private:
  struct Page {
    std::array<char, page_bytes> bytes{};  ///< as read now, all of it
    std::array<bool, page_bytes / sector_bytes> changed{};
  };

  Result<File*> disk();
  Result<Page*> page_at(std::uint64_t index);
  Status read_base(std::uint64_t offset, std::span<char> out);
  Status set_disk_size(std::uint64_t smallest, std::uint64_t size);
  Status write_sectors(std::uint64_t index, const Page& page, std::uint64_t end);
  void settle(std::uint64_t size);

  FileSystem& below_;
  std::string path_;            ///< below; empty: none (not yet, or no more)
  std::unique_ptr<File> disk_;  ///< the durable state; always there when path_ is empty
  int handles_ = 0;
  std::uint64_t durable_size_ = 0;
  std::uint64_t smallest_size_ = 0;  ///< least size since the last sync: durable bytes beyond it are cut off
  std::uint64_t size_ = 0;           ///< as read now
  std::map<std::uint64_t, Page> pages_;
};

}  // namespace meterport
