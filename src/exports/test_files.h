// For tests: readers of ZIP and gzip by zlib, and a gate before the files an export writes.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace meterport::exports {

using ZipText = std::vector<std::pair<std::string, std::string>>;  ///< names and texts, in the order of the directory

template <class T>
T number_at(const std::string& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

inline std::string inflate_raw(const std::string& packed, std::size_t size) {
  std::string out(size + 1, '\0');
  std::string in = packed;
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, size);
  inflateEnd(&stream);
  out.resize(size);
  return out;
}

/// By the central directory (APPNOTE 4.3.12).
inline ZipText unzip(const std::string& zip) {
  ZipText files;
  const std::size_t end = zip.rfind("PK\x05\x06");
  EXPECT_NE(end, std::string::npos);
  std::size_t at = number_at<std::uint32_t>(zip, end + 16);
  for (int n = number_at<std::uint16_t>(zip, end + 10); n > 0; --n) {
    const auto packed = number_at<std::uint32_t>(zip, at + 20), size = number_at<std::uint32_t>(zip, at + 24);
    const auto name_size = number_at<std::uint16_t>(zip, at + 28);
    const std::size_t local = number_at<std::uint32_t>(zip, at + 42);
    const std::size_t data =
        local + 30 + number_at<std::uint16_t>(zip, local + 26) + number_at<std::uint16_t>(zip, local + 28);
    files.emplace_back(zip.substr(at + 46, name_size), inflate_raw(zip.substr(data, packed), size));
    at += 46U + name_size + number_at<std::uint16_t>(zip, at + 30) + number_at<std::uint16_t>(zip, at + 32);
  }
  return files;
}

/// Holds whoever opens an artifact until the gate is open, so that a test sees a job at work.
class GateFiles final : public FileSystem {
 public:
  explicit GateFiles(FileSystem& below) : below_(below) {}
  void close_gate() { set(false); }
  void open_gate() { set(true); }
  /// Until somebody stands before the closed gate.
  void wait_for_caller() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ > 0; });
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (path.find(".zip.") != std::string::npos || path.find(".gz.") != std::string::npos) {
      std::unique_lock lock(mutex_);
      ++held_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_open_; });
      --held_;
    }
    return below_.open(path, mode);
  }
  Status rename(const std::string& from, const std::string& to) override { return below_.rename(from, to); }
  Status remove(const std::string& path) override { return below_.remove(path); }
  Status sync_folder(const std::string& path) override { return below_.sync_folder(path); }
  Status make_folders(const std::string& path) override { return below_.make_folders(path); }
  Result<std::vector<std::string>> list(const std::string& folder) override { return below_.list(folder); }
  bool exists(const std::string& path) override { return below_.exists(path); }
  /// What is said to be free on every volume.
  void set_free_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
    questions_ = 0;
  }
  void wait_for_questions(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return questions_ >= count; });
  }
  Result<std::uint64_t> free_bytes(const std::string&) override {
    const std::lock_guard lock(mutex_);
    ++questions_;
    changed_.notify_all();
    return free_bytes_;
  }
  Result<std::uint64_t> total_bytes(const std::string&) override { return std::uint64_t{1} << 40; }

 private:
  void set(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }
  FileSystem& below_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int held_ = 0, questions_ = 0;
  std::uint64_t free_bytes_ = std::uint64_t{1} << 39;
};

/// By zlib, which checks CRC and size.
inline std::string gunzip(std::string packed) {
  std::string out, step(std::size_t{1} << 16, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(step, 0, step.size() - stream.avail_out);
  }
  EXPECT_EQ(code, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

}  // namespace meterport::exports
