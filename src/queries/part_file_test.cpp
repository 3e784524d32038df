// Part files: what comes back, and that nothing else ever does.
#include "queries/part_file.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/test_folder.h"
#include "queries/part_format.h"
#include "queries/test_regions.h"

namespace meterport::queries {
namespace {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::Fact;

constexpr std::array all_grains = {PartGrain::day_sums, PartGrain::facts, PartGrain::records};

/// One file, in memory: thousands are read here.
class OneFile final : public FileSystem {
 public:
  explicit OneFile(std::string_view bytes) : bytes_(bytes) {}
  Result<std::unique_ptr<File>> open(const std::string&, OpenMode) override { return std::make_unique<Bytes>(bytes_); }
  Status rename(const std::string&, const std::string&) override { return none(); }
  Status remove(const std::string&) override { return none(); }
  Status sync_folder(const std::string&) override { return none(); }
  Status make_folders(const std::string&) override { return none(); }
  Result<std::vector<std::string>> list(const std::string&) override { return none(); }
  bool exists(const std::string&) override { return true; }
  Result<std::uint64_t> free_bytes(const std::string&) override { return none(); }

 private:
  static std::unexpected<Error> none() { return fail(ErrorKind::not_supported, "it is read only"); }
  class Bytes final : public File {
   public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    Status write_at(std::uint64_t, std::string_view) override { return none(); }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
      return bytes_.copy(out.data(), out.size(), std::min<std::size_t>(offset, bytes_.size()));
    }
    Status sync() override { return none(); }
    Status allocate(std::uint64_t) override { return none(); }
    Status truncate(std::uint64_t) override { return none(); }
    Result<std::uint64_t> size() override { return bytes_.size(); }

   private:
    const std::string_view bytes_;
  };
  const std::string_view bytes_;
};

class PartFileTest : public ::testing::Test {
 protected:
  struct Row {
    Fact fact;
    std::string payload;
    Instant arrival;
  };
  struct Words {
    std::vector<std::string> texts;
    std::vector<Code> codes;
  };

  std::string path(const std::string& name = "part") const { return folder_.path() + "/" + name; }

