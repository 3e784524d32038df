#include "intake/operations/result_file.h"

#include <gtest/gtest.h>

#include "base/fault_files.h"
#include "base/test_folder.h"

namespace meterport::intake {
namespace {

ItemResult stored(ledger::Position position) {
  return {ItemState::stored, position, std::nullopt};
}
ItemResult rejected(std::string pointer, std::string text, RecordErrorCode code = RecordErrorCode::bad_format) {
  return {ItemState::rejected, 0, RecordError{code, std::move(pointer), std::move(text)}};
}

std::string line_of(const ItemOutcome& o) {
  return std::to_string(o.index) + " " + std::string(to_string(o.state)) + " " + std::to_string(o.position) + " " +
         (o.state == ItemState::stored || o.state == ItemState::duplicate ? "" : to_string(o.code).data()) +
         std::string(o.pointer) + " " + std::string(o.text);
}

class ResultFileTest : public ::testing::Test {
 protected:
  ResultFile open() {
    auto file = ResultFile::open(files, path);
    EXPECT_TRUE(file) << file.error().detail;
    return std::move(*file);
  }
  /// Each span as one chunk, behind what is there.
  void append(const std::vector<std::vector<ItemResult>>& chunks) {
    ResultFile file = open();
    for (const auto& chunk : chunks) ASSERT_TRUE(file.append(chunk));
  }
  ResultReader reader(std::uint64_t bytes) {
    auto opened = ResultReader::open(files, path, bytes);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  std::string content() { return *read_file(files, path); }
  void set_content(std::string_view bytes) {
    auto file = system_files().open(path, OpenMode::create_or_open);
    ASSERT_TRUE(file && (*file)->truncate(0) && (*file)->write_at(0, bytes));
  }

  using Lines = std::vector<std::string>;
  /// Items up to the end, or to the damage, which is then the last line.
  static Lines rest_of(ResultReader& from) {
    Lines lines;
    ItemOutcome outcome;
    for (;;) {
      const auto more = from.next(outcome);
      if (!more) lines.push_back("damaged: " + std::string(to_string(more.error().kind)));
      if (!more || !*more) return lines;
      lines.push_back(line_of(outcome));
    }
  }
  Lines all_lines() {
    ResultReader from = reader(content().size());
    return rest_of(from);
  }

  TestFolder folder;
  FaultFiles files{system_files()};
  const std::string path = folder / "x.results";
  const std::vector<ItemResult> first = {
      stored(41), rejected("/date", "no such day"), {ItemState::duplicate, 7, std::nullopt}};
  const std::vector<ItemResult> second = {
      {ItemState::conflict, 9, RecordError{RecordErrorCode::id_taken, "/id", "taken"}},
      stored((std::uint64_t{1} << 44) + 1),
      rejected("", "", RecordErrorCode::internal)};
  const Lines lines = {"0 stored 41  ",
                       "1 rejected 0 bad_format/date no such day",
                       "2 duplicate 7  ",
                       "3 conflict 9 id_taken/id taken",
                       "4 stored 17592186044417  ",
                       "5 rejected 0 internal "};
};

TEST_F(ResultFileTest, WhatIsAppendedIsRead) {
  append({first, second});
  EXPECT_EQ(all_lines(), lines);
  EXPECT_EQ(open().counts(), (ItemCounts{.stored = 2, .duplicates = 1, .conflicts = 1, .rejected = 2}));
}

TEST_F(ResultFileTest, TheBytesAreThoseOfTheFormatsPage) {
  append({{stored(0x0102), rejected("/a", "bcd")}});
  const std::string body = std::string("\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) +
                           std::string("\0\0\0\0\0\0\0\0\x03\0\0\0\x02\0\x03\x03", 16) + "/abcd";
  const std::string bytes = content();
  ASSERT_EQ(bytes.size(), 24 + body.size());
  EXPECT_EQ(bytes.substr(0, 20), std::string("MPR1\0\0\0\0\0\0\0\0\x02\0\0\0\x05\0\0\0", 20));
  EXPECT_EQ(bytes.substr(24), body);
}

TEST_F(ResultFileTest, OpenedAgainItGoesOnBehindTheLastChunk) {
  append({first});
  append({second});
  EXPECT_EQ(all_lines(), lines);
}

TEST_F(ResultFileTest, ANewFileIsEmptyAndAReaderOfNoneSaysSo) {
  EXPECT_EQ(ResultReader::open(files, path, 0).error().kind, ErrorKind::not_found);
  const ResultFile file = open();
  EXPECT_EQ(file.bytes(), 0U);
  EXPECT_EQ(file.counts().all(), 0U);
  EXPECT_TRUE(all_lines().empty());
}

TEST_F(ResultFileTest, ATornTailIsCutToWholeChunksWhereverItIsTorn) {
  append({first});
  const std::size_t one = content().size();
  append({second});
  const std::string whole = content();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    set_content(std::string_view(whole).substr(0, cut));
    const std::size_t kept = cut < one ? 0 : cut < whole.size() ? one : cut;
    {
      ResultFile file = open();
      ASSERT_EQ(file.bytes(), kept) << cut;
      ASSERT_EQ(file.counts().all(), kept == 0 ? 0U : kept == one ? 3U : 6U) << cut;
      ASSERT_EQ(content().size(), kept) << "the rest is cut off";
      if (kept == 0) ASSERT_TRUE(file.append(first));
      if (kept <= one) ASSERT_TRUE(file.append(second));
    }
    ASSERT_EQ(content(), whole) << "made again it is the same: " << cut;
  }
}

TEST_F(ResultFileTest, ATailOfZerosOrOldBytesIsCutToo) {
  append({first});
  const std::string one = content();
  append({second});
  const std::string whole = content();
  const std::string zeros(5'000, '\0');
  // A power cut may keep the size and lose pages, or keep pages of what was cut off before.
  for (const std::string& tail : {zeros, whole.substr(one.size(), 30) + zeros, one, whole.substr(one.size() + 1)}) {
    set_content(one + tail);
    EXPECT_EQ(open().bytes(), one.size());
    EXPECT_EQ(content(), one);
  }
}

TEST_F(ResultFileTest, AFlippedByteAnywhereIsFound) {
  append({first});
  const std::size_t one = content().size();
  append({second});
  const std::string whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned bits : {0x01U, 0x80U, 0xFFU}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bits);
      set_content(changed);
      Lines expected = at < one ? Lines{} : Lines(lines.begin(), lines.begin() + 3);
      expected.emplace_back("damaged: internal");
      ASSERT_EQ(all_lines(), expected) << at;
      ASSERT_EQ(open().bytes(), at < one ? 0 : one) << at;
    }
  }
}

TEST_F(ResultFileTest, SkipsToAnyItemAndBack) {
  append({first, second, first, second});
  ResultReader from = reader(content().size());
  for (std::uint64_t target = 0; target <= 13; ++target) {
    for (std::uint64_t before = 0; before <= target; ++before) {
      from.rewind();
      ASSERT_TRUE(from.skip_to(before));
      ASSERT_TRUE(from.skip_to(target)) << "forward from where it is";
      ItemOutcome outcome;
      const auto more = from.next(outcome);
      ASSERT_TRUE(more);
      ASSERT_EQ(*more, target < 12) << target;
      if (*more) ASSERT_EQ(outcome.index, target);
      if (*more)
        ASSERT_EQ(outcome.position, std::vector<std::uint64_t>({41, 0, 7, 9, (1ULL << 44) + 1, 0})[target % 6]);
    }
  }
  from.rewind();
  EXPECT_EQ(rest_of(from).size(), 12U);
}

TEST_F(ResultFileTest, SkippingReadsHeadsOnly) {
  append({first, second, first});
  std::string changed = content();
  changed[24] ^= 1;  // in the entries of the first chunk
  set_content(changed);
  ResultReader from = reader(changed.size());
  ASSERT_TRUE(from.skip_to(4));
  ItemOutcome outcome;
  ASSERT_TRUE(*from.next(outcome));
  EXPECT_EQ(outcome.index, 4U);
  from.rewind();
  EXPECT_FALSE(from.skip_to(2)) << "that chunk is read";
  changed[0] ^= 1;
  set_content(changed);
  ResultReader again = reader(changed.size());
  EXPECT_FALSE(again.skip_to(4));
}

TEST_F(ResultFileTest, AReaderFollowsAWriter) {
  ResultFile file = open();
  Lines seen;
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(file.append(round % 2 == 0 ? first : second));
    // Bytes of the next chunk may be there already; they don't count yet.
    const std::uint64_t bytes = file.bytes();
    ResultReader from = reader(bytes);
    ASSERT_TRUE(file.append(first));
    const Lines now = rest_of(from);
    ASSERT_EQ(from.end_of_chunk(), bytes);
    ASSERT_EQ(now.size(), file.counts().all() - first.size());
    ASSERT_TRUE(std::equal(seen.begin(), seen.end(), now.begin())) << "what was settled stays";
    seen = now;
  }
}

