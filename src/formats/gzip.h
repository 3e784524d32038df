// Streamed gzip of one member (RFC 1952) with DEFLATE by ISA-L level 1: method 8, flag FNAME alone, no extra flags, OS
// 255 (unknown). Bytes depend on the input, the name, the time and gzip_writer_version alone: the time comes from the
// caller, input blocks are 1 MiB, and neither the sizes of the write() calls nor `threads` show in them.
//
// Memory: about 2 MiB per block in flight, at most 2 x threads + 1 of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "base/instant.h"

namespace meterport::formats {

/// Changes whenever the same input would give other bytes (block size, level, header fields).
inline constexpr int gzip_writer_version = 2;

/// What was written.
struct GzipMember {
  std::string name;
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_bytes = 0;  ///< without header and trailer
  std::uint64_t uncompressed_bytes = 0;
  Digest sha256{};  ///< of the uncompressed bytes
};

/// Writes one file to a sink. Not thread-safe; a failed sink ends it (each later call repeats the error).
class GzipWriter {
 public:
  using Sink = std::function<Status(std::string_view)>;
  /// `name` stands in the header: 1 or more printable ASCII characters (what is none of them is refused by the first
  /// call). `time` in whole seconds; outside 1970 to 2106: none. `threads` deflate workers; 0 or 1: the caller's
  /// thread.
  GzipWriter(Sink sink, std::string_view name, Instant time, unsigned threads = 1);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  Status write(std::string_view bytes);
  /// Ends the file; then the facts of member() are whole.
  Status finish();
  [[nodiscard]] const GzipMember& member() const;
  [[nodiscard]] std::uint64_t bytes_written() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterport::formats
