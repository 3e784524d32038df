// Private to formats: one DEFLATE stream after another, made of blocks of 1 MiB on one thread or several, with the
// facts of its input that ZIP and gzip both print. Neither the sizes of the write() calls nor `threads` show in the
// bytes.
//
// Not thread-safe. A failed sink ends it: each later call repeats the error. Memory: about 2 MiB per block in flight,
// at most 2 x threads + 1 of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "formats/deflate.h"

namespace meterport::formats {

class DeflateStream {
 public:
  using Sink = std::function<Status(std::string_view)>;
  struct Facts {
    std::uint32_t crc32 = 0;
    std::uint64_t compressed_bytes = 0;
    std::uint64_t uncompressed_bytes = 0;
    Digest sha256{};  ///< of the uncompressed bytes
  };
  /// `threads` deflate workers; 0 or 1: the caller's thread.
  DeflateStream(Sink sink, unsigned threads);

  Status write(std::string_view bytes);
  /// Ends the stream; then the facts are whole, until write() begins the next one.
  Status end();
  [[nodiscard]] const Facts& facts() const { return facts_; }

 private:
  Status remember(Error error);
  Status send_packed(bool is_good);
  Status flush_block(bool is_last);
  void begin_if_new();

  Sink sink_;
  std::optional<DeflatePool> pool_;
  std::optional<BlockDeflater> inline_deflater_;
  std::optional<Error> failed_;
  bool is_open_ = false;
  Facts facts_;
  Sha256 sha256_;
  std::string block_;   ///< input not yet handed to a deflater
  std::string packed_;  ///< output on its way to the sink
};

}  // namespace meterport::formats
