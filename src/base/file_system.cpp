#include "base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace meterport {
namespace {

std::unexpected<Error> fail_errno(std::string_view doing, const std::string& path, int code) {
  std::string detail = fmt::format("{} {}: {}", doing, path, std::generic_category().message(code));
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorKind::not_found, "no such file", std::move(detail));
    case EEXIST:
      return fail(ErrorKind::conflict, "the file exists already", std::move(detail));
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorKind::storage_full, "the disk is full", std::move(detail));
    default:
      return fail(ErrorKind::store_unavailable, "storage is not available", std::move(detail));
  }
}

/// Repeats a call that a signal interrupted; the call's result, negative with errno set on failure.
template <class Call>
auto retry_interrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class SystemFile final : public File {
 public:
  SystemFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto at = static_cast<off_t>(offset);
      const ssize_t n = retry_interrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), at); });
      if (n < 0) return fail_errno("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto at = static_cast<off_t>(offset + done);
      const ssize_t n = retry_interrupted([&] { return ::pread(fd_.get(), out.data() + done, out.size() - done, at); });
      if (n < 0) return fail_errno("read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Status sync() override {
#ifndef METERPORT_BREAK_SYNC
    if (retry_interrupted([&] { return ::fdatasync(fd_.get()); }) < 0) return fail_errno("sync", path_, errno);
#endif
    return {};
  }

  Status allocate(std::uint64_t size) override {
    if (size == 0) return {};
    int code = EINTR;
    while (code == EINTR) code = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (code != 0) return fail_errno("allocate", path_, code);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) < 0) {
      return fail_errno("truncate", path_, errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) < 0) return fail_errno("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  Descriptor fd_;
  std::string path_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create_or_open:
      return O_RDWR | O_CREAT;
  }
  std::abort();
}

bool is_folder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

class SystemFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int fd = retry_interrupted([&] { return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, 0640); });
    if (fd < 0) return fail_errno("open", path, errno);
    return std::make_unique<SystemFile>(fd, path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return fail_errno("rename", from + " to " + to, errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0) return fail_errno("remove", path, errno);
    return {};
  }

  Status sync_folder(const std::string& path) override {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) return fail_errno("open folder", path, errno);
    if (retry_interrupted([&] { return ::fsync(folder.get()); }) < 0) return fail_errno("sync folder", path, errno);
    return {};
  }

  Status make_folders(const std::string& path) override {
    if (path.empty() || is_folder(path)) return {};
    const std::string parent = parent_folder(path);
    if (parent != path) {
      if (auto made = make_folders(parent); !made) return made;
    }
    // EEXIST: another thread was faster, or the path ends in a slash.
    if (::mkdir(path.c_str(), 0750) < 0 && (errno != EEXIST || !is_folder(path))) {
      return fail_errno("make folder", path, errno);
    }
    return sync_folder(parent);
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    DIR* stream = ::opendir(folder.c_str());
    if (stream == nullptr) return fail_errno("list", folder, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string name = entry->d_name;
      const bool folder_inside =
          entry->d_type == DT_DIR || (entry->d_type == DT_UNKNOWN && is_folder(folder + "/" + name));
      if (!folder_inside) names.push_back(name);
      errno = 0;
    }
    const int code = errno;
    ::closedir(stream);
    if (code != 0) return fail_errno("list", folder, code);
    std::ranges::sort(names);
    return names;
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs info{};
    if (retry_interrupted([&] { return ::statvfs(path.c_str(), &info); }) < 0) {
      return fail_errno("free space of", path, errno);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<std::uint64_t> total_bytes(const std::string& path) override {
    struct statvfs info{};
    if (retry_interrupted([&] { return ::statvfs(path.c_str(), &info); }) < 0) {
      return fail_errno("size of the volume of", path, errno);
    }
    return static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
  }
};

}  // namespace

Result<std::uint64_t> FileSystem::total_bytes(const std::string& path) {
  return fail(ErrorKind::not_supported, "the size of the volume is not known", path);
}

FileSystem& system_files() {
  static SystemFiles files;
  return files;
}

std::string parent_folder(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

Result<std::string> read_file(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return fail(std::move(file));
  const auto size = (*file)->size();
  if (!size) return fail(size);
  std::string bytes(*size, '\0');
  const auto got = (*file)->read_at(0, bytes);
  if (!got) return fail(got);
  bytes.resize(*got);
  return bytes;
}

Status replace_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::string beside = path + ".new";
  {
    auto file = files.open(beside, OpenMode::create_or_open);
    if (!file) return fail(std::move(file));
    if (auto s = (*file)->truncate(0); !s) return s;
    if (auto s = (*file)->write_at(0, bytes); !s) return s;
    if (auto s = (*file)->sync(); !s) return s;
  }
  if (auto s = files.rename(beside, path); !s) return s;
  return files.sync_folder(parent_folder(path));
}

}  // namespace meterport
