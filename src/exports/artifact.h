// Private to exports: the file of a job while it is written. CSV files go through a packer into a temporary file beside
// the artifact; publish() makes it durable and gives it its name, so that a name in the folder is a whole file.
//
// Used by one thread. Errors have a text that is safe to show. Whatever was not published is removed on destruction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "base/instant.h"
#include "exports/packer.h"

namespace meterport::exports {

/// The error of a write, with its reason in words that a caller may read.
Status unwritten(Status status);

struct ArtifactFile {
  PackedFile packed;
  std::uint64_t rows = 0;
};

class Artifact {
 public:
  struct Options {
    std::string folder;
    std::string name;  ///< without suffix
    Packing packing = Packing::zip;
    std::string tag;  ///< of the runner: two at work on one job don't meet
    Instant time;     ///< printed on every entry
    unsigned deflate_threads = 1;
  };
  static Result<std::unique_ptr<Artifact>> create(FileSystem& files, Options options);
  ~Artifact();
  Artifact(const Artifact&) = delete;
  Artifact& operator=(const Artifact&) = delete;

  /// Writes the header. Where it does not end its line, the line end follows with the first row (informatica.md 7.2).
  Status begin_file(std::string_view name, formats::EntrySize size, std::string_view header);
  /// Whole lines, `rows` of them.
  Status write_rows(std::string_view lines, std::uint64_t rows);
  Status end_file();
  /// Ends the file: its size and digest are known, and it is durable under its temporary name.
  Status finish();
  /// Stores the manifest, then gives the file its name. Nothing is visible when it fails.
  Status publish(std::string_view manifest);

  [[nodiscard]] const std::vector<ArtifactFile>& files() const { return files_done_; }
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }
  [[nodiscard]] std::uint64_t csv_bytes() const { return csv_bytes_; }
  [[nodiscard]] const Digest& sha256() const { return digest_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& manifest_path() const { return manifest_path_; }
  /// An error came from writing here, and not from what was to be written.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  Artifact(FileSystem& files, const Options& options);
  Status sink(std::string_view bytes);
  Status flush();
  Status blame(Status status);

  FileSystem& files_;
  std::string folder_, path_, manifest_path_, temporary_path_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Packer> packer_;
  std::string buffer_;
  std::uint64_t offset_ = 0, csv_bytes_ = 0;
  std::uint64_t file_rows_ = 0;
  bool is_header_open_ = false;  ///< its line end is still to come
  Sha256 hash_;
  Digest digest_{};
  std::vector<ArtifactFile> files_done_;
  bool is_published_ = false, has_failed_ = false, has_manifest_ = false;
};

}  // namespace meterport::exports
