#include "formats/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "base/test_folder.h"
#include "formats/deflate.h"
#include "formats/gzip_records.h"

namespace meterport::formats {
namespace {

const Instant september = parse_instant("2024-09-30T23:59:59Z").value();

std::string usage_csv(std::size_t bytes) {
  std::mt19937 random(5);  // NOLINT: a fixed seed on purpose
  std::string text;
  while (text.size() < bytes) text += "\"\",\"org-" + std::to_string(random() % 3'000) + "\",\"0.2500\"\n";
  text.resize(bytes);
  return text;
}

struct Packed {
  std::string bytes;
  GzipMember member;
};

Packed pack(const std::string& text, unsigned threads = 1, std::size_t write_bytes = 100'000) {
  Packed packed;
  GzipWriter writer(
      [&](std::string_view bytes) -> Status {
        packed.bytes += bytes;
        return {};
      },
      "REPORT-1001.csv", september, threads);
  for (std::size_t at = 0; at < text.size(); at += write_bytes) {
    EXPECT_TRUE(writer.write(std::string_view(text).substr(at, write_bytes)).has_value());
  }
  EXPECT_TRUE(writer.finish().has_value());
  EXPECT_EQ(writer.bytes_written(), packed.bytes.size());
  packed.member = writer.member();
  return packed;
}

struct Unpacked {
  std::string text, name;
  uLong time = 0;
  int os = 0;
};

/// By zlib, which checks CRC and size.
Unpacked unpack(std::string bytes, std::size_t size) {
  Unpacked out;
  std::string name(100, '\0');
  gz_header header{};
  header.name = reinterpret_cast<Bytef*>(name.data());
  header.name_max = static_cast<uInt>(name.size());
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  EXPECT_EQ(inflateGetHeader(&stream, &header), Z_OK);
  out.text.resize(size + 1);
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.text.data());
  stream.avail_out = static_cast<uInt>(out.text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U) << "one member and nothing after it";
  out.text.resize(stream.total_out);
  out.name = name.c_str();
  out.time = header.time;
  out.os = header.os;
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, ZlibReadsEverySizeAroundABlocksBorderBack) {
  constexpr std::size_t block = deflate_block_bytes;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, block - 1, block, block + 1, 2 * block, 5 * block + 7}) {
    const std::string text = usage_csv(size);
    const Packed packed = pack(text);
    const Unpacked unpacked = unpack(packed.bytes, size);
    EXPECT_EQ(unpacked.text, text) << size;
    EXPECT_EQ(unpacked.name, "REPORT-1001.csv");
    EXPECT_EQ(static_cast<std::int64_t>(unpacked.time), september.us / Instant::us_per_second);
    EXPECT_EQ(unpacked.os, 255);
    EXPECT_EQ(packed.member.uncompressed_bytes, size);
    EXPECT_EQ(packed.member.sha256, sha256(text));
    EXPECT_EQ(packed.member.crc32, crc32_gzip(0, text));
    EXPECT_EQ(packed.bytes.size(), packed.member.compressed_bytes + 10 + sizeof "REPORT-1001.csv" + 8);
  }
}

TEST(Gzip, NeitherThreadsNorSizesOfWritesChangeAByte) {
  const std::string text = usage_csv(5'500'000);
  const std::string once = pack(text, 1, 1 << 30).bytes;
  EXPECT_EQ(pack(text, 1, 7'777).bytes, once);
  EXPECT_EQ(pack(text, 2, 100'000).bytes, once);
  EXPECT_EQ(pack(text, 5, 3'333'333).bytes, once);
}

TEST(Gzip, TheGzipProgramTakesIt) {
  const TestFolder folder;
  const std::string path = folder / "a.csv.gz";
  std::ofstream(path, std::ios::binary) << pack(usage_csv(3'000'000), 2).bytes;
  EXPECT_EQ(std::system(("gzip -t " + path).c_str()), 0);
}

TEST(Gzip, AFailedSinkEndsItWhereverItFails) {
  const std::string text = usage_csv(3'500'000);
  for (const unsigned threads : {1U, 2U}) {
    for (int good = 0; good < 6; ++good) {  // header, four blocks, trailer
      int calls = 0;
      GzipWriter writer(
          [&](std::string_view) -> Status {
            if (++calls <= good) return {};
            return fail(ErrorKind::storage_full, "The disk is full.");
          },
          "a.csv", september, threads);
      Status status = writer.write(text);
      if (status) status = writer.finish();
      ASSERT_FALSE(status) << good;
      EXPECT_EQ(status.error().kind, ErrorKind::storage_full);
      status = writer.finish();
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().kind, ErrorKind::storage_full);
      EXPECT_EQ(calls, good + 1);
    }
  }
}

TEST(Gzip, ANameThatTheHeaderCannotHoldAndCallsAfterTheEndAreErrors) {
  const auto sink = [](std::string_view) -> Status { return {}; };
  for (const std::string_view name : {std::string_view(""), std::string_view("a\0b", 3), std::string_view("Ü.csv")}) {
    EXPECT_FALSE(GzipWriter(sink, name, september).write("x").has_value());
  }
  GzipWriter writer(sink, "a.csv", september);
  ASSERT_TRUE(writer.finish().has_value());
  EXPECT_FALSE(writer.write("x").has_value());
  EXPECT_FALSE(writer.finish().has_value());
}

TEST(GzipRecords, TheSizeIsKeptModulo4GiBAndATimeOutsideTheFieldIsNone) {
  std::string out;
  gzip_records::append_trailer(out, 0x01020304, 0x3'0000'0005);
  EXPECT_EQ(out, std::string("\x04\x03\x02\x01\x05\0\0\0", 8));
  for (const char* time : {"1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"}) {
    out.clear();
    gzip_records::append_header(out, "a", parse_instant(time).value());
    EXPECT_EQ(out, std::string("\x1f\x8b\x08\x08\0\0\0\0\0\xff"
                               "a\0",
                               12))
        << time;
  }
}

}  // namespace
}  // namespace meterport::formats
