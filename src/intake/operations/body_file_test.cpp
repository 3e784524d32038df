#include "intake/operations/body_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/fault_files.h"
#include "base/hash.h"
#include "base/test_folder.h"

namespace meterport::intake {
namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

class BodyFileTest : public ::testing::Test {
 protected:
  Status write() { return BodyFile::write(files, path, body, items); }
  Result<BodyFile> open() { return BodyFile::open(files, path, body.size(), items.size()); }
  BodyFile must_open() {
    auto file = open();
    EXPECT_TRUE(file) << file.error().detail;
    return std::move(*file);
  }
  [[nodiscard]] std::string digest() const { return to_hex(sha256(body)); }
  std::string content() { return *read_file(files, path); }
  void set_content(std::string_view bytes) {
    auto file = system_files().open(path, OpenMode::create_or_open);
    ASSERT_TRUE(file && (*file)->truncate(0) && (*file)->write_at(0, bytes));
  }

  /// The texts that a call gives, checked for their indices.
  std::vector<std::string> read(std::uint64_t first, std::uint64_t count_max = no_limit,
                                std::uint64_t bytes_max = no_limit) {
    BodyFile file = must_open();
    auto chunk = file.read_items(first, count_max, bytes_max);
    if (!chunk) return {"error: " + chunk.error().detail};
    // Moved, as it is when a reader gets it: the texts must stay.
    const ItemChunk moved = std::move(*chunk);
    std::vector<std::string> given;
    for (const ItemText& item : moved.items) {
      EXPECT_EQ(item.index, first + given.size());
      given.emplace_back(item.text);
    }
    return given;
  }
  using Texts = std::vector<std::string>;

  TestFolder folder;
  FaultFiles files{system_files()};
  const std::string path = folder / "x.body";
  std::string body = R"({"usages":[ {"a":1} ,{}, "text",{"longer":"than the rest"},7 ]})";
  std::vector<formats::TextRange> items = {{12, 7}, {21, 2}, {25, 6}, {32, 26}, {59, 1}};
  const Texts texts = {R"({"a":1})", "{}", "\"text\"", R"({"longer":"than the rest"})", "7"};
};

TEST_F(BodyFileTest, ItemsAreReadAsTheyStandInTheBody) {
  ASSERT_TRUE(write());
  EXPECT_TRUE(must_open().verify(digest()));
  EXPECT_EQ(read(0), texts);
  for (std::uint64_t first = 0; first < texts.size(); ++first) {
    EXPECT_EQ(read(first), Texts(texts.begin() + static_cast<std::ptrdiff_t>(first), texts.end()));
    EXPECT_EQ(read(first, 1), Texts{texts[first]});
  }
}

TEST_F(BodyFileTest, ACallEndsAtTheFirstOfItsBoundsButGivesOneAtLeast) {
  ASSERT_TRUE(write());
  for (std::uint64_t first = 0; first < items.size(); ++first) {
    for (std::uint64_t count_max = 1; count_max <= items.size(); ++count_max) {
      for (std::uint64_t bytes_max = 0; bytes_max <= body.size(); ++bytes_max) {
        // From the first item's begin to the last one's end, what stands between them included.
        Texts expected;
        for (std::uint64_t n = first; n < items.size() && n - first < count_max; ++n) {
          if (n > first && items[n].begin + items[n].size - items[first].begin > bytes_max) break;
          expected.push_back(texts[n]);
        }
        ASSERT_EQ(read(first, count_max, bytes_max), expected) << first << " " << count_max << " " << bytes_max;
      }
    }
  }
}

TEST_F(BodyFileTest, TheBytesAreThoseOfTheFormatsPage) {
  body = "0123456789";
  items = {{2, 3}, {6, 4}};
  ASSERT_TRUE(write());
  const std::string table("\x02\0\0\0\0\0\0\0\x03\0\0\0\x06\0\0\0\0\0\0\0\x04\0\0\0", 24);
  const std::string bytes = content();
  ASSERT_EQ(bytes.size(), 10U + 24 + 4);
  EXPECT_EQ(bytes.substr(0, 34), body + table);
  const std::uint32_t sum = crc32c(0, table);
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(static_cast<unsigned char>(bytes[34 + n]), (sum >> (8 * n)) & 0xFF) << n;
  }
}

