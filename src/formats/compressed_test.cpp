#include "formats/compressed.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

namespace meterport::formats {
namespace {

constexpr std::size_t bound = 64 << 20;

std::string lines(std::size_t bytes) {
  std::mt19937 random(7);  // NOLINT: a fixed seed on purpose
  std::string text;
  while (text.size() < bytes) text += "org-" + std::to_string(random() % 500) + ",2024-09-03,0.000235520300000\n";
  return text;
}

std::string gzip_by_zlib(const std::string& plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd_frame(const std::string& plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

ErrorKind kind_of(const Result<std::string>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorKind::internal : result.error().kind;
}

TEST(Coding, IsNamedByTheHeaderOrSeenInTheFirstBytes) {
  EXPECT_EQ(parse_coding("").value(), Coding::identity);
  EXPECT_EQ(parse_coding("GZIP").value(), Coding::gzip);
  EXPECT_EQ(parse_coding("x-gzip").value(), Coding::gzip);
  EXPECT_EQ(parse_coding("zstd").value(), Coding::zstd);
  const Result<Coding> unknown = parse_coding("br");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::unsupported_media);
  EXPECT_EQ(detect_coding(gzip("x")), Coding::gzip);
  EXPECT_EQ(detect_coding(zstd_frame("x")), Coding::zstd);
  EXPECT_EQ(detect_coding("{\"org\""), Coding::identity);
}

TEST(Decompress, ReadsWhatOtherProgramsWrote) {
  const std::string text = lines(3'000'000);
  EXPECT_EQ(decompress(Coding::gzip, gzip_by_zlib(text), bound).value(), text);
  EXPECT_EQ(decompress(Coding::zstd, zstd_frame(text), bound).value(), text);
  EXPECT_EQ(decompress(Coding::identity, text, bound).value(), text);
}

TEST(Decompress, ReadsOurOwnGzip) {
  for (const std::string& text : {std::string(), std::string("x"), lines(100), lines(5'000'000)}) {
    EXPECT_EQ(decompress(Coding::gzip, gzip(text), bound).value(), text);
  }
}

TEST(Decompress, MembersAndFramesMayFollowOneAnother) {
  EXPECT_EQ(decompress(Coding::gzip, gzip_by_zlib("first,") + gzip("") + gzip("second"), bound).value(),
            "first,second");
  EXPECT_EQ(decompress(Coding::zstd, zstd_frame("first,") + zstd_frame("second"), bound).value(), "first,second");
}

TEST(Decompress, ABombStopsAtTheBound) {
  const std::string zeros(20'000'000, '\0');
  EXPECT_EQ(kind_of(decompress(Coding::gzip, gzip(zeros), 1'000'000)), ErrorKind::too_large);
  EXPECT_EQ(kind_of(decompress(Coding::zstd, zstd_frame(zeros), 1'000'000)), ErrorKind::too_large);
  EXPECT_EQ(decompress(Coding::gzip, gzip(zeros), zeros.size()).value().size(), zeros.size());
  EXPECT_EQ(kind_of(decompress(Coding::gzip, gzip(zeros), zeros.size() - 1)), ErrorKind::too_large);
  EXPECT_EQ(decompress(Coding::zstd, zstd_frame(zeros), zeros.size()).value().size(), zeros.size());
  EXPECT_EQ(kind_of(decompress(Coding::zstd, zstd_frame(zeros), zeros.size() - 1)), ErrorKind::too_large);
}

TEST(Decompress, DamagedTruncatedOrTrailingBytesAreMalformed) {
  const std::string text = lines(10'000);
  for (const Coding coding : {Coding::gzip, Coding::zstd}) {
    const std::string whole = coding == Coding::gzip ? gzip(text) : zstd_frame(text);
    for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{3}}) {
      EXPECT_EQ(kind_of(decompress(coding, whole.substr(0, size), bound)), ErrorKind::malformed) << size;
    }
    EXPECT_EQ(kind_of(decompress(coding, whole + "garbage", bound)), ErrorKind::malformed);
    EXPECT_EQ(kind_of(decompress(coding, "plain text", bound)), ErrorKind::malformed);
  }
  EXPECT_EQ(kind_of(decompress(Coding::gzip, "", bound)), ErrorKind::malformed);
  std::string flipped = gzip(text);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  EXPECT_EQ(kind_of(decompress(Coding::gzip, flipped, bound)), ErrorKind::malformed);
}

}  // namespace
}  // namespace meterport::formats
