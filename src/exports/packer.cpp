#include "exports/packer.h"

#include <utility>

#include "exports/exports.h"
#include "formats/gzip.h"

namespace meterport::exports {
namespace {

class ZipPacker final : public Packer {
 public:
  ZipPacker(Sink sink, Instant time, unsigned threads) : zip_(std::move(sink), time, threads) {}
  Status begin(std::string_view name, formats::EntrySize size) override { return zip_.begin_entry(name, size); }
  Status write(std::string_view bytes) override { return zip_.write(bytes); }
  Result<PackedFile> end() override {
    if (auto ended = zip_.end_entry(); !ended) return fail(std::move(ended));
    const formats::ZipEntry& entry = zip_.entries().back();
    return PackedFile{entry.name, entry.uncompressed_bytes, entry.crc32, entry.sha256};
  }
  Status finish() override { return zip_.finish(); }

 private:
  formats::ZipWriter zip_;
};

class GzipPacker final : public Packer {
 public:
  GzipPacker(Sink sink, Instant time, unsigned threads) : sink_(std::move(sink)), time_(time), threads_(threads) {}
  Status begin(std::string_view name, formats::EntrySize) override {
    if (gzip_) return fail(ErrorKind::internal, "A gzip file holds one file only.");
    gzip_ = std::make_unique<formats::GzipWriter>(sink_, name, time_, threads_);
    return {};
  }
  Status write(std::string_view bytes) override { return gzip_->write(bytes); }
  Result<PackedFile> end() override {
    if (auto ended = gzip_->finish(); !ended) return fail(std::move(ended));
    const formats::GzipMember& member = gzip_->member();
    return PackedFile{member.name, member.uncompressed_bytes, member.crc32, member.sha256};
  }
  Status finish() override { return {}; }

 private:
  Sink sink_;
  Instant time_;
  unsigned threads_;
  std::unique_ptr<formats::GzipWriter> gzip_;
};

}  // namespace

Packing packing_of(ExportKind kind) {
  return kind == ExportKind::billed_usage ? Packing::gzip : Packing::zip;
}

std::string_view suffix_of(Packing packing) {
  return packing == Packing::gzip ? ".csv.gz" : ".zip";
}

int writer_version(Packing packing) {
  return packing == Packing::gzip ? formats::gzip_writer_version : formats::zip_writer_version;
}

std::string_view artifact_suffix(ExportKind kind) {
  return suffix_of(packing_of(kind));
}

std::unique_ptr<Packer> make_packer(Packing packing, Packer::Sink sink, Instant time, unsigned deflate_threads) {
  if (packing == Packing::gzip) return std::make_unique<GzipPacker>(std::move(sink), time, deflate_threads);
  return std::make_unique<ZipPacker>(std::move(sink), time, deflate_threads);
}

}  // namespace meterport::exports