TEST_F(ResultFileTest, ABoundThatIsNoEndOfAChunkIsDamage) {
  append({first, second});
  const std::size_t whole = content().size();
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{24}, whole - 1, whole + 1, whole + 100}) {
    ResultReader from = reader(bytes);
    EXPECT_EQ(rest_of(from).back(), "damaged: internal") << bytes;
  }
}

TEST_F(ResultFileTest, AnAppendThatFailsCountsForNothingAndCanBeTriedAgain) {
  ResultFile file = open();
  ASSERT_TRUE(file.append(first));
  const std::uint64_t bytes = file.bytes();
  files.plan({.kind = FaultKind::no_space, .path_contains = ".results", .first = 1, .count = 1});
  const Status full = file.append(second);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::storage_full);
  EXPECT_EQ(file.bytes(), bytes);
  EXPECT_EQ(file.counts().all(), 3U);
  ASSERT_TRUE(file.append(second));
  EXPECT_EQ(all_lines(), lines);
}

// A disk that can't be read now says nothing about the results: they must stay, to be read later.
TEST_F(ResultFileTest, AReadErrorIsNoTornTail) {
  append({first, second});
  const std::string whole = content();
  for (const std::uint64_t read : {1U, 2U, 3U, 4U}) {
    files.plan({.kind = FaultKind::read_error, .path_contains = ".results", .first = read, .count = 1});
    const auto opened = ResultFile::open(files, path);
    ASSERT_FALSE(opened) << read;
    EXPECT_EQ(opened.error().kind, ErrorKind::store_unavailable);
    files.heal();
    ASSERT_EQ(content(), whole);
  }
  EXPECT_EQ(open().counts().all(), 6U);
}

TEST_F(ResultFileTest, LongTextsAndPointersKeepTheirPlaces) {
  const std::string long_text(100'000, 't'), long_pointer(70'000, 'p');
  append({{rejected(long_pointer, long_text), rejected("/q", "end")}});
  ResultReader from = reader(content().size());
  ItemOutcome outcome;
  ASSERT_TRUE(*from.next(outcome));
  EXPECT_TRUE(outcome.pointer == std::string_view(long_pointer).substr(0, 65'535)) << "a pointer has a longest form";
  EXPECT_TRUE(outcome.text == long_text);
  ASSERT_TRUE(*from.next(outcome));
  EXPECT_EQ(line_of(outcome), "1 rejected 0 bad_format/q end");
}

}  // namespace
}  // namespace meterport::intake