TEST_F(BodyFileTest, AFlippedByteAnywhereIsFound) {
  ASSERT_TRUE(write());
  const std::string whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned bits : {0x01U, 0x80U, 0xFFU}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bits);
      set_content(changed);
      const Status verified = must_open().verify(digest());
      ASSERT_FALSE(verified) << at;
      ASSERT_EQ(verified.error().kind, ErrorKind::internal);
    }
  }
  set_content(whole);
  EXPECT_TRUE(must_open().verify(digest()));
  EXPECT_FALSE(must_open().verify(to_hex(sha256("another body"))));
}

TEST_F(BodyFileTest, AnotherLengthIsFoundWhenItIsOpened) {
  ASSERT_TRUE(write());
  const std::string whole = content();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    set_content(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(open()) << size;
  }
  set_content(whole + "x");
  const auto longer = open();
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().kind, ErrorKind::internal);
  ASSERT_TRUE(files.remove(path));
  EXPECT_EQ(open().error().kind, ErrorKind::not_found);
}

// Items are read without verify() when an operation is looked at: whatever the table holds, no byte outside of the body
// is given.
TEST_F(BodyFileTest, APlaceOutsideOfTheBodyIsDamage) {
  ASSERT_TRUE(write());
  const std::string whole = content();
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t begin : {std::uint64_t{body.size()}, std::uint64_t{1} << 40, huge - 26, huge - 3, huge}) {
    for (std::size_t entry = 0; entry < items.size(); ++entry) {
      std::string changed = whole;
      for (std::size_t n = 0; n < 8; ++n) changed[body.size() + entry * 12 + n] = static_cast<char>(begin >> (8 * n));
      set_content(changed);
      EXPECT_EQ(read(0), Texts{"error: an item stands outside of it"}) << begin << " " << entry;
      EXPECT_EQ(read(entry), Texts{"error: an item stands outside of it"}) << begin << " " << entry;
    }
  }
  std::string changed = whole;
  std::swap_ranges(changed.begin() + static_cast<std::ptrdiff_t>(body.size()),
                   changed.begin() + static_cast<std::ptrdiff_t>(body.size()) + 12,
                   changed.begin() + static_cast<std::ptrdiff_t>(body.size()) + 12);
  set_content(changed);
  EXPECT_EQ(read(0), Texts{"error: an item stands outside of it"}) << "they ascend";
}

TEST_F(BodyFileTest, AnyCallThatFailsIsTold) {
  for (const FaultKind kind : {FaultKind::no_space, FaultKind::short_write, FaultKind::sync_error}) {
    files.plan({.kind = kind, .path_contains = ".body", .first = 1, .count = 1});
    EXPECT_FALSE(write());
    files.heal();
    ASSERT_TRUE(files.remove(path));
  }
  files.plan({.kind = FaultKind::no_space, .path_contains = ".body", .first = 2, .count = 1});
  const Status table = write();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().kind, ErrorKind::storage_full);
  files.heal();
  const Status taken = write();
  ASSERT_FALSE(taken) << "a name is used once";
  EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
}

TEST_F(BodyFileTest, OnceWrittenItSurvivesAPowerCut) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string name = folder / ("cut" + std::to_string(seed) + ".body");
    PowerCutFiles disk(system_files(), folder.path());
    ASSERT_TRUE(BodyFile::write(disk, name, body, items));
    ASSERT_TRUE(disk.cut(seed));
    auto file = BodyFile::open(system_files(), name, body.size(), items.size());
    ASSERT_TRUE(file) << seed;
    EXPECT_TRUE(file->verify(digest())) << seed;
  }
}

TEST_F(BodyFileTest, ABodyOfSeveralMegabytesIsVerifiedAndReadInParts) {
  body.clear();
  items.clear();
  for (int n = 0; n < 100'000; ++n) {
    const std::string text = R"({"n":)" + std::to_string(n) + R"(,"memo":"twenty characters.."})";
    items.push_back({body.size(), static_cast<std::uint32_t>(text.size())});
    body += text + ",";
  }
  ASSERT_TRUE(write());
  BodyFile file = must_open();
  ASSERT_TRUE(file.verify(digest()));
  std::uint64_t next = 0;
  while (next < items.size()) {
    const auto chunk = file.read_items(next, 4'000, 100'000);
    ASSERT_TRUE(chunk);
    ASSERT_LE(chunk->bytes.size(), 100'000U);
    for (const ItemText& item : chunk->items) {
      ASSERT_EQ(item.text, std::string_view(body).substr(items[next].begin, items[next].size));
      ++next;
    }
  }
  EXPECT_EQ(next, items.size());
}

}  // namespace
}  // namespace meterport::intake
