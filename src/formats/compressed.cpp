#include "formats/compressed.h"

#include <zlib.h>
#include <zstd.h>

extern "C" {
#include <isa-l/igzip_lib.h>
}

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <fmt/format.h>

namespace meterport::formats {
namespace {

constexpr std::size_t step_bytes = std::size_t{256} << 10;
constexpr std::size_t piece_bytes = std::size_t{1} << 30;  // the libraries count in 32 bits

Error too_large(std::size_t bytes_max) {
  return {ErrorKind::too_large, fmt::format("The uncompressed body is larger than {} bytes.", bytes_max), {}, {}};
}

/// Grows `out` for the next step, one byte past the bound at most, so that going over it shows.
std::size_t grow(std::string& out, std::size_t filled, std::size_t bytes_max) {
  const std::size_t wanted = filled + std::max(step_bytes, filled / 2);
  out.resize(bytes_max - filled < wanted - filled ? bytes_max + 1 : wanted);
  return out.size() - filled;
}

struct Inflater {
  z_stream stream{};
  Inflater() = default;
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

/// zlib, not ISA-L: ISA-L 2.30's gzip header reading has known memory faults on hostile input.
Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  Inflater inflater;
  z_stream* const stream = &inflater.stream;
  constexpr int gzip_only = 16 + MAX_WBITS;
  if (inflateInit2(stream, gzip_only) != Z_OK) return fail(ErrorKind::internal, "Out of memory.", "inflateInit2");
  std::string out;
  std::size_t filled = 0;
  int code = Z_OK;
  do {  // one round a member or piece
    const std::string_view piece = bytes.substr(0, piece_bytes);
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream->avail_in = static_cast<uInt>(piece.size());
    do {
      if (filled == out.size()) grow(out, filled, bytes_max);
      const std::size_t room = std::min(out.size() - filled, piece_bytes);
      stream->next_out = reinterpret_cast<Bytef*>(out.data() + filled);
      stream->avail_out = static_cast<uInt>(room);
      code = inflate(stream, Z_NO_FLUSH);
      filled += room - stream->avail_out;
      if (filled > bytes_max) return std::unexpected(too_large(bytes_max));
    } while (code == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0));
    bytes.remove_prefix(piece.size() - stream->avail_in);
    if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END) {
      return fail(ErrorKind::malformed, "The gzip data is damaged.", stream->msg != nullptr ? stream->msg : "inflate");
    }
    // RFC 1952: members may follow one another.
    if (code == Z_STREAM_END && !bytes.empty() && inflateReset(stream) != Z_OK) {
      return fail(ErrorKind::internal, "Out of memory.", "inflateReset");
    }
  } while (!bytes.empty());
  if (code != Z_STREAM_END) return fail(ErrorKind::malformed, "The gzip data ends too early.");
  out.resize(filled);
  return out;
}

struct ZstdFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<std::string> unzstd(std::string_view bytes, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, ZstdFree> context(ZSTD_createDCtx());
  if (!context) return fail(ErrorKind::internal, "Out of memory.", "ZSTD_createDCtx");
  std::string out;
  std::size_t filled = 0;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 1;
  bool has_more_output = false;
  while (in.pos < in.size || has_more_output) {
    if (filled == out.size()) grow(out, filled, bytes_max);
    ZSTD_outBuffer to{out.data(), out.size(), filled};
    left = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(left)) return fail(ErrorKind::malformed, "The zstd data is damaged.", ZSTD_getErrorName(left));
    filled = to.pos;
    if (filled > bytes_max) return std::unexpected(too_large(bytes_max));
    has_more_output = left != 0 && to.pos == to.size;
  }
  if (left != 0) return fail(ErrorKind::malformed, "The zstd data ends too early.");
  out.resize(filled);
  return out;
}

}  // namespace

Result<Coding> parse_coding(std::string_view header) {
  std::string name(header);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.empty() || name == "identity") return Coding::identity;
  if (name == "gzip" || name == "x-gzip") return Coding::gzip;
  if (name == "zstd") return Coding::zstd;
  return fail(ErrorKind::unsupported_media, "Content-Encoding must be gzip, zstd or identity.", {}, "Content-Encoding");
}

Coding detect_coding(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return Coding::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Coding::zstd;
  return Coding::identity;
}

Result<std::string> decompress(Coding coding, std::string_view bytes, std::size_t bytes_max) {
  switch (coding) {
    case Coding::identity:
      if (bytes.size() > bytes_max) return std::unexpected(too_large(bytes_max));
      return std::string(bytes);
    case Coding::gzip:
      return gunzip(bytes, bytes_max);
    case Coding::zstd:
      return unzstd(bytes, bytes_max);
  }
  return fail(ErrorKind::internal, "Unknown coding.");
}

std::string gzip(std::string_view bytes) {
  const auto stream = std::make_unique<isal_zstream>();
  std::vector<std::uint8_t> level_memory(ISAL_DEF_LVL1_DEFAULT);
  isal_deflate_init(stream.get());
  stream->level = 1;
  stream->level_buf = level_memory.data();
  stream->level_buf_size = static_cast<std::uint32_t>(level_memory.size());
  stream->gzip_flag = IGZIP_GZIP;
  std::string out;
  std::size_t filled = 0;
  do {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    stream->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));
    stream->avail_in = static_cast<std::uint32_t>(piece.size());
    stream->end_of_stream = bytes.empty() ? 1 : 0;
    do {
      out.resize(filled + std::max<std::size_t>(4'096, stream->avail_in / 2));
      stream->next_out = reinterpret_cast<std::uint8_t*>(out.data() + filled);
      stream->avail_out = static_cast<std::uint32_t>(out.size() - filled);
      // Codes other than COMP_OK mean wrong parameters, which are constants here.
      (void)isal_deflate(stream.get());
      filled = out.size() - stream->avail_out;
    } while (stream->avail_out == 0);
  } while (!bytes.empty());
  out.resize(filled);
  return out;
}

}  // namespace meterport::formats
