// Streamed ZIP with DEFLATE by ISA-L level 1 (informatica.md 7.1): local header with flag 0x0808 (data descriptor,
// UTF-8 names), version needed 2.0, no extra fields, no comment, no folder entries; ZIP64 records only where sizes
// need them. Bytes depend on the input and writer_version alone: times come from the caller, input blocks are 1 MiB,
// and neither the sizes of the write() calls nor `threads` show in them.
//
// A plain entry that turns out to have 4 GiB or more keeps its plain local header, gets 8-byte sizes in its data
// descriptor and a ZIP64 field in the central directory: what java.util.zip and Go's archive/zip write. Readers of the
// directory and java.util.zip's streaming one take it; libarchive's streaming reader reports a wrong size at its end.
// A caller who is sure of such an entry says EntrySize::large: then every reader takes it. (Said of an entry that
// stays below 4 GiB, java.util.zip's streaming reader refuses that one.)
//
// Memory: about 2 MiB per block in flight, at most 2 x threads + 1 of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/instant.h"

namespace meterport::formats {

/// Changes whenever the same input would give other bytes (block size, level, header fields).
inline constexpr int zip_writer_version = 2;

struct ZipEntry {
  std::string name;
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t uncompressed_bytes = 0;
  Digest sha256{};        ///< of the uncompressed bytes
  bool is_zip64 = false;  ///< announced as large in its local header
};

/// large: surely 4 GiB or more of input; the local header then has a ZIP64 field.
enum class EntrySize { ordinary, large };

/// Writes one archive to a sink. Not thread-safe; a failed sink ends it (each later call repeats the error).
class ZipWriter {
 public:
  using Sink = std::function<Status(std::string_view)>;
  /// `time` is printed on every entry (UTC, 2-second steps). `threads` deflate workers; 0 or 1: the caller's thread.
  ZipWriter(Sink sink, Instant time, unsigned threads = 1);
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  Status begin_entry(std::string_view name, EntrySize size = EntrySize::ordinary);
  Status write(std::string_view bytes);
  /// Writes the data descriptor; the entry's facts are in entries().back().
  Status end_entry();
  /// Central directory and end records.
  Status finish();
  [[nodiscard]] const std::vector<ZipEntry>& entries() const;
  [[nodiscard]] std::uint64_t bytes_written() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterport::formats