  /// Some rows; the giver's codes are `stride` apart.
  static std::vector<Row> random_rows(PartGrain grain, const std::vector<Dimension>& dims, std::size_t count,
                                      unsigned seed, Code stride = 1) {
    std::mt19937_64 random(seed);
    std::vector<Dimension> columns = {Dimension::org, Dimension::meter};
    columns.insert(columns.end(), dims.begin(), dims.end());
    std::vector<Row> rows;
    for (std::size_t i = 0; i < count; ++i) {
      Row row;
      const bool is_negative = random() % 4 == 0;
      row.fact.whole = static_cast<std::int64_t>(random() % 1'000'000'000'000'000'000) * (is_negative ? -1 : 1);
      row.fact.fraction_1e18 = static_cast<std::int64_t>(random() % 1'000'000'000'000'000'000) * (is_negative ? -1 : 1);
      row.fact.time_us = static_cast<std::int64_t>(random() % 4'000'000'000'000'000);
      if (grain == PartGrain::day_sums) row.fact.time_us = start_of(day_of(Instant{row.fact.time_us})).us;
      if (grain != PartGrain::day_sums) row.fact.position = 3 * i + 1;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const Code number = static_cast<Code>(random() % (c < 2 ? 5 : 40)) + (c < 2 ? 1 : 0);
        row.fact.codes[static_cast<std::size_t>(columns[c])] = number * stride;
      }
      if (grain == PartGrain::records) {
        row.payload = std::string(1 + random() % 300, static_cast<char>(random()));
        row.arrival = Instant{static_cast<std::int64_t>(random() % 4'000'000'000'000'000)};
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }
  /// As a giver does it: words before the first row that has their code.
  static Status give(PartSink& sink, const std::vector<Row>& rows, Code stride = 1) {
    std::set<std::pair<std::size_t, Code>> given;
    for (const Row& row : rows) {
      for (std::size_t i = 0; i < warehouse::dimension_count; ++i) {
        const Code code = row.fact.codes[i];
        if (code == 0 || !given.emplace(i, code).second) continue;
        const auto text = fmt::format("word {} of {}", code / stride, i);
        if (auto taken = sink.word(static_cast<Dimension>(i), code, text); !taken) return taken;
      }
      if (auto taken = sink.fact(row.fact, row.payload, row.arrival); !taken) return taken;
    }
    return {};
  }
  void write(const std::string& to, PartGrain grain, const std::vector<Dimension>& dims, const std::vector<Row>& rows,
             Code stride = 1) {
    auto writer = PartFileWriter::create(system_files(), to, grain, dims);
    ASSERT_TRUE(writer) << writer.error().text;
    ASSERT_TRUE(give(**writer, rows, stride));
    ASSERT_TRUE((*writer)->finish());
    const std::string bytes = bytes_of(to);
    EXPECT_EQ((*writer)->bytes(), bytes.size());
    EXPECT_EQ((*writer)->facts(), rows.size());
    EXPECT_EQ((*writer)->sha256(), sha256(bytes));
  }
  static std::string bytes_of(const std::string& from) { return read_file(system_files(), from).value(); }

  /// The file as these bytes: malformed, for reader and checker.
  void expect_damaged(std::string_view bytes, const std::string& what) {
    OneFile damaged(bytes);
    LinesSink sink;
    const auto read = read_part_file(damaged, {}, sink);
    ASSERT_FALSE(read) << what;
    EXPECT_EQ(read.error().kind, ErrorKind::malformed) << what;
    const auto checked = check_part_file(damaged, {});
    ASSERT_FALSE(checked) << what;
    EXPECT_EQ(checked.error().detail, read.error().detail) << what;
  }

  TestFolder folder_;
};

TEST_F(PartFileTest, GivesBackWhatWasWritten) {
  const std::vector<Dimension> dims = {Dimension::project, Dimension::billing_tag};
  for (const PartGrain grain : all_grains) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{20'000}}) {
      const auto rows = random_rows(grain, dims, count, 1);
      const std::string file = path(fmt::format("{}-{}", to_string(grain), count));
      write(file, grain, dims, rows);
      LinesSink given, read;
      ASSERT_TRUE(give(given, rows));
      const auto facts = read_part_file(system_files(), file, read);
      ASSERT_TRUE(facts) << facts.error().detail;
      EXPECT_EQ(facts->grain, grain);
      EXPECT_EQ(facts->facts, count);
      EXPECT_EQ(read.lines, given.lines);
      EXPECT_EQ(check_part_file(system_files(), file)->facts, count);
    }
  }
}

TEST_F(PartFileTest, BytesDoNotDependOnTheGiversCodes) {
  const std::vector<Dimension> dims = {Dimension::folder};
  write(path("a"), PartGrain::facts, dims, random_rows(PartGrain::facts, dims, 500, 2, 1), 1);
  write(path("b"), PartGrain::facts, dims, random_rows(PartGrain::facts, dims, 500, 2, 977), 977);
  EXPECT_EQ(bytes_of(path("a")), bytes_of(path("b")));
}

TEST_F(PartFileTest, DimensionsThatWereNotAskedForAreLeftOut) {
  auto rows = random_rows(PartGrain::day_sums, {Dimension::project, Dimension::folder}, 10, 3);
  write(path(), PartGrain::day_sums, {Dimension::project}, rows);
  LinesSink sink;
  ASSERT_TRUE(read_part_file(system_files(), path(), sink));
  for (const std::string& line : sink.lines) EXPECT_EQ(line.find(" 3="), std::string::npos) << line;
}

TEST_F(PartFileTest, WhatIsNoRowIsNotWritten) {
  auto writer = PartFileWriter::create(system_files(), path(), PartGrain::records, {Dimension::project});
  ASSERT_TRUE(writer);
  Fact fact;
  EXPECT_FALSE((*writer)->fact(fact, "x", {}));  // without org and meter
  ASSERT_TRUE((*writer)->word(Dimension::org, 7, "o"));
  ASSERT_TRUE((*writer)->word(Dimension::meter, 9, "m"));
  fact.codes[0] = 7;
  fact.codes[1] = 9;
  EXPECT_FALSE((*writer)->fact(fact, "", {}));  // without its record
  fact.codes[2] = 3;
  EXPECT_FALSE((*writer)->fact(fact, "x", {}));  // a code without word
  EXPECT_FALSE((*writer)->word(Dimension::org, 0, "o"));
  EXPECT_FALSE((*writer)->word(Dimension::org, 8, ""));
  const auto again = PartFileWriter::create(system_files(), path(), PartGrain::facts, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
}

TEST_F(PartFileTest, EveryFlippedByteAndEveryCutIsFound) {
  for (const PartGrain grain : all_grains) {
    const std::vector<Dimension> dims = {Dimension::app_id};
    const std::string file = path(std::string(to_string(grain)));
    write(file, grain, dims, random_rows(grain, dims, 12, 4));
    const std::string good = bytes_of(file);
    std::mt19937 random(5);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ static_cast<char>(1 + random() % 255));
      expect_damaged(bad, fmt::format("byte {} flipped", i));
      expect_damaged(good.substr(0, i), fmt::format("cut at {}", i));
    }
    expect_damaged(good + '\0', "one more byte");
    expect_damaged(good + good, "twice");
  }
}

// ---- Hostile files: checksums fit, what they stand for does not ----

class HostilePartTest : public PartFileTest {
 protected:
  static std::string header(PartGrain grain, std::uint16_t mask) {
    std::string bytes(part_format::magic);
    part_format::put(bytes, static_cast<std::uint8_t>(grain));
    part_format::put(bytes, std::uint8_t{0});
    part_format::put(bytes, mask);
    part_format::put(bytes, crc32c(0, bytes));
    return bytes;
  }
  static std::string frame(int kind, int dimension, std::uint32_t items, const std::string& payload) {
    std::string bytes;
    part_format::put(bytes, static_cast<std::uint8_t>(kind));
    part_format::put(bytes, static_cast<std::uint8_t>(dimension));
    part_format::put(bytes, std::uint16_t{0});
    part_format::put(bytes, items);
    part_format::put(bytes, static_cast<std::uint32_t>(payload.size()));
    part_format::put(bytes, crc32c(crc32c(0, bytes), payload));
    return bytes + payload;
  }
  static std::string word(int dimension, const std::string& text = "x") {
    std::string payload;
    part_format::put(payload, static_cast<std::uint32_t>(text.size()));
    return frame(1, dimension, 1, payload + text);
  }
  static std::string sum(std::int32_t day, std::int64_t whole, std::int64_t fraction, Code org, Code meter) {
    std::string row;
    part_format::put(row, day);
    part_format::put(row, whole);
    part_format::put(row, fraction);
    part_format::put(row, org);
    part_format::put(row, meter);
    return frame(2, 0, 1, row);
  }
  static std::string end(std::uint64_t facts, std::uint64_t words) {
    std::string counts;
    part_format::put(counts, facts);
    part_format::put(counts, words);
    return frame(3, 0, 0, counts);
  }
  static std::string start() { return header(PartGrain::day_sums, 0) + word(0) + word(1); }
};

TEST_F(HostilePartTest, IsRefused) {
  const std::string good = start() + sum(1, 2, 3, 1, 1) + end(1, 2);
  OneFile file(good);
  ASSERT_TRUE(check_part_file(file, {}));

  expect_damaged(header(PartGrain::day_sums, 1) + end(0, 0), "org as a dimension of its own");
  expect_damaged(header(static_cast<PartGrain>(9), 0) + end(0, 0), "a grain that there is not");
  expect_damaged(start(), "no end");
  expect_damaged(start() + end(1, 2), "too few rows");
  expect_damaged(start() + end(0, 1), "too many words");
  expect_damaged(start() + end(0, 2) + end(0, 2), "two ends");
  expect_damaged(start() + frame(3, 0, 0, "") + end(0, 2), "an end without counts");
  expect_damaged(start() + frame(4, 0, 0, "") + end(0, 2), "another kind");
  expect_damaged(start() + sum(1, 2, 3, 2, 1) + end(1, 2), "a code without word");
  expect_damaged(start() + sum(1, 2, 3, 1, 0) + end(1, 2), "no meter");
  expect_damaged(start() + sum(1, 2, -3, 1, 1) + end(1, 2), "two signs");
  expect_damaged(start() + sum(1, 2, 1'000'000'000'000'000'000, 1, 1) + end(1, 2), "a fraction of one");
  expect_damaged(start() + sum(2'000'000, 2, 3, 1, 1) + end(1, 2), "a day far away");
  expect_damaged(start() + sum(INT32_MIN, 2, 3, 1, 1) + end(1, 2), "the least day");
  expect_damaged(start() + word(2) + end(0, 3), "words of a dimension that no row has");
  expect_damaged(start() + word(200) + end(0, 3), "words of no dimension");
  expect_damaged(start() + word(0, "") + end(0, 3), "an empty word");
  expect_damaged(start() + frame(1, 0, 0, "") + end(0, 2), "no words");
  expect_damaged(start() + frame(1, 0, UINT32_MAX, std::string(64, 'x')) + end(0, 2), "more words than bytes");
  expect_damaged(start() + frame(1, 0, 1, std::string(4, '\xff') + "abc") + end(0, 3), "a giant word");
  expect_damaged(start() + frame(2, 0, UINT32_MAX, std::string(64, 'x')) + end(0, 2), "more rows than bytes");
  expect_damaged(start() + frame(2, 0, 1, std::string(29, '\0')) + end(1, 2), "bytes after the rows");
  std::string giant = frame(2, 0, 1, "");
  part_format::set(giant.data() + 8, std::uint32_t{0xFFFFFFF0});
  expect_damaged(start() + giant + std::string(1000, 'x'), "a giant frame");
}

TEST_F(HostilePartTest, ChangedAtRandomNeverBreaksTheReader) {
  std::mt19937 random(6);
  for (const PartGrain grain : all_grains) {
    const std::vector<Dimension> dims = {Dimension::app_id, Dimension::channel};
    const std::string file = path(std::string(to_string(grain)));
    write(file, grain, dims, random_rows(grain, dims, 40, 7));
    const std::string good = bytes_of(file);
    for (int round = 0; round < 2'000; ++round) {
      std::string bad = good;
      // Frames of the file with some bytes changed, under a checksum that fits.
      for (std::size_t at = part_format::header_bytes; at < bad.size();) {
        const auto bytes = part_format::get<std::uint32_t>(bad.data() + at + 8);
        for (unsigned i = random() % 3; i > 0; --i) {
          const std::size_t place = random() % (12 + bytes);
          bad[at + (place < 12 ? place % 8 : place + 4)] = static_cast<char>(random());
        }
        const std::string_view head = std::string_view(bad).substr(at, 12),
                               payload = std::string_view(bad).substr(at + 16, bytes);
        part_format::set(bad.data() + at + 12, crc32c(crc32c(0, head), payload));
        at += part_format::frame_head_bytes + bytes;
      }
      OneFile changed(bad);
      const auto checked = check_part_file(changed, {});
      if (!checked) EXPECT_EQ(checked.error().kind, ErrorKind::malformed);
    }
  }
}

}  // namespace
}  // namespace meterport::queries
