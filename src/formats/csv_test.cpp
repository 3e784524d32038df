#include "formats/csv.h"

#include <gtest/gtest.h>

#include <random>

namespace meterport::formats {
namespace {

std::vector<std::vector<std::string>> read_all(std::string_view text) {
  CsvReader reader(text);
  std::vector<CsvCell> cells;
  std::vector<std::vector<std::string>> rows;
  while (true) {
    const Result<bool> more = reader.next(cells);
    if (!more) {
      rows.push_back({"ERROR " + more.error().text});
      continue;
    }
    if (!*more) return rows;
    std::vector<std::string>& row = rows.emplace_back();
    for (const CsvCell& cell : cells) row.push_back((cell.quoted ? "q:" : "") + std::string(cell.text));
  }
}

using Rows = std::vector<std::vector<std::string>>;

TEST(CsvReader, TellsQuotedFromUnquotedCells) {
  EXPECT_EQ(read_all("NULL,\"NULL\",,\"\"\n"), (Rows{{"NULL", "q:NULL", "", "q:"}}));
}

TEST(CsvReader, TakesBothLineEndsAndAMissingLastOne) {
  EXPECT_EQ(read_all("a,b\r\nc,\"d\"\r\ne,f"), (Rows{{"a", "b"}, {"c", "q:d"}, {"e", "f"}}));
  EXPECT_EQ(read_all("a,"), (Rows{{"a", ""}}));
  EXPECT_EQ(read_all(""), Rows{});
  EXPECT_EQ(read_all("\n"), (Rows{{""}}));
}

TEST(CsvReader, QuotedCellsHoldQuotesCommasAndLineBreaks) {
  EXPECT_EQ(read_all("\"a \"\"b\"\"\",\"\"\"\",\"x\ny,z\"\nlast\n"),
            (Rows{{"q:a \"b\"", "q:\"", "q:x\ny,z"}, {"last"}}));
}

TEST(CsvReader, KnowsTheLineAndTheBytesOfEachRow) {
  CsvReader reader("h\r\n\"two\nlines\",1\nnext\n");
  std::vector<CsvCell> cells;
  ASSERT_TRUE(reader.next(cells).value());
  EXPECT_EQ(reader.line(), 1U);
  EXPECT_EQ(reader.raw(), "h");
  ASSERT_TRUE(reader.next(cells).value());
  EXPECT_EQ(reader.line(), 2U);
  EXPECT_EQ(reader.raw(), "\"two\nlines\",1");
  ASSERT_TRUE(reader.next(cells).value());
  EXPECT_EQ(reader.line(), 4U);
  EXPECT_FALSE(reader.next(cells).value());
}

TEST(CsvReader, ABrokenRowCostsOneLineAndIsNamed) {
  EXPECT_EQ(read_all("a\n\"b\"c,d\ne\n"), (Rows{{"a"}, {"ERROR line 2: there is text after a closing quote"}, {"e"}}));
  EXPECT_EQ(read_all("a\n\"b,d\ne\n"), (Rows{{"a"}, {"ERROR line 2: a quote is not closed"}, {"e"}}));
}

TEST(CsvWriter, QuotesOnlyWhereNeeded) {
  std::string out;
  for (const std::string_view value : {"plain", "NULL", "a b", "x,y", "say \"hi\"", "two\nlines", "\xC2\xA0"}) {
    append_csv_cell(out, value);
    out += '|';
  }
  EXPECT_EQ(out, "plain|NULL|a b|\"x,y\"|\"say \"\"hi\"\"\"|\"two\nlines\"|\xC2\xA0|");
}

TEST(CsvWriter, WhatItWritesIsReadBackWhateverTheText) {
  std::mt19937 random(20240918);  // NOLINT: a fixed seed on purpose
  const std::string_view alphabet = "ab,\"\r\n \xC3\xA9";
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> row(1 + random() % 4);
    for (std::string& cell : row) {
      for (std::size_t n = random() % 6; n > 0; --n) cell += alphabet[random() % alphabet.size()];
    }
    std::string text;
    for (const std::string& cell : row) {
      if (!text.empty() || &cell != row.data()) text += ',';
      append_csv_cell(text, cell);
    }
    text += '\n';
    CsvReader reader(text);
    std::vector<CsvCell> cells;
    ASSERT_TRUE(reader.next(cells).value());
    ASSERT_EQ(cells.size(), row.size());
    for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(cells[i].text, row[i]);
    EXPECT_FALSE(reader.next(cells).value());
  }
}

}  // namespace
}  // namespace meterport::formats
