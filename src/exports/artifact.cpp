#include "exports/artifact.h"

#include <utility>

#include "base/log.h"

namespace meterport::exports {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

void remove_quietly(FileSystem& files, const std::string& path) {
  const Status removed = files.remove(path);
  if (!removed && removed.error().kind != ErrorKind::not_found) {
    log::warning("a file of a failed export stays behind", {{"path", path}, {"detail", removed.error().detail}});
  }
}

}  // namespace

Status unwritten(Status status) {
  const bool is_full = status.error().kind == ErrorKind::storage_full;
  status.error().text = is_full ? "The export could not be written: no space left on the server's disk."
                                : "The export could not be written: the server's disk reported an error.";
  return status;
}

Artifact::Artifact(FileSystem& files, const Options& options)
    : files_(files),
      folder_(options.folder),
      path_(options.folder + "/" + options.name + std::string(suffix_of(options.packing))),
      manifest_path_(options.folder + "/" + options.name + ".manifest.json"),
      temporary_path_(path_ + "." + options.tag + ".tmp") {
  buffer_.reserve(buffer_bytes);
  packer_ = make_packer(
      options.packing, [this](std::string_view bytes) { return sink(bytes); }, options.time, options.deflate_threads);
}

Result<std::unique_ptr<Artifact>> Artifact::create(FileSystem& files, Options options) {
  auto artifact = std::unique_ptr<Artifact>(new Artifact(files, options));
  auto opened = files.open(artifact->temporary_path_, OpenMode::create_or_open);
  if (!opened) return fail(artifact->blame(fail(std::move(opened))));
  artifact->file_ = std::move(*opened);
  if (auto emptied = artifact->blame(artifact->file_->truncate(0)); !emptied) return fail(std::move(emptied));
  return artifact;
}

Artifact::~Artifact() {
  if (is_published_) return;
  packer_.reset();
  file_.reset();
  remove_quietly(files_, temporary_path_);
  if (has_manifest_) {
    remove_quietly(files_, manifest_path_);
    remove_quietly(files_, manifest_path_ + ".new");
  }
}

Status Artifact::blame(Status status) {
  if (status || has_failed_) return status;
  has_failed_ = true;
  return unwritten(std::move(status));
}

Status Artifact::flush() {
  if (buffer_.empty()) return {};
  Status written = file_->write_at(offset_ - buffer_.size(), buffer_);
  buffer_.clear();
  return written;
}

Status Artifact::sink(std::string_view bytes) {
  hash_.update(bytes);
  buffer_ += bytes;
  offset_ += bytes.size();
  return buffer_.size() < buffer_bytes ? Status() : flush();
}

Status Artifact::begin_file(std::string_view name, formats::EntrySize size, std::string_view header) {
  file_rows_ = 0;
  is_header_open_ = !header.ends_with('\n');
  if (auto begun = blame(packer_->begin(name, size)); !begun) return begun;
  csv_bytes_ += header.size();
  return blame(packer_->write(header));
}

Status Artifact::write_rows(std::string_view lines, std::uint64_t rows) {
  if (rows == 0) return {};
  if (is_header_open_) {
    if (auto ended = blame(packer_->write("\n")); !ended) return ended;
    ++csv_bytes_;
    is_header_open_ = false;
  }
  file_rows_ += rows;
  csv_bytes_ += lines.size();
  return blame(packer_->write(lines));
}

Status Artifact::end_file() {
  auto packed = packer_->end();
  if (!packed) return blame(fail(std::move(packed)));
  files_done_.push_back({std::move(*packed), file_rows_});
  return {};
}

Status Artifact::finish() {
  if (auto finished = blame(packer_->finish()); !finished) return finished;
  if (auto flushed = blame(flush()); !flushed) return flushed;
  digest_ = hash_.finish();
  return blame(file_->sync());
}

Status Artifact::publish(std::string_view manifest) {
  has_manifest_ = true;
  if (auto stored = blame(replace_file(files_, manifest_path_, manifest)); !stored) return stored;
  file_.reset();
  if (auto renamed = blame(files_.rename(temporary_path_, path_)); !renamed) return renamed;
  if (auto synced = blame(files_.sync_folder(folder_)); !synced) {
    remove_quietly(files_, path_);
    return synced;
  }
  is_published_ = true;
  return {};
}

}  // namespace meterport::exports
