// Private to exports: what an artifact's CSVs are packed into while they are written: a ZIP with an entry for each, or
// a gzip file, which holds one. Not thread-safe; an error ends it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "base/instant.h"
#include "formats/zip.h"
#include "model/export_spec.h"

namespace meterport::exports {

enum class Packing { zip, gzip };
Packing packing_of(ExportKind kind);
std::string_view suffix_of(Packing packing);  ///< ".zip", ".csv.gz"
int writer_version(Packing packing);

/// What became of one CSV.
struct PackedFile {
  std::string name;
  std::uint64_t bytes = 0;  ///< before packing
  std::uint32_t crc32 = 0;
  Digest sha256{};
};

class Packer {
 public:
  using Sink = std::function<Status(std::string_view)>;
  virtual ~Packer() = default;
  virtual Status begin(std::string_view name, formats::EntrySize size) = 0;
  virtual Status write(std::string_view bytes) = 0;
  virtual Result<PackedFile> end() = 0;
  /// After the last file.
  virtual Status finish() = 0;
};

/// `time` is printed on every file.
std::unique_ptr<Packer> make_packer(Packing packing, Packer::Sink sink, Instant time, unsigned deflate_threads);

}  // namespace meterport::exports
