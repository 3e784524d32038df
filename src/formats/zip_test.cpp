#include "formats/zip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <map>
#include <random>

#include "formats/zip_records.h"

namespace meterport::formats {
namespace {

const Instant september = parse_instant("2024-09-30T23:59:59Z").value();

std::string usage_csv(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);  // NOLINT: a fixed seed on purpose
  std::string text = "OrgId,MeterId,Date,MeterUsage\n";
  while (text.size() < bytes) {
    text += "org-" + std::to_string(random() % 3'000) + ",a2nB20h1o0lc7k3P9xtWS8,2024-09-03 00:00:00.0,0." +
            std::to_string(random()) + "\n";
  }
  return text;
}

using Files = std::vector<std::pair<std::string, std::string>>;

struct Packed {
  std::string zip;
  std::vector<ZipEntry> entries;
};

Packed pack(const Files& files, unsigned threads, std::size_t write_bytes) {
  Packed packed;
  ZipWriter writer(
      [&](std::string_view bytes) -> Status {
        packed.zip += bytes;
        return {};
      },
      september, threads);
  for (const auto& [name, text] : files) {
    EXPECT_TRUE(writer.begin_entry(name).has_value());
    for (std::size_t at = 0; at < text.size(); at += write_bytes) {
      EXPECT_TRUE(writer.write(std::string_view(text).substr(at, write_bytes)).has_value());
    }
    EXPECT_TRUE(writer.end_entry().has_value());
  }
  EXPECT_TRUE(writer.finish().has_value());
  EXPECT_EQ(writer.bytes_written(), packed.zip.size());
  packed.entries = writer.entries();
  return packed;
}

std::uint64_t number_at(const std::string& zip, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(zip.at(at + i))} << (8 * i);
  return value;
}

/// Reads forward only, as a client that streams does: local header, deflate stream until its own end, descriptor.
Files unpack_forward(const std::string& zip, std::size_t& directory_at) {
  Files files;
  std::size_t at = 0;
  while (number_at(zip, at, 4) == 0x04034b50) {
    EXPECT_EQ(number_at(zip, at + 4, 2), 20U) << "version needed";
    EXPECT_EQ(number_at(zip, at + 6, 2), 0x0808U) << "flags";
    EXPECT_EQ(number_at(zip, at + 8, 2), 8U) << "method";
    EXPECT_EQ(number_at(zip, at + 28, 2), 0U) << "extra field";
    const std::size_t name_bytes = number_at(zip, at + 26, 2);
    const std::string name = zip.substr(at + 30, name_bytes);
    at += 30 + name_bytes;
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zip.data() + at));
    stream.avail_in = static_cast<uInt>(zip.size() - at);
    std::string text;
    std::string step(1 << 16, '\0');
    int code = Z_OK;
    while (code == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(step.data());
      stream.avail_out = static_cast<uInt>(step.size());
      code = inflate(&stream, Z_NO_FLUSH);
      text.append(step, 0, step.size() - stream.avail_out);
    }
    EXPECT_EQ(code, Z_STREAM_END);
    at += stream.total_in;
    EXPECT_EQ(number_at(zip, at, 4), 0x08074b50U);
    EXPECT_EQ(number_at(zip, at + 4, 4),
              crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
    EXPECT_EQ(number_at(zip, at + 8, 4), stream.total_in);
    EXPECT_EQ(number_at(zip, at + 12, 4), text.size());
    at += 16;
    inflateEnd(&stream);
    files.emplace_back(name, std::move(text));
  }
  directory_at = at;
  return files;
}

const Files& sample_files() {
  static const Files files = {{"4wMFqGlxAKVlIFTixlTSOY.csv", usage_csv(5'500'000, 1)},
                              {"empty.csv", ""},
                              {"header only.csv", "OrgId,MeterId"},
                              {"Übersicht \xC2\xA0.csv", usage_csv(1 << 20, 2).substr(0, 1 << 20)},
                              {"two blocks.csv", std::string(2 << 20, 'x')}};
  return files;
}

TEST(Zip, AForwardOnlyReaderGetsEveryByteBack) {
  const Packed packed = pack(sample_files(), 1, 100'000);
  std::size_t directory_at = 0;
  EXPECT_EQ(unpack_forward(packed.zip, directory_at), sample_files());
}

TEST(Zip, TheDirectoryIsPlainAndPointsAtEachEntry) {
  const Packed packed = pack(sample_files(), 1, 100'000);
  std::size_t at = 0;
  (void)unpack_forward(packed.zip, at);  // only the place of the directory is wanted
  const std::size_t directory_at = at;
  std::size_t expected_offset = 0;
  for (std::size_t i = 0; i < sample_files().size(); ++i) {
    const auto& [name, text] = sample_files()[i];
    ASSERT_EQ(number_at(packed.zip, at, 4), 0x02014b50U);
    EXPECT_EQ(number_at(packed.zip, at + 4, 2), 20U);
    EXPECT_EQ(number_at(packed.zip, at + 6, 2), 20U);
    EXPECT_EQ(number_at(packed.zip, at + 8, 2), 0x0808U);
    EXPECT_EQ(number_at(packed.zip, at + 24, 4), text.size());
    EXPECT_EQ(number_at(packed.zip, at + 30, 2), 0U) << "no extra field";
    EXPECT_EQ(number_at(packed.zip, at + 32, 2), 0U) << "no comment";
    EXPECT_EQ(number_at(packed.zip, at + 38, 4), 0U) << "no attributes";
    EXPECT_EQ(number_at(packed.zip, at + 42, 4), expected_offset);
    EXPECT_EQ(packed.zip.substr(at + 46, name.size()), name);
    expected_offset += 30 + name.size() + packed.entries[i].compressed_bytes + 16;
    at += 46 + name.size();
  }
  EXPECT_EQ(number_at(packed.zip, at, 4), 0x06054b50U);
  EXPECT_EQ(number_at(packed.zip, at + 10, 2), sample_files().size());
  EXPECT_EQ(number_at(packed.zip, at + 16, 4), directory_at);
  EXPECT_EQ(at + 22, packed.zip.size());
}

TEST(Zip, EntriesTellHashAndSizes) {
  const Packed packed = pack(sample_files(), 1, 100'000);
  for (std::size_t i = 0; i < sample_files().size(); ++i) {
    EXPECT_EQ(packed.entries[i].name, sample_files()[i].first);
    EXPECT_EQ(packed.entries[i].uncompressed_bytes, sample_files()[i].second.size());
    EXPECT_EQ(packed.entries[i].sha256, sha256(sample_files()[i].second));
  }
}

TEST(Zip, NeitherThreadsNorSizesOfWritesChangeAByte) {
  const std::string once = pack(sample_files(), 1, 1 << 30).zip;
  EXPECT_EQ(pack(sample_files(), 1, 7'777).zip, once);
  EXPECT_EQ(pack(sample_files(), 2, 100'000).zip, once);
  EXPECT_EQ(pack(sample_files(), 5, 3'333'333).zip, once);
}

TEST(Zip, RandomBytesSurvive) {
  std::mt19937_64 random(99);  // NOLINT: a fixed seed on purpose
  std::string noise;
  while (noise.size() < 3'000'000) {
    const std::uint64_t word = random();
    noise.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  std::size_t directory_at = 0;
  const Files files = {{"noise.bin", noise}};
  EXPECT_EQ(unpack_forward(pack(files, 2, 65'536).zip, directory_at), files);
}

TEST(Zip, AnArchiveWithoutEntriesIsItsEndRecord) {
  EXPECT_EQ(pack({}, 1, 1).zip.size(), 22U);
}

TEST(Zip, AFailedSinkEndsIt) {
  int calls = 0;
  ZipWriter writer(
      [&](std::string_view) -> Status {
        if (++calls < 2) return {};
        return fail(ErrorKind::storage_full, "The disk is full.");
      },
      september, 2);
  ASSERT_TRUE(writer.begin_entry("a.csv").has_value());
  Status status = writer.write(usage_csv(9'000'000, 3));
  if (status) status = writer.end_entry();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::storage_full);
  status = writer.finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::storage_full);
  EXPECT_EQ(calls, 2);
}

TEST(Zip, CallsOutOfOrderAndBadNamesAreErrors) {
  const auto sink = [](std::string_view) -> Status { return {}; };
  EXPECT_FALSE(ZipWriter(sink, september).write("x").has_value());
  EXPECT_FALSE(ZipWriter(sink, september).end_entry().has_value());
  EXPECT_FALSE(ZipWriter(sink, september).begin_entry("").has_value());
  EXPECT_FALSE(ZipWriter(sink, september).begin_entry("\xFF.csv").has_value());
}

TEST(ZipRecords, TimesAreUtcInTwoSecondStepsInsideTheFormatsRange) {
  EXPECT_EQ(zip_records::dos_time(september), ((44U << 9 | 9U << 5 | 30U) << 16 | (23U << 11 | 59U << 5 | 29U)));
  EXPECT_EQ(zip_records::dos_time(Instant{0}) >> 16, 0U << 9 | 1U << 5 | 1U);
  EXPECT_EQ(zip_records::dos_time(parse_instant("2200-01-01T00:00:00Z").value()) >> 16, 127U << 9 | 12U << 5 | 31U);
}

TEST(ZipRecords, AnEntryAnnouncedAsLargeHasWideSizesEvenIfItStaysSmall) {
  const ZipEntry entry{"big.csv", 1, 10, 20, {}, true};
  std::string out;
  zip_records::append_local_header(out, entry, 0);
  EXPECT_EQ(number_at(out, 4, 2), 45U);
  EXPECT_EQ(number_at(out, 28, 2), 20U);
  EXPECT_EQ(out.size(), 30U + 7U + 20U);
  out.clear();
  zip_records::append_data_descriptor(out, entry);
  EXPECT_EQ(out.size(), 24U);
  EXPECT_EQ(number_at(out, 16, 8), 20U);
}

TEST(ZipRecords, Zip64AppearsExactlyWhereANumberNeedsIt) {
  ZipEntry entry{"big.csv", 1, 10, 0xFFFF'FFFE, {}, false};
  std::string out;
  zip_records::append_data_descriptor(out, entry);
  EXPECT_EQ(out.size(), 16U);
  out.clear();
  zip_records::append_central_header(out, entry, 0, 0);
  EXPECT_EQ(out.size(), 46U + 7U);

  entry.uncompressed_bytes = 0x1'2345'6789;
  out.clear();
  zip_records::append_data_descriptor(out, entry);
  EXPECT_EQ(out.size(), 24U);
  EXPECT_EQ(number_at(out, 16, 8), 0x1'2345'6789U);
  out.clear();
  zip_records::append_central_header(out, entry, 0x2'0000'0000, 0);
  EXPECT_EQ(number_at(out, 6, 2), 45U);
  EXPECT_EQ(number_at(out, 20, 4), 10U) << "a size that fits stays";
  EXPECT_EQ(number_at(out, 24, 4), 0xFFFF'FFFFU);
  EXPECT_EQ(number_at(out, 30, 2), 20U);
  EXPECT_EQ(number_at(out, 46 + 7 + 4, 8), 0x1'2345'6789U);
  EXPECT_EQ(number_at(out, 46 + 7 + 12, 8), 0x2'0000'0000U);

  out.clear();
  zip_records::append_end_records(out, 0xFFFE, 100, 200);
  EXPECT_EQ(out.size(), 22U);
  out.clear();
  zip_records::append_end_records(out, 0x1'0000, 100, 200);
  EXPECT_EQ(out.size(), 56U + 20U + 22U);
  EXPECT_EQ(number_at(out, 24, 8), 0x1'0000U);
  EXPECT_EQ(number_at(out, 56 + 8, 8), 300U) << "the locator points at the ZIP64 end record";
}

}  // namespace
}  // namespace meterport::formats
